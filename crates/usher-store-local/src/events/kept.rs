//! What is on disk: the files of each day, and the manifest that says which of them count.
//!
//! A change to the store becomes true when a new manifest has taken the place of the old one: that is the
//! one step after which a batch is committed, a day closed, an old day gone. Files that no manifest names
//! are left over from a crash and removed at start-up; files that a manifest no longer names are removed
//! when the last report that reads them is done.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use usher_reports::Api;

use super::cache::{Cache, Key, Part};

/// The version of the manifest, and of the files it names.
const FORMAT: u32 = 2;

const MANIFEST: &str = "manifest.json";

/// Everything on disk. Replaced as a whole, never changed.
#[derive(Clone, Debug)]
pub(super) struct Kept {
    pub(super) directory: Arc<Path>,
    /// The zone whose days these are.
    pub(super) zone: String,
    /// The key of fingerprints.
    pub(super) key: [u8; 16],
    /// The number of the next file.
    pub(super) next: u64,
    /// Logs up to this one are in files.
    pub(super) sealed: u64,
    pub(super) esm: Days,
    pub(super) cmu: Days,
}

/// The days of one API.
pub(super) type Days = BTreeMap<Date, Arc<ApiDay>>;

/// One API's events of one day.
#[derive(Clone, Debug, Default)]
pub(super) struct ApiDay {
    /// What came since the day was closed, or altogether.
    pub(super) segments: Vec<Arc<Segment>>,
    pub(super) closed: Option<Arc<ClosedDay>>,
}

/// A file of events.
#[derive(Debug)]
pub(super) struct Segment {
    pub(super) file: DataFile,
    pub(super) rows: u64,
}

/// The files of a closed day.
#[derive(Debug)]
pub(super) struct ClosedDay {
    pub(super) events: DataFile,
    pub(super) rows: u64,
    /// When, in epoch milliseconds.
    pub(super) made: i64,
    /// Whether its events could be counted beforehand.
    pub(super) is_counted: bool,
    pub(super) rollups: Option<DataFile>,
    pub(super) viewers: Option<DataFile>,
    pub(super) pieces: Option<DataFile>,
}

/// A file that nobody changes.
#[derive(Debug)]
pub(super) struct DataFile {
    pub(super) path: PathBuf,
    pub(super) number: u64,
    is_obsolete: AtomicBool,
}

/// What a file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Holds {
    Events,
    Rollups,
    Viewers,
    Pieces,
}

/// What every manifest says, whatever its version.
#[derive(Debug, Deserialize)]
struct Version {
    format: u32,
}

#[derive(Debug, Serialize, Deserialize)]
struct Manifest {
    format: u32,
    zone: String,
    key: String,
    next: u64,
    sealed: u64,
    days: BTreeMap<Date, DayEntry>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct DayEntry {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    esm: Option<ApiEntry>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cmu: Option<ApiEntry>,
}

#[derive(Debug, Serialize, Deserialize)]
struct ApiEntry {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    segments: Vec<SegmentEntry>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    closed: Option<ClosedEntry>,
}

#[derive(Debug, Serialize, Deserialize)]
struct SegmentEntry {
    file: u64,
    rows: u64,
}

#[derive(Debug, Serialize, Deserialize)]
struct ClosedEntry {
    file: u64,
    rows: u64,
    made: i64,
    counted: bool,
    /// What else there is beside the events: `rollups`, `viewers`, `pieces`.
    with: Vec<String>,
}

impl Kept {
    /// An empty store.
    pub(super) fn new(directory: &Path, zone: String, key: [u8; 16]) -> Self {
        Self {
            directory: directory.into(),
            zone,
            key,
            next: 1,
            sealed: 0,
            esm: Days::new(),
            cmu: Days::new(),
        }
    }

    /// What the manifest in `directory` says; nothing when there is none.
    pub(super) fn read(directory: &Path) -> io::Result<Option<Self>> {
        let text = match fs::read(directory.join(MANIFEST)) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let Version { format } = serde_json::from_slice(&text)?;
        if format != FORMAT {
            let what = format!(
                "the events were written in format {format}, and this version reads format {FORMAT}: \
                 export them with the version that wrote them and import them into a new directory"
            );
            return Err(io::Error::other(what));
        }
        let manifest: Manifest = serde_json::from_slice(&text)?;
        let key = u128::from_str_radix(&manifest.key, 16).map_err(io::Error::other)?;
        let mut kept = Self::new(directory, manifest.zone, key.to_be_bytes());
        (kept.next, kept.sealed) = (manifest.next, manifest.sealed);
        for (day, entry) in manifest.days {
            for (api, entry) in [(Api::Esm, entry.esm), (Api::Cmu, entry.cmu)] {
                if let Some(entry) = entry {
                    let api_day = entry.open(&kept, api, day);
                    kept.days_mut(api).insert(day, Arc::new(api_day));
                }
            }
        }
        Ok(Some(kept))
    }

    /// Makes this what the store holds. Durable, and true, when it returns.
    pub(super) fn commit(&self) -> io::Result<()> {
        let text = serde_json::to_vec_pretty(&self.manifest())?;
        let (path, draft) = (self.directory.join(MANIFEST), self.directory.join("manifest.new"));
        let mut file = fs::File::create(&draft)?;
        io::Write::write_all(&mut file, &text)?;
        file.sync_all()?;
        fs::rename(&draft, &path)?;
        sync(&self.directory)
    }

    fn manifest(&self) -> Manifest {
        let mut days: BTreeMap<Date, DayEntry> = BTreeMap::new();
        for (day, api_day) in &self.esm {
            days.entry(*day).or_default().esm = Some(ApiEntry::of(api_day));
        }
        for (day, api_day) in &self.cmu {
            days.entry(*day).or_default().cmu = Some(ApiEntry::of(api_day));
        }
        Manifest {
            format: FORMAT,
            zone: self.zone.clone(),
            key: format!("{:032x}", u128::from_be_bytes(self.key)),
            next: self.next,
            sealed: self.sealed,
            days,
        }
    }

    pub(super) fn days(&self, api: Api) -> &Days {
        match api {
            Api::Esm => &self.esm,
            Api::Cmu => &self.cmu,
        }
    }

    pub(super) fn days_mut(&mut self, api: Api) -> &mut Days {
        match api {
            Api::Esm => &mut self.esm,
            Api::Cmu => &mut self.cmu,
        }
    }

    /// Takes the number of a new file.
    pub(super) fn number(&mut self) -> u64 {
        self.next += 1;
        self.next - 1
    }

    /// Where a file of a day lies.
    pub(super) fn path(&self, api: Api, day: Date, holds: Holds, number: u64) -> PathBuf {
        let (api, holds) = (folder(api), holds.name());
        self.directory.join(format!("{api}/day={day}/{holds}.{number}.parquet"))
    }

    /// Removes files that are not named here.
    pub(super) fn sweep(&self) -> io::Result<()> {
        let mut named: Vec<&Path> = Vec::new();
        for api_day in self.esm.values().chain(self.cmu.values()) {
            named.extend(api_day.files().map(|file| file.path.as_path()));
        }
        let named: std::collections::HashSet<_> = named.into_iter().collect();
        for folder in ["esm", "cmu"] {
            for day in entries(&self.directory.join(folder))? {
                for file in entries(&day)? {
                    let is_ours = file.extension().is_some_and(|it| it == "parquet");
                    if is_ours && !named.contains(file.as_path()) {
                        tracing::debug!(file = %file.display(), "removed a file of no manifest");
                        fs::remove_file(&file)?;
                    }
                }
            }
        }
        Ok(())
    }
}

/// What is in a directory; nothing when it does not exist.
fn entries(directory: &Path) -> io::Result<Vec<PathBuf>> {
    match fs::read_dir(directory) {
        Ok(entries) => entries.map(|entry| Ok(entry?.path())).collect(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

/// Makes the entries of a directory durable.
pub(super) fn sync(directory: &Path) -> io::Result<()> {
    fs::File::open(directory)?.sync_all()
}

const fn folder(api: Api) -> &'static str {
    match api {
        Api::Esm => "esm",
        Api::Cmu => "cmu",
    }
}

impl Holds {
    const fn name(self) -> &'static str {
        match self {
            Self::Events => "events",
            Self::Rollups => "rollups",
            Self::Viewers => "viewers",
            Self::Pieces => "pieces",
        }
    }
}

impl ApiDay {
    /// How many events there are.
    pub(super) fn rows(&self) -> u64 {
        self.closed.as_ref().map_or(0, |closed| closed.rows) + self.late()
    }

    /// How many came since the day was closed, or altogether.
    pub(super) fn late(&self) -> u64 {
        self.segments.iter().map(|segment| segment.rows).sum()
    }

    /// The files of events.
    pub(super) fn events(&self) -> impl Iterator<Item = &DataFile> {
        let closed = self.closed.iter().map(|closed| &closed.events);
        closed.chain(self.segments.iter().map(|segment| &segment.file))
    }

    pub(super) fn files(&self) -> impl Iterator<Item = &DataFile> {
        let closed = self.closed.iter().flat_map(|closed| closed.files());
        self.segments.iter().map(|segment| &segment.file).chain(closed)
    }

    /// Lets go of all files, once nobody reads them.
    pub(super) fn retire(&self, cache: &Cache) {
        for file in self.files() {
            file.retire();
            cache.forget(file.number);
        }
    }
}

impl ClosedDay {
    fn files(&self) -> impl Iterator<Item = &DataFile> {
        let counted = self.rollups.iter().chain(&self.viewers).chain(&self.pieces);
        [&self.events].into_iter().chain(counted)
    }
}

impl DataFile {
    pub(super) const fn at(path: PathBuf, number: u64) -> Self {
        Self { path, number, is_obsolete: AtomicBool::new(false) }
    }

    /// What is in memory of it is found by this.
    pub(super) const fn part(&self, holds: Holds, part: Part) -> Key {
        Key { file: self.number, holds, part }
    }

    /// Removes the file as soon as nobody reads it any more.
    pub(super) fn retire(&self) {
        self.is_obsolete.store(true, Ordering::Release);
    }
}

impl Drop for DataFile {
    fn drop(&mut self) {
        if *self.is_obsolete.get_mut()
            && let Err(error) = fs::remove_file(&self.path)
        {
            tracing::warn!(%error, path = %self.path.display(), "an old file could not be removed");
        }
    }
}

impl ApiEntry {
    fn of(day: &ApiDay) -> Self {
        let segments = day
            .segments
            .iter()
            .map(|segment| SegmentEntry { file: segment.file.number, rows: segment.rows });
        let closed = day.closed.as_ref().map(|closed| ClosedEntry {
            file: closed.events.number,
            rows: closed.rows,
            made: closed.made,
            counted: closed.is_counted,
            with: [
                (&closed.rollups, Holds::Rollups),
                (&closed.viewers, Holds::Viewers),
                (&closed.pieces, Holds::Pieces),
            ]
            .into_iter()
            .filter_map(|(file, holds)| file.as_ref().map(|_| holds.name().to_owned()))
            .collect(),
        });
        Self { segments: segments.collect(), closed }
    }

    fn open(self, kept: &Kept, api: Api, day: Date) -> ApiDay {
        let file = |holds, number| DataFile::at(kept.path(api, day, holds, number), number);
        let segment = |entry: SegmentEntry| {
            Arc::new(Segment { file: file(Holds::Events, entry.file), rows: entry.rows })
        };
        let closed = |entry: ClosedEntry| {
            let counted = |holds: Holds| {
                entry.with.iter().any(|with| with == holds.name()).then(|| file(holds, entry.file))
            };
            Arc::new(ClosedDay {
                events: file(Holds::Events, entry.file),
                rows: entry.rows,
                made: entry.made,
                is_counted: entry.counted,
                rollups: counted(Holds::Rollups),
                viewers: counted(Holds::Viewers),
                pieces: counted(Holds::Pieces),
            })
        };
        ApiDay {
            segments: self.segments.into_iter().map(segment).collect(),
            closed: self.closed.map(closed),
        }
    }
}
