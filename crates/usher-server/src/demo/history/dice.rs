//! Chance that repeats itself: every household and every day rolls dice of its own.
//!
//! The generator behind them is PCG from `rand_pcg`, whose numbers are the same on every machine and
//! in every release; only whole numbers are drawn, so nothing depends on how a machine rounds.

use std::ops::Range;
use std::time::Duration;

use rand::{RngExt as _, SeedableRng as _};
use rand_pcg::Pcg64Mcg;

/// Answers to choose from: each with its share in per cent, the rest of the hundred is `mostly`.
pub(super) struct Mix<T: 'static> {
    pub(super) mostly: T,
    pub(super) otherwise: &'static [(u64, T)],
}

impl<T: Copy> Mix<T> {
    /// Every answer, the most frequent first.
    pub(super) fn all(&self) -> impl Iterator<Item = T> {
        std::iter::once(self.mostly).chain(self.otherwise.iter().map(|(_, answer)| *answer))
    }
}

/// A source of chance.
pub(super) struct Dice(Pcg64Mcg);

impl Dice {
    /// The dice of `seed` for the thing that `path` names. Different paths roll independently.
    pub(super) fn new(seed: u64, path: &[u64]) -> Self {
        let root = Pcg64Mcg::seed_from_u64(seed);
        Self(
            path.iter()
                .fold(root, |mut dice, step| Pcg64Mcg::seed_from_u64(dice.random::<u64>() ^ step)),
        )
    }

    /// Whether something happens that happens `share` times in a thousand.
    pub(super) fn per_mille(&mut self, share: u64) -> bool {
        self.0.random_range(0..1_000_u64) < share
    }

    /// A number in `range`; its start when the range is empty.
    pub(super) fn within(&mut self, range: &Range<u64>) -> u64 {
        if range.is_empty() { range.start } else { self.0.random_range(range.clone()) }
    }

    /// A time of so many seconds, to the millisecond.
    pub(super) fn seconds(&mut self, range: Range<u64>) -> Duration {
        Duration::from_millis(self.within(&(range.start * 1000..range.end * 1000)))
    }

    /// A time of so many minutes, to the millisecond.
    pub(super) fn minutes(&mut self, range: &Range<u64>) -> Duration {
        self.seconds(range.start * 60..range.end * 60)
    }

    /// One answer of a mix.
    pub(super) fn pick<T: Copy>(&mut self, mix: &Mix<T>) -> T {
        let mut roll = self.within(&(0..100));
        for (share, answer) in mix.otherwise {
            if roll < *share {
                return *answer;
            }
            roll -= share;
        }
        mix.mostly
    }

    /// One position of `weights`, the heavier the likelier.
    pub(super) fn slot(&mut self, weights: &[u64]) -> u64 {
        let mut roll = self.within(&(0..weights.iter().sum()));
        let mut slot = 0;
        for weight in weights {
            if roll < *weight {
                return slot;
            }
            roll -= weight;
            slot += 1;
        }
        slot
    }

    /// An opaque identifier of 128 bits, in hexadecimal.
    pub(super) fn identifier(&mut self) -> String {
        format!("{:032x}", self.0.random::<u128>())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dice_of_one_path_repeat_and_dice_of_two_paths_differ() {
        let roll = |path: &[u64]| Dice::new(7, path).identifier();
        assert_eq!(roll(&[1, 2]), roll(&[1, 2]));
        assert_ne!(roll(&[1, 2]), roll(&[2, 1]));
        assert_ne!(roll(&[1]), Dice::new(8, &[1]).identifier());
    }

    #[test]
    fn a_mix_keeps_its_shares() {
        const MIX: Mix<char> = Mix { mostly: 'a', otherwise: &[(20, 'b'), (10, 'c')] };
        let mut dice = Dice::new(1, &[]);
        let picked: Vec<_> = (0..10_000).map(|_| dice.pick(&MIX)).collect();
        let share = |wanted| picked.iter().filter(|it| **it == wanted).count();
        assert!((6_800..7_200).contains(&share('a')), "{}", share('a'));
        assert!((1_850..2_150).contains(&share('b')), "{}", share('b'));
        assert_eq!(MIX.all().collect::<String>(), "abc");
    }

    #[test]
    fn a_slot_without_weight_is_never_chosen() {
        let mut dice = Dice::new(1, &[]);
        assert!((0..1_000).all(|_| dice.slot(&[3, 0, 1, 0]).is_multiple_of(2)));
    }
}
