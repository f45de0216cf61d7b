//! On which day an instant lies.

use std::ops::Range;

use jiff::civil::Date;
use usher_cube::Zone;

/// Finds the day of an instant, which is mostly that of the one before.
#[derive(Debug, Default)]
pub(super) struct DayFinder {
    last: Option<(Date, Range<i64>)>,
}

impl DayFinder {
    pub(super) fn find(&mut self, zone: &Zone, epoch_millis: i64) -> Date {
        if let Some((day, range)) = &self.last
            && range.contains(&epoch_millis)
        {
            return *day;
        }
        let day = zone.date(epoch_millis);
        let (begin, end) = zone.day(day);
        self.last = Some((day, begin..end));
        day
    }
}
