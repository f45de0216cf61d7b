//! Ids seen before, within a bound of memory.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};

/// Remembers at least the last `min` ids, at most twice as many, as 128-bit keyed fingerprints.
///
/// Two generations: when the young one is full it becomes the old one, and the old one is forgotten.
#[derive(Debug)]
pub(super) struct Seen {
    min: usize,
    keys: [RandomState; 2],
    young: HashSet<u128>,
    old: HashSet<u128>,
}

impl Seen {
    pub(super) fn new(min: usize) -> Self {
        let keys = [RandomState::new(), RandomState::new()];
        Self { min, keys, young: HashSet::new(), old: HashSet::new() }
    }

    /// Remembers `id`. Whether it is new.
    pub(super) fn insert(&mut self, id: &str) -> bool {
        let [high, low] = &self.keys;
        let fingerprint = u128::from(high.hash_one(id)) << 64 | u128::from(low.hash_one(id));
        if self.old.contains(&fingerprint) || !self.young.insert(fingerprint) {
            return false;
        }
        if self.young.len() >= self.min {
            self.old = std::mem::take(&mut self.young);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_ids_are_remembered_and_old_ones_forgotten() {
        let mut seen = Seen::new(2);
        let news: Vec<_> =
            ["a", "b", "c", "b", "d", "e", "d", "a"].map(|id| seen.insert(id)).into();
        assert_eq!(news, [true, true, true, false, true, true, false, true]);
    }
}
