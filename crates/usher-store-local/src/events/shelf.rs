//! What reports are computed from: the files of a day and the chunks in memory, seen at one moment.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use jiff::civil::Date;
use usher_core::{StoreError, Timestamp};
use usher_cube::{
    Block, DimSet, Keys, Outline, Pieces, Schema, Shelf, Sketch, TooBroad, Viewers, Wanted,
};
use usher_parquet::{ParquetError, Table};
use usher_reports::{AnswerError, Api, Layout};

use super::cache::{Part, Weighed};
use super::closed;
use super::file::{self, Attributes};
use super::kept::{ApiDay, ClosedDay, DataFile, Holds, Kept};
use super::shared::Shared;
use super::tail::Chunk;

/// Files of so few events are read whole: the same few columns would be read again for the next report.
const SMALL_ROWS: u64 = 32_768;

/// A report that has read files for so long is given up: it asks for too much.
const TIME_MAX: Duration = Duration::from_secs(20);

/// About how many bytes an open file takes: its footer, and one of not too many file handles.
pub(super) const TABLE_BYTES: usize = 256 * 1024;

/// Everything there is at one moment.
#[derive(Debug)]
pub(super) struct View {
    pub(super) kept: Arc<Kept>,
    pub(super) chunks: Vec<Arc<Chunk>>,
}

/// One API's events at one moment.
pub(super) struct ApiShelf<'a> {
    pub(super) shared: &'a Shared,
    layout: &'static Layout,
    kept: &'a Kept,
    /// Facts that are in no file.
    tail: BTreeMap<Date, Vec<Arc<Block>>>,
    began: Timestamp,
}

/// A roll-up, and the rows of its file that it has.
type Place = (Sketch, Range<usize>);

impl<'a> ApiShelf<'a> {
    pub(super) fn new(shared: &'a Shared, view: &'a View, api: Api) -> Self {
        let mut tail: BTreeMap<Date, Vec<Arc<Block>>> = BTreeMap::new();
        for chunk in view.chunks.iter().filter(|chunk| chunk.batch.layout.api == api) {
            for (day, block) in chunk.blocks(&shared.settings.zone, &shared.fingerprints) {
                tail.entry(*day).or_default().push(Arc::clone(block));
            }
        }
        let began = shared.clock.now();
        Self { shared, layout: Layout::of(api), kept: &view.kept, tail, began }
    }

    fn day(&self, day: Date) -> Option<&Arc<ApiDay>> {
        self.kept.days(self.layout.api).get(&day)
    }

    /// The closed part of a day, if its facts were counted.
    pub(super) fn counted(&self, day: Date) -> Option<&Arc<ClosedDay>> {
        self.day(day)?.closed.as_ref().filter(|closed| closed.is_counted)
    }

    fn tail_rows(&self, day: Date) -> u64 {
        self.tail.get(&day).into_iter().flatten().map(|block| block.len() as u64).sum()
    }

    /// When the numbers of a day were made; nothing when something came since.
    pub(super) fn made(&self, day: Date) -> Option<i64> {
        let api_day = self.day(day)?;
        let closed = api_day.closed.as_ref()?;
        (api_day.late() == 0 && self.tail_rows(day) == 0).then_some(closed.made)
    }

    fn table(&self, file: &DataFile, holds: Holds) -> Result<Arc<Table>, AnswerError> {
        if self.shared.clock.now().since(self.began) > TIME_MAX {
            return Err(TooBroad.into());
        }
        let key = file.part(holds, Part::Table);
        let open = || Ok(Weighed(file::open(&file.path)?, TABLE_BYTES));
        let table = self.shared.cache.get(key, open).map_err(|error| failed(file, &error))?;
        Ok(Arc::clone(&table))
    }

    /// What of a file is read for these dimensions.
    pub(super) fn attributes(&self, rows: u64, dims: DimSet) -> Attributes {
        if rows <= SMALL_ROWS {
            return Attributes::ALL;
        }
        self.layout.needed(dims).fold(Attributes::NONE, Attributes::with)
    }

    /// The facts of a file.
    pub(super) fn blocks(
        &self,
        file: &DataFile,
        rows: u64,
        dims: DimSet,
    ) -> Result<Vec<Arc<Block>>, AnswerError> {
        let attributes = self.attributes(rows, dims);
        let dims = if rows <= SMALL_ROWS { DimSet::ALL } else { dims };
        let table = self.table(file, Holds::Events)?;
        let block = |group| {
            let part = Part::Block(group, attributes);
            let key = file.part(Holds::Events, part);
            let read = || {
                let batch = file::read(&table, group, self.layout, attributes)?;
                let block = batch.block(&self.shared.fingerprints, dims);
                let bytes = block.bytes();
                Ok(Weighed(block, bytes))
            };
            self.shared.cache.get(key, read).map_err(|error| failed(file, &error))
        };
        (0..table.groups()).map(block).collect()
    }

    pub(super) fn sketches(&self, closed: &ClosedDay) -> Result<Arc<Vec<Place>>, AnswerError> {
        let Some(file) = &closed.rollups else { return Ok(Arc::default()) };
        let key = file.part(Holds::Rollups, Part::Sketches);
        let table = self.table(file, Holds::Rollups)?;
        let read = || {
            let sketches = closed::sketches(&table, self.layout.schema)?;
            let bytes = sketches.len() * 64;
            Ok(Weighed(sketches, bytes))
        };
        self.shared.cache.get(key, read).map_err(|error| failed(file, &error))
    }

    /// The file of roll-ups, and where one of them is.
    fn rollup<'d>(
        &self,
        closed: &'d ClosedDay,
        rollup: usize,
    ) -> Result<Option<(&'d DataFile, Place)>, AnswerError> {
        let sketches = self.sketches(closed)?;
        Ok(closed.rollups.as_ref().zip(sketches.get(rollup).cloned()))
    }

    /// The files of facts that came since a day was closed, or altogether, and how many each has.
    pub(super) fn late_files(&self, day: Date) -> impl Iterator<Item = (&DataFile, u64)> {
        let segments = self.day(day).into_iter().flat_map(|api_day| &api_day.segments);
        segments.map(|segment| (&segment.file, segment.rows))
    }

    /// The files of all facts of a day.
    pub(super) fn files(&self, day: Date) -> impl Iterator<Item = (&DataFile, u64)> {
        let closed = self.day(day).and_then(|api_day| api_day.closed.as_ref());
        closed.map(|closed| (&closed.events, closed.rows)).into_iter().chain(self.late_files(day))
    }
}

impl Shelf for ApiShelf<'_> {
    type Error = AnswerError;

    fn schema(&self) -> &'static Schema {
        self.layout.schema
    }

    fn days(&self) -> Vec<Date> {
        let kept = self.kept.days(self.layout.api).keys().copied();
        let mut days: Vec<_> = kept.chain(self.tail.keys().copied()).collect();
        days.sort_unstable();
        days.dedup();
        days
    }

    fn outline(&self, day: Date) -> Result<Outline, AnswerError> {
        let tail = self.tail_rows(day);
        let facts = tail + self.day(day).map_or(0, |api_day| api_day.rows());
        let late = tail + self.day(day).map_or(0, |api_day| api_day.late());
        let rollups = match self.counted(day) {
            None => None,
            Some(closed) => {
                Some(self.sketches(closed)?.iter().map(|(sketch, _)| *sketch).collect())
            }
        };
        Ok(Outline { facts, late, rollups })
    }

    fn facts(&self, day: Date, dims: DimSet) -> Result<Vec<Arc<Block>>, AnswerError> {
        let mut blocks = self.tail.get(&day).cloned().unwrap_or_default();
        for (file, rows) in self.files(day) {
            blocks.extend(self.blocks(file, rows, dims)?);
        }
        Ok(blocks)
    }

    fn late(&self, day: Date, dims: DimSet) -> Result<Vec<Arc<Block>>, AnswerError> {
        let mut blocks = self.tail.get(&day).cloned().unwrap_or_default();
        for (file, rows) in self.late_files(day) {
            blocks.extend(self.blocks(file, rows, dims)?);
        }
        Ok(blocks)
    }

    fn keys(&self, day: Date, rollup: usize) -> Result<Arc<Keys>, AnswerError> {
        let Some(closed) = self.counted(day) else { return Ok(Arc::default()) };
        let Some((file, place)) = self.rollup(closed, rollup)? else { return Ok(Arc::default()) };
        let key = file.part(Holds::Rollups, Part::Keys(rollup));
        let table = self.table(file, Holds::Rollups)?;
        let read = || {
            let keys = closed::keys(&table, self.layout.schema, place)?;
            let bytes = keys.group.len() * 9 + keys.groups.0.len() * 256;
            Ok(Weighed(keys, bytes))
        };
        self.shared.cache.get(key, read).map_err(|error| failed(file, &error))
    }

    fn values(
        &self,
        day: Date,
        rollup: usize,
        metric: usize,
    ) -> Result<Arc<Vec<u64>>, AnswerError> {
        let Some(closed) = self.counted(day) else { return Ok(Arc::default()) };
        let Some((file, (_, rows))) = self.rollup(closed, rollup)? else {
            return Ok(Arc::default());
        };
        let part = Part::Values(rollup, metric);
        let key = file.part(Holds::Rollups, part);
        let table = self.table(file, Holds::Rollups)?;
        let name = self.layout.schema.metrics.get(metric).map_or("", |(name, _)| name);
        let read = || {
            let values = closed::values(&table, name, rows)?;
            let bytes = values.len() * 8;
            Ok(Weighed(values, bytes))
        };
        self.shared.cache.get(key, read).map_err(|error| failed(file, &error))
    }

    fn viewers(&self, day: Date) -> Result<Arc<Viewers>, AnswerError> {
        let Some(file) = self.counted(day).and_then(|closed| closed.viewers.as_ref()) else {
            return Ok(Arc::default());
        };
        let key = file.part(Holds::Viewers, Part::All);
        let table = self.table(file, Holds::Viewers)?;
        let read = || {
            let viewers = closed::viewers(&table, self.layout.schema)?;
            let bytes = viewers.actor.len() * 56;
            Ok(Weighed(viewers, bytes))
        };
        self.shared.cache.get(key, read).map_err(|error| failed(file, &error))
    }

    fn pieces(&self, day: Date) -> Result<Arc<Pieces>, AnswerError> {
        let Some(file) = self.counted(day).and_then(|closed| closed.pieces.as_ref()) else {
            return Ok(Arc::default());
        };
        let key = file.part(Holds::Pieces, Part::All);
        let table = self.table(file, Holds::Pieces)?;
        let read = || {
            let pieces = closed::pieces(&table, self.layout.schema)?;
            let bytes = pieces.len() * 120;
            Ok(Weighed(pieces, bytes))
        };
        self.shared.cache.get(key, read).map_err(|error| failed(file, &error))
    }

    fn fetch(&self, wanted: &[(Date, Wanted)]) -> Result<(), AnswerError> {
        self.read_ahead(wanted)
    }
}

fn failed(file: &DataFile, error: &ParquetError) -> AnswerError {
    store_error(&file.path, error).into()
}

/// What an error of a file means for whoever needs the file.
pub(super) fn store_error(path: &std::path::Path, error: &ParquetError) -> StoreError {
    match error {
        ParquetError::Io(error) => StoreError::Unavailable(format!("{}: {error}", path.display())),
        ParquetError::Format(_)
        | ParquetError::Shape
        | ParquetError::TooLarge
        | ParquetError::Column(_) => StoreError::Corrupt {
            what: "file of events",
            id: format!("{}: {error}", path.display()),
        },
    }
}
