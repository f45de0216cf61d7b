//! Counting the rows that are shown: sums that can be added up.

use std::sync::Arc;

use jiff::civil::Date;

use crate::block::NO_AMOUNT;
use crate::execute::ask::{Ask, Day, Source};
use crate::execute::distinct::Identities;
use crate::execute::groups::REFUSED;
use crate::execute::picks::Picks;
use crate::execute::{Hours, Work};
use crate::schema::Taken;
use crate::{Block, Keys, Measure, Shelf, TooBroad};

/// Numbers in the making: one per shown row and measure.
pub(crate) struct Counts<'a> {
    pub(crate) picks: &'a Picks,
    width: usize,
    values: Vec<u64>,
    /// Per measure, who was met.
    pub(crate) identities: Vec<Identities>,
}

impl<'a> Counts<'a> {
    pub(crate) fn of(ask: &Ask<'_>, picks: &'a Picks) -> Self {
        let width = ask.measures.len();
        Self {
            picks,
            width,
            values: vec![0; picks.cells.len() * width],
            identities: ask.measures.iter().map(|_| Identities::default()).collect(),
        }
    }

    /// The number of a row and a measure.
    pub(crate) fn value(&mut self, slot: usize, measure: usize) -> Option<&mut u64> {
        self.values.get_mut(slot * self.width + measure)
    }

    pub(crate) fn add(&mut self, slot: usize, measure: usize, amount: u64) {
        if let Some(value) = self.value(slot, measure) {
            *value = value.saturating_add(amount);
        }
    }

    /// Turns identities into numbers, and forgets them.
    pub(crate) fn settle(&mut self) {
        for measure in 0..self.width {
            let Some(met) = self.identities.get_mut(measure).map(Identities::take) else { return };
            for slot in met {
                self.add(slot, measure, 1);
            }
        }
    }

    /// The numbers of each row.
    pub(crate) fn finish(mut self) -> Vec<Vec<u64>> {
        self.settle();
        if self.width == 0 {
            return self.picks.cells.iter().map(|_| Vec::new()).collect();
        }
        self.values.chunks(self.width).map(<[u64]>::to_vec).collect()
    }
}

impl<S: Shelf> Work<'_, S>
where
    S::Error: From<TooBroad>,
{
    /// Adds the additive measures of a day, and what its roll-up knows about streams.
    pub(crate) fn count(&mut self, day: &Day, counts: &mut Counts<'_>) -> Result<(), S::Error> {
        if !self.ask.has(|measure| !measure.is_distinct()) {
            return Ok(());
        }
        let blocks = match day.source {
            Source::Facts => self.reader.facts(day.date, self.ask.dims)?,
            Source::Rollup(rollup) => {
                self.count_rollup(day.date, rollup, counts)?;
                self.reader.late(day.date, self.ask.dims)?
            }
        };
        for block in blocks {
            self.count_facts(day.date, &block, counts);
        }
        Ok(())
    }

    fn count_rollup(
        &mut self,
        day: Date,
        rollup: usize,
        counts: &mut Counts<'_>,
    ) -> Result<(), S::Error> {
        let keys = self.reader.shelf.keys(day, rollup)?;
        let rows = self.shown(day, &keys, counts.picks);
        for (index, (metric, measure)) in self.ask.measures.iter().enumerate() {
            if rows.is_empty() || measure.is_distinct() {
                continue;
            }
            let values = self.reader.shelf.values(day, rollup, *metric)?;
            for (row, slot) in &rows {
                counts.add(*slot, index, values.get(*row).copied().unwrap_or(0));
            }
        }
        Ok(())
    }

    /// The rows of a roll-up that go into shown rows: positions and slots.
    pub(crate) fn shown(
        &mut self,
        day: Date,
        keys: &Arc<Keys>,
        picks: &Picks,
    ) -> Vec<(usize, usize)> {
        let hours = Hours::of(&mut self.times, day, keys.hour.is_empty());
        let groups = self.groups.assign(&keys.groups, keys.groups_len());
        let shown = |(row, group): (usize, &u32)| {
            let group = groups.get(*group as usize).copied().filter(|group| *group != REFUSED)?;
            let place = hours.place(keys.hour.get(row).copied())?;
            Some((row, picks.slot(group, place)?))
        };
        keys.group.iter().enumerate().filter_map(shown).collect()
    }

    fn count_facts(&mut self, day: Date, block: &Arc<Block>, counts: &mut Counts<'_>) {
        let groups = self.groups.assign(&block.shapes.labels, block.shapes.marks.len());
        let bumps = self.bumps(block);
        let whole = self.times.has_whole_days().then(|| self.times.day(day));
        for row in block.rows() {
            let group = groups.get(row.shape as usize).copied().unwrap_or(REFUSED);
            let bumps = bumps.get(row.shape as usize).map_or(&[][..], Vec::as_slice);
            if group == REFUSED || bumps.is_empty() {
                continue;
            }
            let place = whole.unwrap_or_else(|| self.times.at(row.at));
            let Some(slot) = place.and_then(|place| counts.picks.slot(group, place)) else {
                continue;
            };
            for bump in bumps {
                match bump {
                    Bump::One(measure) => counts.add(slot, *measure, 1),
                    Bump::Amount(measure) if row.amount != NO_AMOUNT => {
                        counts.add(slot, *measure, u64::try_from(row.amount).unwrap_or(0));
                    }
                    Bump::Amount(_) => {}
                }
            }
        }
    }

    /// Per shape, what a fact of it adds to which measures.
    fn bumps(&self, block: &Block) -> Vec<Vec<Bump>> {
        let of_shape = |marks: &crate::Marks| {
            let bump =
                |(index, (_, measure)): (usize, &(usize, Measure))| match measure.takes(*marks)? {
                    Taken::Itself => Some(Bump::One(index)),
                    Taken::Amount => Some(Bump::Amount(index)),
                    Taken::Actor | Taken::Session => None,
                };
            self.ask.measures.iter().enumerate().filter_map(bump).collect()
        };
        block.shapes.marks.iter().map(of_shape).collect()
    }
}

/// What one fact adds.
enum Bump {
    One(usize),
    Amount(usize),
}
