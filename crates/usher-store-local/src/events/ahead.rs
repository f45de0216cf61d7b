//! Reading ahead: what a report is about to need, from several files at once.

use jiff::civil::Date;
use usher_cube::{DimSet, Shelf as _, Wanted};
use usher_reports::AnswerError;

use super::cache::Part;
use super::kept::{DataFile, Holds};
use super::shelf::{ApiShelf, TABLE_BYTES};
use crate::side_by_side::{processors, side_by_side};

/// About how many bytes a fact takes in memory.
const FACT_BYTES: usize = 32;

/// About how many bytes a row of a roll-up takes: what it stands for, or one of its numbers.
const ROW_BYTES: usize = 9;

/// Something to read from one file.
enum Reading<'a> {
    /// The list of a day's roll-ups.
    Outline(Date),
    /// The keys of a roll-up.
    Keys(Date, usize),
    /// The numbers of a roll-up for a metric.
    Values(Date, usize, usize),
    /// So many facts.
    Facts(&'a DataFile, u64, DimSet),
}

impl ApiShelf<'_> {
    /// Reads into memory what is not there yet, but no more than stays there until it is used.
    pub(super) fn read_ahead(&self, wanted: &[(Date, Wanted)]) -> Result<(), AnswerError> {
        let mut room = self.shared.cache.room_ahead();
        let missing = wanted.iter().flat_map(|(day, wanted)| self.missing(*day, *wanted));
        let fits = |(reading, bytes)| {
            room = usize::checked_sub(room, bytes)?;
            Some(reading)
        };
        let readings: Vec<_> = missing.map_while(fits).collect();
        side_by_side(processors(), &readings, |reading| self.read(reading)).into_iter().collect()
    }

    /// What of it is not in memory, and how many bytes it will take there.
    fn missing(&self, day: Date, wanted: Wanted) -> Vec<(Reading<'_>, usize)> {
        let (part, reading) = match wanted {
            Wanted::Outline => (Part::Sketches, Reading::Outline(day)),
            Wanted::Keys(rollup) => (Part::Keys(rollup), Reading::Keys(day, rollup)),
            Wanted::Values(rollup, metric) => {
                (Part::Values(rollup, metric), Reading::Values(day, rollup, metric))
            }
            Wanted::Facts(dims) => return self.missing_facts(self.files(day), dims),
            Wanted::Late(dims) => return self.missing_facts(self.late_files(day), dims),
        };
        let rollups = self.counted(day).and_then(|closed| closed.rollups.as_ref());
        let is_missing = |file: &DataFile| !self.shared.cache.has(file.part(Holds::Rollups, part));
        let bytes = || match wanted {
            Wanted::Keys(rollup) | Wanted::Values(rollup, _) => self.row_bytes(day, rollup),
            Wanted::Outline | Wanted::Facts(_) | Wanted::Late(_) => TABLE_BYTES,
        };
        rollups.filter(|file| is_missing(file)).map(|_| (reading, bytes())).into_iter().collect()
    }

    fn missing_facts<'a>(
        &self,
        files: impl Iterator<Item = (&'a DataFile, u64)>,
        dims: DimSet,
    ) -> Vec<(Reading<'a>, usize)> {
        let cache = &self.shared.cache;
        let missing = |(file, rows): (&'a DataFile, u64)| {
            let part = Part::Block(0, self.attributes(rows, dims));
            let is_missing = !cache.has(file.part(Holds::Events, part));
            is_missing.then(|| (Reading::Facts(file, rows, dims), bytes_of(rows, FACT_BYTES)))
        };
        files.filter_map(missing).filter(|(_, bytes)| cache.would_keep(*bytes)).collect()
    }

    /// About how many bytes a column of a roll-up takes.
    fn row_bytes(&self, day: Date, rollup: usize) -> usize {
        let sketches = self.counted(day).and_then(|closed| self.sketches(closed).ok());
        let rows = sketches.and_then(|all| all.get(rollup).map(|(sketch, _)| sketch.rows));
        bytes_of(rows.unwrap_or(0), ROW_BYTES)
    }

    fn read(&self, reading: &Reading<'_>) -> Result<(), AnswerError> {
        match *reading {
            Reading::Outline(day) => self.outline(day).map(drop),
            Reading::Keys(day, rollup) => self.keys(day, rollup).map(drop),
            Reading::Values(day, rollup, metric) => self.values(day, rollup, metric).map(drop),
            Reading::Facts(file, rows, dims) => self.blocks(file, rows, dims).map(drop),
        }
    }
}

fn bytes_of(rows: u64, each: usize) -> usize {
    usize::try_from(rows).unwrap_or(usize::MAX).saturating_mul(each)
}
