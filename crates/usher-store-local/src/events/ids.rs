//! Which ids are known: an event that is delivered twice is counted once.
//!
//! An event is known by the fingerprint of its id, among those of its day. Days that get events are held in
//! memory, within a bound; the others are looked up on disk when an event of theirs comes.
//!
//! Of a closed day only some bits of each fingerprint are kept, beside the event: whatever comes again comes
//! with its instant, and there are few events in a millisecond. So little is kept per event, and yet with a
//! million events that day, one late event in 300 million is taken for one of them.

use std::io;

use hashbrown::{HashMap, HashSet};
use jiff::civil::Date;

/// The ids of one day.
#[derive(Debug, Default)]
pub(super) struct DayIds {
    /// Of events that came since the day was closed, or altogether.
    pub(super) fresh: HashSet<u64>,
    /// Instants and tags together, ascending: of events that came before.
    pub(super) closed: Vec<u64>,
    last_used: u64,
}

/// How many bits of a fingerprint are kept of a closed day.
const TAG_BITS: u32 = 22;

/// The part of a fingerprint that is kept of a closed day; of a tag, the tag.
pub(super) const fn tag(key: u64) -> u64 {
    key & ((1 << TAG_BITS) - 1)
}

/// The instant and the tag of an event, in one number.
pub(super) const fn tagged(at: i64, key: u64) -> u64 {
    at.cast_unsigned() << TAG_BITS | tag(key)
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

    /// Remembers the id of an event `at` an instant of `day`; `load` reads what is known of a day that was
    /// not in use. Whether it is new.
    pub(super) fn insert(
        &mut self,
        (day, at): (Date, i64),
        key: u64,
        load: impl FnOnce() -> io::Result<DayIds>,
    ) -> io::Result<bool> {
        if !self.days.contains_key(&day) {
            self.days.insert(day, load()?);
        }
        let Some(ids) = self.days.get_mut(&day) else { return Ok(true) };
        ids.last_used = self.turn;
        if ids.closed.binary_search(&tagged(at, key)).is_ok() {
            return Ok(false);
        }
        Ok(ids.fresh.insert(key))
    }

    /// Whether nothing has to be read to know the ids of `day`.
    pub(super) fn holds(&self, day: Date) -> bool {
        self.days.contains_key(&day)
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
        let mut insert = |day, key| ids.insert((day, 5), key, || Ok(DayIds::default())).unwrap();
        assert!(insert(first, 7 << 20));
        assert!(!insert(first, 7 << 20));
        assert!(insert(second, 7 << 20));
    }

    #[test]
    fn on_a_closed_day_an_event_is_known_by_its_instant_and_a_part_of_its_id() {
        let mut ids = Ids::new(100);
        let known = 0x1234_5678_9abc_def0;
        let mut insert = |at, key| {
            let closed = || Ok(DayIds { closed: vec![tagged(7, tag(known))], ..DayIds::default() });
            ids.insert((date(2024, 3, 5), at), key, closed).unwrap()
        };
        assert!(!insert(7, known));
        assert!(insert(8, known), "another instant");
        assert!(insert(7, known ^ 1), "another id");
    }

    #[test]
    fn days_that_are_not_used_leave_memory_and_are_read_again() {
        let mut ids = Ids::new(3);
        let day = |day| date(2024, 3, day);
        for number in 1..=4 {
            ids.insert((day(number), 0), 1 << 20, || Ok(DayIds::default())).unwrap();
            ids.next_turn();
        }
        assert!(ids.days.len() < 4);
        let closed = || Ok(DayIds { closed: vec![tagged(0, 1 << 20)], ..DayIds::default() });
        assert!(!ids.insert((day(1), 0), 1 << 20, closed).unwrap());
        let failing = || Err(io::Error::other("the disk"));
        assert!(ids.insert((day(9), 0), 1, failing).is_err());
        assert!(ids.insert((day(9), 0), 1, || Ok(DayIds::default())).unwrap());
    }
}
