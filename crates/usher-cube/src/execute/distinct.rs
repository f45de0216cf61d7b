//! Counting who was there: exact, never estimated.
//!
//! Where a row of a roll-up becomes a row of the report alone, its number was counted when the day was
//! closed. Where two meet, somebody may be in both, and identities are compared: those of the day's
//! viewers where they are enough, else of its facts. Buckets longer than a day always compare.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasherDefault, Hasher};

use crate::execute::Work;
use crate::execute::ask::{Day, Source};
use crate::execute::count::Counts;
use crate::execute::groups::REFUSED;
use crate::shelf::NO_HOUR;
use crate::{Measure, Piece, Shelf, TooBroad};

/// Identities of one query that may be in memory at the same time; 16 to 32 bytes each.
pub(crate) const IDENTITIES_MAX: usize = 4_000_000;

/// Who was met in which row.
#[derive(Debug, Default)]
pub(crate) struct Identities(HashSet<(u32, u64), BuildHasherDefault<Spread>>);

impl Identities {
    fn note(&mut self, slot: usize, who: u64) {
        self.0.insert((u32::try_from(slot).unwrap_or(u32::MAX), who));
    }

    /// The row of each identity; nothing is left.
    pub(crate) fn take(&mut self) -> impl Iterator<Item = usize> + use<> {
        std::mem::take(&mut self.0).into_iter().map(|(slot, _)| slot as usize)
    }
}

/// Fingerprints are spread already: mixing them with the row is enough.
#[derive(Debug, Default)]
pub(crate) struct Spread(u64);

impl Hasher for Spread {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(u64::from(*byte));
        }
    }

    fn write_u32(&mut self, value: u32) {
        self.write_u64(u64::from(value));
    }

    fn write_u64(&mut self, value: u64) {
        self.0 = (self.0.rotate_left(29) ^ value).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }
}

impl<S: Shelf> Work<'_, S>
where
    S::Error: From<TooBroad>,
{
    /// Adds the distinct counts of a day.
    pub(crate) fn count_distinct(
        &mut self,
        day: &Day,
        counts: &mut Counts<'_>,
    ) -> Result<(), S::Error> {
        let mut from_facts = Vec::new();
        for index in 0..self.ask.measures.len() {
            let Some((metric, measure)) = self.ask.measures.get(index).copied() else { break };
            let is_counted = match (measure, day.source) {
                (Measure::Actors(marks), Source::Rollup(rollup)) => {
                    self.times.has_buckets_of_one_day()
                        && self.take_numbers(day, (rollup, metric, index), counts)?
                        || self.meet_viewers(day, (marks, index), counts)?
                }
                (Measure::Sessions(marks), Source::Rollup(rollup)) => {
                    self.add_sessions(day, rollup, (metric, marks, index), counts)?
                }
                (Measure::Actors(_) | Measure::Sessions(_), Source::Facts) => false,
                (
                    Measure::Count(_)
                    | Measure::Sum(_)
                    | Measure::Lasted { .. }
                    | Measure::Units(_)
                    | Measure::Reached,
                    _,
                ) => true,
            };
            if !is_counted {
                from_facts.push((index, measure));
            }
        }
        self.meet_facts(day, &from_facts, counts)?;
        if counts.identities.iter().map(|met| met.0.len()).sum::<usize>() > IDENTITIES_MAX {
            return Err(TooBroad.into());
        }
        if self.times.has_buckets_of_one_day() {
            counts.settle();
        }
        Ok(())
    }

    /// Adds sessions from a roll-up, if it can tell.
    fn add_sessions(
        &mut self,
        day: &Day,
        rollup: usize,
        (metric, marks, index): (usize, crate::Marks, usize),
        counts: &mut Counts<'_>,
    ) -> Result<bool, S::Error> {
        if self.times.has_buckets_of_one_day() {
            return self.take_numbers(day, (rollup, metric, index), counts);
        }
        if self.streams().is_none() || !self.times.has_whole_days() {
            return Ok(false);
        }
        self.take_numbers(day, (rollup, metric, index), counts)?;
        self.meet_pieces(day, (marks, index), counts)?;
        Ok(true)
    }

    fn streams(&self) -> Option<crate::Streams> {
        self.reader.shelf.schema().streams
    }

    /// Takes numbers from a roll-up unless two of its rows meet in one of the report. Streams belong to one
    /// row each, so sessions of streams can be added.
    fn take_numbers(
        &mut self,
        day: &Day,
        (rollup, metric, index): (usize, usize, usize),
        counts: &mut Counts<'_>,
    ) -> Result<bool, S::Error> {
        let keys = self.reader.shelf.keys(day.date, rollup)?;
        let rows = self.shown(day.date, &keys, counts.picks);
        let values = self.reader.shelf.values(day.date, rollup, metric)?;
        let measure = self.ask.measures.get(index).map(|(_, measure)| *measure);
        let may_meet = matches!(measure, Some(Measure::Sessions(_))) && self.streams().is_some();
        let mut numbers: HashMap<usize, u64> = HashMap::new();
        for (row, slot) in rows {
            let value = values.get(row).copied().unwrap_or(0);
            let number = numbers.entry(slot).or_default();
            if *number > 0 && value > 0 && !may_meet {
                return Ok(false);
            }
            *number += value;
        }
        for (slot, number) in numbers {
            counts.add(slot, index, number);
        }
        Ok(true)
    }

    /// Compares the identities of those who started streams. Whether that is what is asked for.
    fn meet_viewers(
        &mut self,
        day: &Day,
        (marks, index): (crate::Marks, usize),
        counts: &mut Counts<'_>,
    ) -> Result<bool, S::Error> {
        if self.streams().is_none_or(|streams| streams.started != marks) {
            return Ok(false);
        }
        let viewers = self.reader.shelf.viewers(day.date)?;
        let groups = self.groups.assign(&viewers.labels, viewers.actor.len());
        let hours = super::Hours::of(&mut self.times, day.date, false);
        let started = viewers.hour.iter().zip(&viewers.actor).zip(groups);
        for ((hour, actor), group) in started.filter(|((hour, _), _)| **hour != NO_HOUR) {
            if group != REFUSED
                && let Some(place) = hours.place(Some(*hour))
                && let Some(slot) = counts.picks.slot(group, place)
                && let Some(met) = counts.identities.get_mut(index)
            {
                met.note(slot, *actor);
            }
        }
        Ok(true)
    }

    /// Counts streams of several days once.
    fn meet_pieces(
        &mut self,
        day: &Day,
        (marks, index): (crate::Marks, usize),
        counts: &mut Counts<'_>,
    ) -> Result<(), S::Error> {
        let pieces = self.reader.shelf.pieces(day.date)?;
        let groups = self.groups.assign(&pieces.labels, pieces.len());
        let Some(place) = self.times.day(day.date) else { return Ok(()) };
        for (piece, group) in pieces.piece.iter().zip(groups) {
            if let Piece::Stretch(stretch) = piece
                && !stretch.is_whole()
                && stretch.marks.meets(marks)
                && group != REFUSED
                && let Some(slot) = counts.picks.slot(group, place)
            {
                if let Some(value) = counts.value(slot, index) {
                    *value = value.saturating_sub(1);
                }
                if let Some(met) = counts.identities.get_mut(index) {
                    met.note(slot, stretch.session);
                }
            }
        }
        Ok(())
    }

    /// Compares the identities of facts.
    fn meet_facts(
        &mut self,
        day: &Day,
        measures: &[(usize, Measure)],
        counts: &mut Counts<'_>,
    ) -> Result<(), S::Error> {
        if measures.is_empty() {
            return Ok(());
        }
        let whole = self.times.has_whole_days().then(|| self.times.day(day.date));
        for block in self.reader.facts(day.date, self.ask.dims)? {
            let groups = self.groups.assign(&block.shapes.labels, block.shapes.marks.len());
            for row in block.rows() {
                let group = groups.get(row.shape as usize).copied().unwrap_or(REFUSED);
                if group == REFUSED {
                    continue;
                }
                let place = whole.unwrap_or_else(|| self.times.at(row.at));
                let Some(slot) = place.and_then(|place| counts.picks.slot(group, place)) else {
                    continue;
                };
                for (index, measure) in measures {
                    let who = block.met(&row, *measure);
                    if let Some((who, met)) = who.zip(counts.identities.get_mut(*index)) {
                        met.note(slot, who);
                    }
                }
            }
        }
        Ok(())
    }
}
