//! The order of events in a file: alike ones together.
//!
//! First by everything that classifies events and does not change on one device (who carries what on which
//! application), then by viewer, session and time. So most columns are long runs, and a session's events
//! are neighbours. On the demo's history a day takes a third less than in the order of time.

use super::batch::{Batch, NONE, small};
use usher_reports::{PERSON, SESSION};

/// Per kind: its rank without the volatile attributes, and with them.
pub(super) struct KindRanks(Vec<(u32, u32)>);

impl Batch {
    /// The positions of these rows in the order of a file.
    pub(super) fn ordered(
        &self,
        KindRanks(kinds): &KindRanks,
        rows: impl Iterator<Item = usize>,
    ) -> Vec<u32> {
        let own = |text: usize| self.rows.own.get(text).map_or(&[][..], Vec::as_slice);
        let (people, sessions) = (own(PERSON), own(SESSION));
        let code = |column: &[u32], row: usize| u64::from(column.get(row).copied().unwrap_or(NONE));
        let key = |row: usize| {
            let kind = self.rows.kind.get(row).and_then(|kind| kinds.get(*kind as usize));
            let (stable, whole) = kind.copied().unwrap_or((NONE, NONE));
            let owner = u64::from(stable) << 32 | code(people, row);
            (owner, code(sessions, row), self.rows.at.get(row).copied(), whole, small(row))
        };
        let mut keys: Vec<_> = rows.map(key).collect();
        keys.sort_unstable();
        keys.into_iter().map(|(.., row)| row).collect()
    }

    /// Where each kind stands in the order of a file.
    pub(super) fn kind_ranks(&self) -> KindRanks {
        let is_volatile: Vec<_> =
            self.layout.kind.iter().map(|name| self.layout.volatile.contains(name)).collect();
        let ranks = self.text_ranks();
        let rank = |code: &u32| ranks.get(*code as usize).copied().unwrap_or(NONE);
        let split = |number: usize| {
            let codes = self.kinds.get(number).map_or(&[][..], |kind| &kind.codes);
            let part = |volatile: bool| {
                let codes = codes.iter().zip(&is_volatile);
                let part = codes.filter(|(_, is)| **is == volatile).map(|(code, _)| rank(code));
                part.collect::<Vec<_>>()
            };
            (part(false), part(true))
        };
        let mut order: Vec<_> = (0..self.kinds.len()).map(|kind| (split(kind), kind)).collect();
        order.sort_unstable();
        let mut placed = vec![(0, 0); self.kinds.len()];
        let (mut stable, mut last) = (0, None);
        for (whole, ((part, _), kind)) in order.iter().enumerate() {
            stable += u32::from(last.is_some_and(|last| last != part));
            last = Some(part);
            if let Some(place) = placed.get_mut(*kind) {
                *place = (stable, small(whole));
            }
        }
        KindRanks(placed)
    }

    fn text_ranks(&self) -> Vec<u32> {
        let texts: Vec<_> = self.texts.iter().collect();
        let mut order: Vec<_> = (0..texts.len()).collect();
        order.sort_unstable_by_key(|code| texts.get(*code));
        let mut ranks = vec![0; texts.len()];
        for (rank, code) in order.into_iter().enumerate() {
            if let Some(place) = ranks.get_mut(code) {
                *place = small(rank);
            }
        }
        ranks
    }
}
