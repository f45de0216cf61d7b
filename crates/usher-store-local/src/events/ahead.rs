//! Reading ahead: what a report is about to need, from several files at once.

use jiff::civil::Date;
use usher_cube::{DimSet, Shelf as _, Wanted};
use usher_reports::AnswerError;

use super::cache::Part;
use super::kept::{DataFile, Holds};
use super::shelf::ApiShelf;
use super::side_by_side::{processors, side_by_side};

/// About how many bytes a fact takes in memory.
const FACT_BYTES: usize = 32;

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
    /// Reads into memory what is not there yet and would stay.
    pub(super) fn read_ahead(&self, wanted: &[(Date, Wanted)]) -> Result<(), AnswerError> {
        let readings = wanted.iter().flat_map(|(day, wanted)| self.readings(*day, *wanted));
        let readings: Vec<_> = readings.collect();
        side_by_side(processors(), &readings, |reading| self.read(reading)).into_iter().collect()
    }

    fn readings(&self, day: Date, wanted: Wanted) -> Vec<Reading<'_>> {
        let (part, reading) = match wanted {
            Wanted::Outline => (Part::Sketches, Reading::Outline(day)),
            Wanted::Keys(rollup) => (Part::Keys(rollup), Reading::Keys(day, rollup)),
            Wanted::Values(rollup, metric) => {
                (Part::Values(rollup, metric), Reading::Values(day, rollup, metric))
            }
            Wanted::Facts(dims) => return self.of_facts(self.files(day), dims),
            Wanted::Late(dims) => return self.of_facts(self.late_files(day), dims),
        };
        let rollups = self.counted(day).and_then(|closed| closed.rollups.as_ref());
        let is_missing = |file: &DataFile| !self.shared.cache.has(file.part(Holds::Rollups, part));
        rollups.filter(|file| is_missing(file)).map(|_| reading).into_iter().collect()
    }

    fn of_facts<'a>(
        &self,
        files: impl Iterator<Item = (&'a DataFile, u64)>,
        dims: DimSet,
    ) -> Vec<Reading<'a>> {
        let cache = &self.shared.cache;
        let is_missing = |(file, rows): &(&DataFile, u64)| {
            let part = Part::Block(0, self.attributes(*rows, dims));
            let bytes = usize::try_from(*rows).unwrap_or(usize::MAX).saturating_mul(FACT_BYTES);
            cache.would_keep(bytes) && !cache.has(file.part(Holds::Events, part))
        };
        files.filter(is_missing).map(|(file, rows)| Reading::Facts(file, rows, dims)).collect()
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
