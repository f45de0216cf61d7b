//! When somebody has to look at which subject.
//!
//! One page per second, on it the hashes of the subjects: eight bytes each, written in constant time and
//! read once. Nothing is ever taken off a page: whoever reads it finds out that an entry is out of date
//! by asking its subject. Subjects with equal hashes share an entry, and are both looked at.

use std::collections::BTreeMap;

use usher_core::Timestamp;

#[derive(Debug, Default)]
pub(super) struct Calendar {
    pages: BTreeMap<Second, Vec<u64>>,
}

/// A second since the epoch: good until 2106, and half the size of an instant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Second(u32);

impl Second {
    /// The last one; nothing is ever due then.
    pub(super) const NEVER: Self = Self(u32::MAX);

    /// The first whole second that is not before `instant`.
    pub(super) fn not_before(instant: Timestamp) -> Self {
        let whole = Self::of(instant);
        let is_whole = Timestamp::from_secs(whole.0.into()) == instant;
        if is_whole { whole } else { Self(whole.0.saturating_add(1)) }
    }

    /// The second in which `instant` lies.
    pub(super) fn of(instant: Timestamp) -> Self {
        let second = u32::try_from(instant.as_secs().max(0));
        Self(second.unwrap_or(u32::MAX))
    }
}

impl Calendar {
    pub(super) fn note(&mut self, second: Second, hash: u64) {
        self.pages.entry(second).or_default().push(hash);
    }

    /// Takes an entry that is due by `now`.
    pub(super) fn due(&mut self, now: Second) -> Option<(Second, u64)> {
        let mut page = self.pages.first_entry().filter(|page| *page.key() <= now)?;
        let second = *page.key();
        let hash = page.get_mut().pop();
        if page.get().is_empty() {
            page.remove();
        }
        hash.map(|hash| (second, hash))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_come_up_in_the_order_of_seconds_and_not_before() {
        let mut calendar = Calendar::default();
        let at = |millis| Second::not_before(Timestamp::from_millis(millis));
        for (millis, hash) in [(5_000, 5), (3_001, 4), (3_000, 3), (4_000, 44)] {
            calendar.note(at(millis), hash);
        }
        let mut due = |millis| {
            let now = Second::of(Timestamp::from_millis(millis));
            std::iter::from_fn(|| calendar.due(now)).map(|(_, hash)| hash).collect::<Vec<_>>()
        };
        assert!(due(2_999).is_empty());
        assert_eq!(due(3_999), [3]);
        assert_eq!(due(9_000), [44, 4, 5]);
        assert!(due(9_000).is_empty());
    }

    #[test]
    fn instants_out_of_this_world_are_no_problem() {
        assert_eq!(Second::of(Timestamp::from_millis(i64::MIN)), Second(0));
        assert_eq!(Second::not_before(Timestamp::from_millis(i64::MAX)), Second(u32::MAX));
    }
}
