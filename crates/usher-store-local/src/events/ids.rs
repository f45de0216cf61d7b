//! Which ids are known: an event that is delivered twice is counted once.
//!
//! An event is known by the fingerprint of its id, among those of its day. Days that get events are held in
//! memory, within a bound; the others are looked up on disk when an event of theirs comes. Ids of closed
//! days are kept shortened.

use std::io;

use hashbrown::{HashMap, HashSet};
use jiff::civil::Date;

use super::closed::shortened;

/// The ids of one day.
#[derive(Debug, Default)]
pub(super) struct DayIds {
    /// Of events that came since the day was closed, or altogether.
    pub(super) fresh: HashSet<u64>,
    /// Shortened, ascending: of events that came before.
    pub(super) closed: Vec<u64>,
    last_used: u64,
}

/// The ids of the days that are in use.
#[derive(Debug)]
pub(super) struct Ids {
    days: HashMap<Date, DayIds>,
    /// Most ids in memory, days in use excepted.
    held_max: usize,
    turn: u64,
}

impl Ids {
    pub(super) fn new(held_max: usize) -> Self {
        Self { days: HashMap::new(), held_max, turn: 0 }
    }

    /// Remembers an id of `day`; `load` reads what is known of a day that was not in use. Whether it is new.
    pub(super) fn insert(
        &mut self,
        day: Date,
        key: u64,
        load: impl FnOnce() -> io::Result<DayIds>,
    ) -> io::Result<bool> {
        if !self.days.contains_key(&day) {
            self.days.insert(day, load()?);
        }
        let Some(ids) = self.days.get_mut(&day) else { return Ok(true) };
        ids.last_used = self.turn;
        if ids.closed.binary_search(&shortened(key)).is_ok() {
            return Ok(false);
        }
        Ok(ids.fresh.insert(key))
    }

    /// A group of events is written: days that it did not need may leave.
    pub(super) fn next_turn(&mut self) {
        self.turn += 1;
        let mut held: usize = self.days.values().map(DayIds::len).sum();
        while held > self.held_max {
            let unused = self.days.iter().filter(|(_, ids)| ids.last_used + 1 < self.turn);
            let Some(day) = unused.min_by_key(|(_, ids)| ids.last_used).map(|(day, _)| *day) else {
                return;
            };
            held -= self.days.remove(&day).map_or(0, |ids| ids.len());
        }
    }
}

impl DayIds {
    fn len(&self) -> usize {
        // A hash set keeps room; closed ids do not.
        self.fresh.len() * 2 + self.closed.len()
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn an_id_is_new_once_a_day() {
        let mut ids = Ids::new(100);
        let (first, second) = (date(2024, 3, 5), date(2024, 3, 6));
        let mut insert = |day, key| ids.insert(day, key, || Ok(DayIds::default())).unwrap();
        assert!(insert(first, 7 << 20));
        assert!(!insert(first, 7 << 20));
        assert!(insert(second, 7 << 20));
    }

    #[test]
    fn days_that_are_not_used_leave_memory_and_are_read_again() {
        let mut ids = Ids::new(3);
        let day = |day| date(2024, 3, day);
        for number in 1..=4 {
            ids.insert(day(number), 1 << 20, || Ok(DayIds::default())).unwrap();
            ids.next_turn();
        }
        assert!(ids.days.len() < 4);
        let closed = || Ok(DayIds { closed: vec![shortened(1 << 20)], ..DayIds::default() });
        assert!(!ids.insert(day(1), 1 << 20, closed).unwrap());
        let failing = || Err(io::Error::other("the disk"));
        assert!(ids.insert(day(9), 1, failing).is_err());
        assert!(ids.insert(day(9), 1, || Ok(DayIds::default())).unwrap());
    }
}
