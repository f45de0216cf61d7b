//! What will be read next: a shelf that reads files may fetch several days at once.

use jiff::civil::Date;

use crate::execute::ask::{Day, Source};
use crate::execute::{Scan, Work};
use crate::{Shelf, TooBroad, Wanted};

/// For how many days a shelf may fetch ahead: more would be in memory before they are needed.
pub(super) const DAYS_AHEAD: usize = 16;

impl<S: Shelf> Work<'_, S>
where
    S::Error: From<TooBroad>,
{
    pub(super) fn fetch_outlines(&self, days: &[Date]) -> Result<(), S::Error> {
        let wanted: Vec<_> = days.iter().map(|day| (*day, Wanted::Outline)).collect();
        self.reader.shelf.fetch(&wanted)
    }

    /// What tells which rows the days have.
    pub(super) fn fetch_rows(&self, scans: &[Scan]) -> Result<(), S::Error> {
        let mut wanted = Vec::new();
        for Scan { day: Day { date, outline, source }, .. } in scans {
            match source {
                Source::Facts => wanted.push((*date, Wanted::Facts(self.ask.dims))),
                Source::Rollup(rollup) => {
                    wanted.push((*date, Wanted::Keys(*rollup)));
                    if outline.late > 0 {
                        wanted.push((*date, Wanted::Late(self.ask.dims)));
                    }
                }
            }
        }
        self.reader.shelf.fetch(&wanted)
    }

    /// The numbers of the days' roll-ups.
    pub(super) fn fetch_values(&self, scans: &[Scan]) -> Result<(), S::Error> {
        let has_numbers = self.times.has_buckets_of_one_day();
        let measures = self.ask.measures.iter();
        let measures = measures.filter(|(_, measure)| has_numbers || !measure.is_distinct());
        let metrics: Vec<_> = measures.map(|(metric, _)| *metric).collect();
        let mut wanted = Vec::new();
        for Scan { day, .. } in scans {
            if let Source::Rollup(rollup) = day.source {
                let values = metrics.iter().map(|metric| Wanted::Values(rollup, *metric));
                wanted.extend(values.map(|values| (day.date, values)));
            }
        }
        self.reader.shelf.fetch(&wanted)
    }
}
