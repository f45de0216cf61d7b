//! Slows down whoever guesses link codes (`access-variants` T6): five wrong ones in ten minutes, for each
//! device and for each address.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use usher_core::Timestamp;

/// Wrong codes that are forgiven within [`WINDOW`].
const MISTAKES_MAX: u32 = 5;
const WINDOW: Duration = Duration::from_mins(10);
/// Names remembered. When there is no room even without those whose time is over, strangers are refused:
/// a code can still be redeemed by whoever made no mistake lately.
const NAMES_MAX: usize = 100_000;

/// The mistakes of the last minutes, by whatever name their makers have.
#[derive(Debug)]
pub(crate) struct MistakeGuard<N>(Mutex<HashMap<N, Mistakes>>);

#[derive(Clone, Copy, Debug)]
struct Mistakes {
    since: Timestamp,
    count: u32,
}

impl Mistakes {
    fn are_over(self, now: Timestamp) -> bool {
        now.since(self.since) >= WINDOW
    }
}

impl<N: Eq + Hash> MistakeGuard<N> {
    pub(crate) fn new() -> Self {
        Self(Mutex::default())
    }

    /// Whether `name` may try.
    pub(crate) fn admits(&self, name: &N, now: Timestamp) -> bool {
        let mistakes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match mistakes.get(name) {
            Some(made) => made.are_over(now) || made.count < MISTAKES_MAX,
            None => true,
        }
    }

    /// Notes a mistake of `name`.
    pub(crate) fn note(&self, name: N, now: Timestamp) {
        let mut mistakes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if mistakes.len() >= NAMES_MAX && !mistakes.contains_key(&name) {
            mistakes.retain(|_, made| !made.are_over(now));
            if mistakes.len() >= NAMES_MAX {
                return;
            }
        }
        let made = mistakes.entry(name).or_insert(Mistakes { since: now, count: 0 });
        if made.are_over(now) {
            *made = Mistakes { since: now, count: 0 };
        }
        made.count += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_secs(1_000);

    #[test]
    fn the_fifth_mistake_within_ten_minutes_is_the_last() {
        let guard = MistakeGuard::new();
        for made in 0..5 {
            assert!(guard.admits(&"tv", NOW), "after {made}");
            guard.note("tv", NOW);
        }
        assert!(!guard.admits(&"tv", NOW));
        assert!(guard.admits(&"phone", NOW), "others are not concerned");
        let almost = NOW + WINDOW - Duration::from_millis(1);
        assert!(!guard.admits(&"tv", almost));
        assert!(guard.admits(&"tv", NOW + WINDOW));
        guard.note("tv", NOW + WINDOW);
        assert!(guard.admits(&"tv", NOW + WINDOW), "counting starts anew");
    }
}
