//! Streams as spans of time, whatever order and day their events come from.
//!
//! A day knows a *stretch* of each stream. Stretches of one stream are put together wherever a report
//! needs its length: a few minutes into the next day as a rule, further where a stream was silent.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use jiff::civil::Date;

use crate::block::{NO_AMOUNT, Row};
use crate::calendar::MINUTE;
use crate::execute::groups::REFUSED;
use crate::shelf::{Ending, Stretch};
use crate::{Block, Measure, Step};

/// A stretch and where it is counted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Told {
    pub(crate) stretch: Stretch,
    /// Fingerprint of the actor.
    pub(crate) actor: Option<u64>,
    /// The class of its beginning, else of its first event: a group, or whatever the caller sorts by.
    pub(crate) class: u32,
    /// The class of its end event.
    pub(crate) end_class: u32,
    /// When it was heard of.
    pub(crate) heard: Heard,
}

/// The days a stream has events on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Heard {
    first: Date,
    last: Date,
    /// How many days; fewer than from the first to the last when it was silent in between.
    days: i32,
}

impl Heard {
    /// On one day only.
    pub(crate) const fn on(day: Date) -> Self {
        Self { first: day, last: day, days: 1 }
    }

    /// Each day tells once, so a day other than the first and the last is a new one.
    fn merge(&mut self, other: Self) {
        let is_known = other.first == other.last && [self.first, self.last].contains(&other.first);
        self.days += if is_known { 0 } else { other.days };
        self.first = self.first.min(other.first);
        self.last = self.last.max(other.last);
    }

    /// Whether the stream may have run through `day` without an event.
    pub(crate) fn is_silent_on(&self, day: Date) -> bool {
        let span = (self.last - self.first).get_days() + 1;
        self.first < day && day < self.last && self.days < span
    }
}

impl Told {
    /// Takes in what another day, or another event, tells.
    pub(crate) fn merge(&mut self, other: &Self) {
        let (mine, its) = (&mut self.stretch, &other.stretch);
        let leads = match (mine.begins, its.begins) {
            (true, false) => false,
            (false, true) => true,
            (true, true) | (false, false) => its.first < mine.first,
        };
        if leads {
            (self.class, self.actor) = (other.class, other.actor);
        }
        mine.begins |= its.begins;
        mine.first = mine.first.min(its.first);
        mine.active = mine.active.max(its.active);
        mine.marks = mine.marks.and(its.marks);
        let ends_earlier = match (mine.end, its.end) {
            (_, None) => false,
            (None, Some(_)) => true,
            (Some(mine), Some(its)) => its.at < mine.at,
        };
        if ends_earlier {
            mine.end = its.end;
            self.end_class = other.end_class;
        }
        self.heard.merge(other.heard);
    }

    /// When it was last active.
    fn last_active(&self) -> i64 {
        let known = self.stretch.end.and_then(|end| end.active).or(self.stretch.active);
        known.map_or(self.stretch.first, |active| active.max(self.stretch.first))
    }

    /// From its start to its last activity, in milliseconds.
    fn lasted(&self) -> i64 {
        self.last_active().saturating_sub(self.stretch.first)
    }

    /// The instant from which it no longer counts as open. A stream without an end is open for as long as
    /// it is known to have been active.
    pub(crate) fn closes(&self) -> i64 {
        self.stretch.end.map_or_else(|| self.last_active().saturating_add(1), |end| end.at)
    }

    /// What it adds to a measure: class and instant of each.
    pub(crate) fn adds(&self, measure: Measure, mut add: impl FnMut(u32, i64)) {
        match measure {
            Measure::Lasted { from, until } => {
                let lasts = from.saturating_mul(MINUTE)..until.saturating_mul(MINUTE);
                if let Some(end) = self.stretch.end
                    && lasts.contains(&self.lasted())
                {
                    add(self.end_class, end.at);
                }
            }
            // One unit when the stream starts and one for every further unit begun.
            Measure::Units(minutes) => {
                let unit = minutes.saturating_mul(MINUTE).max(1);
                let further = (self.lasted() - 1).max(0) / unit;
                for begun in 0..=further {
                    add(self.class, self.stretch.first.saturating_add(begun.saturating_mul(unit)));
                }
            }
            Measure::Count(_)
            | Measure::Sum(_)
            | Measure::Actors(_)
            | Measure::Sessions(_)
            | Measure::Reached => {}
        }
    }
}

/// The stretches of a day's streams, by session.
#[derive(Debug, Default)]
pub(crate) struct Stretches(pub(crate) HashMap<u64, Told>);

impl Stretches {
    /// Adds what a block tells. `classes` gives the class of each of its shapes; facts whose class is
    /// [`REFUSED`] are left out.
    pub(crate) fn add(&mut self, day: Date, block: &Block, classes: &[u32]) {
        for row in block.rows() {
            let class = classes.get(row.shape as usize).copied().unwrap_or(REFUSED);
            let Some(stretch) = stretch(block, &row).filter(|_| class != REFUSED) else {
                continue;
            };
            let (actor, heard) = (block.who(row.actor), Heard::on(day));
            let told = Told { stretch, actor, class, end_class: class, heard };
            match self.0.entry(stretch.session) {
                Entry::Occupied(known) => known.into_mut().merge(&told),
                Entry::Vacant(new) => {
                    new.insert(told);
                }
            }
        }
    }
}

/// What one fact knows of its stream.
fn stretch(block: &Block, row: &Row) -> Option<Stretch> {
    let (step, session) = (block.step(row.shape)?, block.which(row.session)?);
    let amount = (row.amount != NO_AMOUNT).then_some(row.amount);
    let (active, end) = match step {
        Step::Begin | Step::Touch => (Some(row.at), None),
        Step::Stop => (None, Some(Ending { at: row.at, active: Some(row.at) })),
        Step::End => (None, Some(Ending { at: row.at, active: amount })),
    };
    let (begins, marks) = (step == Step::Begin, block.marks(row.shape));
    Some(Stretch { session, begins, first: row.at, active, end, marks })
}
