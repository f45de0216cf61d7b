//! Event files: into a store and out of it, for `--events`, `usher events import` and `usher events export`.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Seek as _, Write};
use std::path::Path;
use std::sync::{Arc, Mutex};

use anyhow::{Context, Result, bail};
use jiff::civil::Date;
use usher_jose::OsEntropy;
use usher_reports::{Api, Event, EventBatch, Reports, Switches};
use usher_store_local::{Archive, EventSettings, LocalEvents, RollupSets};

use crate::clock::SystemClock;
use crate::demo::Past;
use crate::wiring::{Wired, events_dir};

/// Lines that are loaded together: all of them or none, also across a crash.
const LINES: usize = 20_000;

/// Longest line of an event file, in bytes; longer ones are refused line by line.
const LINE_BYTES_MAX: u64 = 1024 * 1024;

/// How far a long task is: done, and of how many.
pub type Progress<'a> = &'a mut dyn FnMut(u64, u64);

/// Loads the NDJSON file at `path` into the reports of `wired`: all of it or, when a line is bad,
/// nothing. Returns how many events were new.
pub async fn import(wired: &Wired, path: &Path) -> Result<usize> {
    let mut lines = Lines::checked(path, &mut |_, _| {})?;
    let mut new = 0;
    while let Some(events) = lines.next()? {
        new += wired.add_events(events).await?;
    }
    Ok(new)
}

/// Loads the NDJSON file at `path` into the data directory `data`, which no server may be using.
pub async fn import_into(data: &Path, path: &Path, progress: Progress<'_>) -> Result<usize> {
    let mut lines = Lines::checked(path, progress)?;
    let store = open_alone(data)?;
    let mut new = 0;
    while let Some(events) = lines.next()? {
        new += store.import(events).await.context("the events could not be written")?;
        progress(lines.bytes + lines.read, lines.bytes * 2);
    }
    store.close().await?;
    Ok(new)
}

/// Fills the data directory `data`, which no server may be using, with a made-up past. Returns how many events
/// were new.
pub async fn generate_into(data: &Path, past: Past, progress: Progress<'_>) -> Result<u64> {
    let store = Arc::new(open_alone(data)?);
    let new = tell(&store, past, progress).await?;
    store.close().await?;
    Ok(new)
}

/// Tells a store a made-up past, with as many threads as there are processors, and closes its days. Returns how
/// many events were new.
pub async fn tell(store: &Arc<LocalEvents>, past: Past, progress: Progress<'_>) -> Result<u64> {
    let chapters: Vec<_> = past.chapters().collect();
    let total = chapters.len() as u64;
    let chapters = Arc::new(Mutex::new(chapters.into_iter()));
    let tellers = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let (told, mut done) = tokio::sync::mpsc::channel(tellers);
    for _ in 0..tellers {
        let (store, chapters, told) = (Arc::clone(store), Arc::clone(&chapters), told.clone());
        tokio::spawn(async move {
            loop {
                let Some(chapter) = chapters.lock().ok().and_then(|mut it| it.next()) else {
                    return;
                };
                let events = tokio::task::spawn_blocking(move || past.tell(&chapter)).await;
                let added = match events {
                    Ok(events) => store.import(events).await.map_err(Into::into),
                    Err(error) => Err(anyhow::Error::from(error)),
                };
                if told.send(added).await.is_err() {
                    return;
                }
            }
        });
    }
    drop(told);
    let (mut new, mut chapters_done) = (0, 0);
    while let Some(added) = done.recv().await {
        new += added.context("the events could not be written")? as u64;
        chapters_done += 1;
        progress(chapters_done, total);
    }
    store.settle().await?;
    Ok(new)
}

/// Opens the events of a data directory that no server uses.
///
/// Opening a store drops what is older than its retention, and sorts events into the days of its zone; only
/// the server that owns the directory knows either. So nothing is too old here, and the zone is what it was.
fn open_alone(data: &Path) -> Result<LocalEvents> {
    let directory = events_dir(data);
    let switches = Switches::default();
    let mut settings = EventSettings {
        retention: std::time::Duration::MAX,
        rollups: RollupSets {
            esm: Reports::rollups(Api::Esm, switches)?,
            cmu: Reports::rollups(Api::Cmu, switches)?,
        },
        ..EventSettings::default()
    };
    if let Some(zone) = LocalEvents::zone(&directory)? {
        settings.zone = zone;
    }
    Ok(LocalEvents::open(&directory, settings, Arc::new(SystemClock), Arc::new(OsEntropy))?)
}

/// Writes the events of the data directory `data`, which no server may be using, to `out` as NDJSON: those
/// from `from` on and up to `to`, days of report time. Returns how many there were.
pub fn export(
    data: &Path,
    (from, to): (Option<Date>, Option<Date>),
    out: &mut dyn Write,
    progress: Progress<'_>,
) -> Result<u64> {
    let archive = Archive::open(&events_dir(data))
        .with_context(|| format!("cannot read the events of {}", data.display()))?;
    let days = archive
        .days()
        .into_iter()
        .filter(|(day, _)| from.is_none_or(|from| from <= *day) && to.is_none_or(|to| *day <= to));
    let days: Vec<_> = days.collect();
    let total = days.len() as u64;
    let mut written = 0;
    for ((day, _), done) in days.into_iter().zip(1..) {
        let mut failed = None;
        archive.each(day, |event| {
            if failed.is_none() {
                failed = write_line(out, &event).err();
                written += 1;
            }
        })?;
        if let Some(error) = failed {
            return Err(error);
        }
        progress(done, total);
    }
    Ok(written)
}

fn write_line(out: &mut dyn Write, event: &Event) -> Result<()> {
    serde_json::to_writer(&mut *out, event)?;
    Ok(out.write_all(b"\n")?)
}

/// The events of a file, some lines at a time.
struct Lines {
    file: BufReader<File>,
    bytes: u64,
    read: u64,
    line: usize,
}

impl Lines {
    /// Opens a file all of whose lines are good. Nothing of a file with a bad line is loaded, so it is read
    /// twice; what is in memory are [`LINES`] lines.
    fn checked(path: &Path, progress: Progress<'_>) -> Result<Self> {
        let mut lines = Self::open(path)?;
        while lines.next().with_context(|| format!("in {}", path.display()))?.is_some() {
            progress(lines.read, lines.bytes * 2);
        }
        lines.file.rewind()?;
        (lines.read, lines.line) = (0, 0);
        Ok(lines)
    }

    fn open(path: &Path) -> Result<Self> {
        let file = File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
        let bytes = file.metadata()?.len();
        Ok(Self { file: BufReader::new(file), bytes, read: 0, line: 0 })
    }

    /// The events of the next lines; nothing at the end.
    fn next(&mut self) -> Result<Option<Vec<Event>>> {
        let (first, mut text) = (self.line, Vec::new());
        for _ in 0..LINES {
            let before = text.len();
            let mut line = std::io::Read::take(&mut self.file, LINE_BYTES_MAX);
            let read = line.read_until(b'\n', &mut text)?;
            if read == 0 {
                break;
            }
            self.read += read as u64;
            self.line += 1;
            if text.len() - before == usize::try_from(LINE_BYTES_MAX)? {
                bail!("line {}: too long to be an event", self.line);
            }
        }
        if text.is_empty() {
            return Ok(None);
        }
        match EventBatch::from_ndjson(&text) {
            Ok(batch) => Ok(Some(batch.into_events())),
            Err(bad) => bail!("line {}: {}", first + bad.line, bad.problem),
        }
    }
}
