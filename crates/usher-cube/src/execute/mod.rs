//! Answers a plan from a shelf: who is in the report, then how often.
//!
//! For each day the smallest roll-up that covers the plan is read, or the facts where there is none.
//! What exists is found first, the rows that the limit admits are picked, and only they are counted.

mod ahead;
mod ask;
mod count;
mod distinct;
mod groups;
mod levels;
mod picks;
mod pool;
mod reader;
mod streams;
mod times;

use std::sync::Arc;

use jiff::civil::Date;

use crate::{Dim, Grain, Measure, Plan, Row, Shelf, Table};
use ahead::DAYS_AHEAD;
use ask::{Ask, Day, Source};
use count::Counts;
use groups::{Groups, REFUSED};
use picks::{Existing, Picks};
use reader::Reader;
use times::Times;

pub(crate) use distinct::Spread;
pub(crate) use pool::refusals;
pub(crate) use streams::{Stretches, Told};

/// The selection spans more cells, or needs more facts, than the plan allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("The requested selection is too wide to be processed")]
pub struct TooBroad;

/// Answers `plan` from `shelf`, whose days are days of the plan's zone.
pub fn execute<S: Shelf>(shelf: &S, plan: &Plan) -> Result<Table, S::Error>
where
    S::Error: From<TooBroad>,
{
    if plan.range.is_some_and(|range| range.start == range.end) {
        return Ok(Table::finish(plan, Vec::new()));
    }
    let groups = Groups::of(shelf.schema(), plan);
    let ask = Ask::of(shelf.schema(), plan, &groups);
    let reader = Reader::new(shelf, plan.facts_max);
    let work = Work { reader, ask: &ask, groups, times: Times::of(plan) };
    let rows =
        if ask.has(|measure| measure == Measure::Reached) { work.levels()? } else { work.rows()? };
    Ok(Table::finish(plan, rows))
}

/// A report in the making.
pub(crate) struct Work<'a, S> {
    reader: Reader<'a, S>,
    ask: &'a Ask<'a>,
    groups: Groups<'a>,
    times: Times<'a>,
}

/// A day and the buckets of its rows.
struct Scan {
    day: Day,
    places: Vec<u32>,
}

impl<S: Shelf> Work<'_, S>
where
    S::Error: From<TooBroad>,
{
    /// Every report but those about levels.
    fn rows(mut self) -> Result<Vec<Row>, S::Error> {
        let days = self.days()?.into_iter();
        let mut scans: Vec<_> = days.map(|day| Scan { day, places: Vec::new() }).collect();
        let mut existing = Existing::default();
        for scans in scans.chunks_mut(DAYS_AHEAD) {
            self.fetch_rows(scans)?;
            for scan in scans {
                scan.places = self.note(&scan.day, &mut existing)?;
                if existing.len() > self.ask.plan.cells_max {
                    return Err(TooBroad.into());
                }
            }
        }
        let facts = scans.iter().map(|scan| scan.day.outline.facts).sum();
        let (buckets, cells_max) = (self.ask.buckets(), self.ask.plan.cells_max);
        picks::check_width(self.groups.len(), buckets, facts, cells_max)?;
        let picks = Picks::of(&existing, &self.groups, &self.times, self.ask.plan);
        let is_shown = |scan: &Scan| scan.places.iter().any(|place| picks.has(*place));
        scans.retain(|scan| !self.times.has_buckets_of_one_day() || is_shown(scan));
        let mut counts = Counts::of(self.ask, &picks);
        for scans in scans.chunks(DAYS_AHEAD) {
            self.fetch_values(scans)?;
            for Scan { day, .. } in scans {
                self.count(day, &mut counts)?;
                self.count_distinct(day, &mut counts)?;
            }
        }
        self.count_streams(&scans, &mut counts)?;
        let values = counts.finish();
        let rows = picks.cells.iter().zip(values);
        Ok(rows.map(|(cell, values)| Row { labels: self.labels(*cell), values }).collect())
    }

    /// The days of the range, and where their numbers come from.
    fn days(&self) -> Result<Vec<Day>, S::Error> {
        let mut days = self.reader.shelf.days();
        days.retain(|day| self.times.touches(*day));
        self.fetch_outlines(&days)?;
        days.into_iter().map(|date| self.day(date)).collect()
    }

    fn day(&self, date: Date) -> Result<Day, S::Error> {
        let outline = self.reader.shelf.outline(date)?;
        let source = self.ask.source(&outline);
        Ok(Day { date, outline, source })
    }

    /// Notes the cells of a day; returns its buckets.
    fn note(&mut self, day: &Day, existing: &mut Existing) -> Result<Vec<u32>, S::Error> {
        let mut places = Places::default();
        let blocks = match day.source {
            Source::Facts => self.reader.facts(day.date, self.ask.dims)?,
            Source::Rollup(rollup) => {
                self.note_rollup(day.date, rollup, (existing, &mut places))?;
                self.reader.late(day.date, self.ask.dims)?
            }
        };
        for block in blocks {
            self.note_facts(day.date, &block, (existing, &mut places));
        }
        Ok(places.0)
    }

    fn note_rollup(
        &mut self,
        day: Date,
        rollup: usize,
        (existing, places): (&mut Existing, &mut Places),
    ) -> Result<(), S::Error> {
        let keys = self.reader.shelf.keys(day, rollup)?;
        let hours = Hours::of(&mut self.times, day, keys.hour.is_empty());
        let groups = self.groups.assign(&keys.groups, keys.groups_len());
        for (row, (group, marks)) in keys.group.iter().zip(&keys.marks).enumerate() {
            let group = groups.get(*group as usize).copied().unwrap_or(REFUSED);
            if group != REFUSED
                && marks.meets(self.ask.counted)
                && let Some(place) = hours.place(keys.hour.get(row).copied())
            {
                existing.note(group, place);
                places.note(place);
            }
        }
        Ok(())
    }

    fn note_facts(
        &mut self,
        day: Date,
        block: &Arc<crate::Block>,
        (existing, places): (&mut Existing, &mut Places),
    ) {
        let mut groups = self.groups.assign(&block.shapes.labels, block.shapes.marks.len());
        for (group, marks) in groups.iter_mut().zip(&block.shapes.marks) {
            if !marks.meets(self.ask.counted) {
                *group = REFUSED;
            }
        }
        let whole = self.times.has_whole_days().then(|| self.times.day(day));
        for row in block.rows() {
            let group = groups.get(row.shape as usize).copied().unwrap_or(REFUSED);
            if group != REFUSED
                && let Some(place) = whole.unwrap_or_else(|| self.times.at(row.at))
            {
                existing.note(group, place);
                places.note(place);
            }
        }
    }

    /// The labels of a row, in the order of the output.
    fn labels(&self, cell: picks::Cell) -> Vec<Arc<str>> {
        labels(self.ask.plan, &self.groups, self.times.labels(cell.place), cell.group, 0)
    }
}

/// The labels of a row: its group's, its bucket's and its level.
fn labels(plan: &Plan, groups: &Groups<'_>, time: &[i16], group: u32, level: u32) -> Vec<Arc<str>> {
    let mut of_group = groups.labels(group);
    let mut of_time = time.iter();
    let label = |dim: &Dim| {
        if Grain::named(dim.as_str()).is_some() {
            number(of_time.next().copied().unwrap_or(0))
        } else if dim.is_level() {
            number(level)
        } else {
            of_group.next().unwrap_or_default()
        }
    };
    plan.dims.iter().map(label).collect()
}

/// A number as reports write it: decimal, unpadded.
fn number(value: impl Into<i64>) -> Arc<str> {
    value.into().to_string().into()
}

/// Distinct buckets, the last one first to be recognised.
#[derive(Default)]
struct Places(Vec<u32>);

impl Places {
    fn note(&mut self, place: u32) {
        if self.0.last() != Some(&place) && !self.0.contains(&place) {
            self.0.push(place);
        }
    }
}

/// The bucket of each hour of a day.
struct Hours {
    whole: Option<u32>,
    of_hour: Vec<Option<u32>>,
}

impl Hours {
    fn of(times: &mut Times<'_>, day: Date, has_no_hours: bool) -> Self {
        let of_hour = if has_no_hours || times.has_whole_days() {
            Vec::new()
        } else {
            (0..24).map(|hour| times.hour(day, hour)).collect()
        };
        Self { whole: times.day(day), of_hour }
    }

    fn place(&self, hour: Option<u8>) -> Option<u32> {
        match hour {
            Some(hour) if !self.of_hour.is_empty() => {
                self.of_hour.get(usize::from(hour)).copied().flatten()
            }
            Some(_) | None => self.whole,
        }
    }
}
