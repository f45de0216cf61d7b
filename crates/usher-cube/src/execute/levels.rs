//! How many streams users had at once (`wolap.md` §18.4).
//!
//! A user's concurrency is a step function of time. Its peak in a bucket is a level the user *reached*,
//! together with every level below; a refused start counts as one more than was running. Closed days know
//! the peaks of users whose streams they know completely; everybody else is followed stream by stream.

use std::collections::{BTreeMap, HashMap, HashSet};

use jiff::civil::Date;

use crate::execute::distinct::IDENTITIES_MAX;
use crate::execute::groups::REFUSED;
use crate::execute::pool::{Pool, Teller, Wanted};
use crate::execute::times::Times;
use crate::execute::{Work, labels};
use crate::{Dim, Filter, Outline, Plan, Row, Shelf, TooBroad};

/// Who tells about which day.
type Tellers = Vec<(Date, Teller)>;

/// Per bucket, group and actor, the highest level.
type Heights = BTreeMap<u32, OfPlace>;

/// Per group and actor, the highest level in one bucket.
type OfPlace = HashMap<(u32, u64), u32>;

impl<S: Shelf> Work<'_, S>
where
    S::Error: From<TooBroad>,
{
    /// Answers a plan whose metric is `users`.
    pub(super) fn levels(mut self) -> Result<Vec<Row>, S::Error> {
        let plan = self.ask.plan;
        let level = plan.cube.iter().find(|dim| dim.is_level());
        let counts_refusals = level.is_some_and(|dim| dim.as_str() == "activity-level");
        let days = self.days()?;
        for day in &days {
            // So that buckets are numbered in the order of time.
            self.times.day(day.date);
        }
        let tellers: Tellers =
            days.iter().map(|day| (day.date, self.who_tells(&day.outline))).collect();
        let (pool, tellers) = self.everybody(tellers)?;
        let mut heights = self.climb(&pool, counts_refusals);
        let mut users = Users::of(plan, level);
        for (day, teller) in &tellers {
            if *teller == Teller::Pieces
                && let Some(place) = self.times.day(*day)
            {
                let of_place = heights.entry(place).or_default();
                self.add_viewers(*day, counts_refusals, of_place)?;
                if of_place.len() > IDENTITIES_MAX {
                    return Err(TooBroad.into());
                }
                // Buckets come one after the other: what is before this one is complete.
                let later = heights.split_off(&place);
                users.count(std::mem::replace(&mut heights, later));
            }
        }
        users.count(heights);
        let rows = users.counted.into_iter().map(|((group, place, level), users)| Row {
            labels: labels(plan, &self.groups, self.times.labels(place), group, level),
            values: plan.metrics.iter().map(|_| users).collect(),
        });
        Ok(rows.collect())
    }

    /// Whether the peaks of a closed day are those the plan is about.
    fn who_tells(&self, outline: &Outline) -> Teller {
        let is_counted = outline.rollups.is_some() && outline.late == 0;
        let has_peaks = self.tenancy() != Tenancy::Some && self.times.has_whole_days();
        if is_counted && has_peaks { Teller::Pieces } else { Teller::Facts }
    }

    /// The streams of all days. A day through which a stream ran silently does not know its users' peaks.
    fn everybody(&mut self, mut tellers: Tellers) -> Result<(Pool, Tellers), S::Error> {
        let pool = self.running(&tellers, Wanted::Everything)?;
        let silent: HashSet<_> =
            tellers.iter().map(|(day, _)| *day).filter(|day| is_silent(&pool, *day)).collect();
        if !tellers.iter().any(|(day, teller)| *teller == Teller::Pieces && silent.contains(day)) {
            return Ok((pool, tellers));
        }
        for (day, teller) in &mut tellers {
            if silent.contains(day) {
                *teller = Teller::Facts;
            }
        }
        let pool = self.running(&tellers, Wanted::Everything)?;
        Ok((pool, tellers))
    }

    /// Adds the peaks that a closed day knows.
    fn add_viewers(
        &mut self,
        day: Date,
        counts_refusals: bool,
        heights: &mut OfPlace,
    ) -> Result<(), S::Error> {
        let viewers = self.reader.shelf.viewers(day)?;
        let groups = self.groups.assign(&viewers.labels, viewers.actor.len());
        let is_total = self.tenancy() == Tenancy::All;
        for ((actor, peaks), group) in viewers.actor.iter().zip(&viewers.peaks).zip(groups) {
            let height = match (is_total, counts_refusals) {
                (false, false) => peaks.streams,
                (false, true) => peaks.attempts,
                (true, false) => peaks.streams_total,
                (true, true) => peaks.attempts_total,
            };
            if group != REFUSED && height > 0 {
                let highest = heights.entry((group, *actor)).or_default();
                *highest = height.max(*highest);
            }
        }
        Ok(())
    }

    /// Which tenants' streams count together: those of one, of all, or of some.
    fn tenancy(&self) -> Tenancy {
        let is_output = self.groups.outputs().contains(&0);
        let schema = self.reader.shelf.schema();
        let filters = self.ask.plan.filters.iter();
        let mut about = filters.filter(|it| schema.column(it.dim().as_str()) == Some(0)).peekable();
        if is_output {
            Tenancy::One
        } else if about.peek().is_none() {
            Tenancy::All
        } else if about.any(|it| matches!(it, Filter::In(_, values) if values.len() == 1)) {
            Tenancy::One
        } else {
            Tenancy::Some
        }
    }

    /// Follows everybody's streams.
    fn climb(&mut self, pool: &Pool, counts_refusals: bool) -> Heights {
        let mut heights = Heights::new();
        for ((group, actor), mut changes) in changes(pool, counts_refusals) {
            changes.sort_unstable();
            walk(&changes, &mut self.times, |place, level| {
                let of_place = heights.entry(place).or_default();
                let highest = of_place.entry((group, actor)).or_default();
                *highest = level.max(*highest);
            });
        }
        heights
    }
}

/// See [`Work::tenancy`].
#[derive(Clone, Copy, PartialEq, Eq)]
enum Tenancy {
    One,
    All,
    Some,
}

/// Whether some stream runs on `day` of which that day knows nothing.
fn is_silent(pool: &Pool, day: Date) -> bool {
    pool.streams.values().any(|told| told.heard.is_silent_on(day))
}

/// What happens to a user's concurrency. At one instant ends come first and refusals last: a stream is
/// open from its start until just before its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Change {
    Down,
    Up,
    Refused,
}

/// Per group and user, everything that changed the concurrency, in no order.
fn changes(pool: &Pool, counts_refusals: bool) -> HashMap<(u32, u64), Vec<(i64, Change)>> {
    let mut changes: HashMap<(u32, u64), Vec<_>> = HashMap::new();
    for told in pool.streams.values() {
        let (opens, closes) = (told.stretch.first, told.closes());
        if let Some(actor) = told.actor.filter(|_| opens < closes && told.class != REFUSED) {
            let of_user = changes.entry((told.class, actor)).or_default();
            of_user.push((opens, Change::Up));
            of_user.push((closes, Change::Down));
        }
    }
    for (group, actor, at) in pool.refused.iter().filter(|_| counts_refusals) {
        changes.entry((*group, *actor)).or_default().push((*at, Change::Refused));
    }
    changes
}

/// Tells `reach` every bucket and a level that was held in it.
fn walk(changes: &[(i64, Change)], times: &mut Times<'_>, mut reach: impl FnMut(u32, u32)) {
    let mut level = 0_u32;
    let mut since = i64::MIN;
    for (at, change) in changes {
        if level > 0 && since < *at {
            times.each(since, *at, |place| reach(place, level));
        }
        since = *at;
        match change {
            Change::Down => level = level.saturating_sub(1),
            Change::Up => level += 1,
            Change::Refused => {
                if let Some(place) = times.at(*at) {
                    reach(place, level + 1);
                }
            }
        }
    }
}

/// Users per group, bucket and level. Without the level in the output, users who reached any wanted one.
struct Users<'a> {
    is_shown: bool,
    filters: Vec<&'a Filter>,
    counted: BTreeMap<(u32, u32, u32), u64>,
}

impl<'a> Users<'a> {
    fn of(plan: &'a Plan, level: Option<&Dim>) -> Self {
        let filters = plan.filters.iter().filter(|filter| Some(filter.dim()) == level).collect();
        let is_shown = level.is_some_and(|level| plan.dims.contains(level));
        Self { is_shown, filters, counted: BTreeMap::new() }
    }

    fn count(&mut self, heights: Heights) {
        let highest = heights.values().flat_map(HashMap::values).max().copied().unwrap_or(0);
        let wanted: Vec<_> = (1..=highest).filter(|level| self.wants(*level)).collect();
        for (place, of_place) in heights {
            for ((group, _), height) in of_place {
                let reached = wanted.iter().take_while(|level| **level <= height);
                let shown = if self.is_shown { usize::MAX } else { 1 };
                for level in reached.take(shown) {
                    let level = if self.is_shown { *level } else { 0 };
                    *self.counted.entry((group, place, level)).or_default() += 1;
                }
            }
        }
    }

    fn wants(&self, level: u32) -> bool {
        let level = level.to_string();
        self.filters.iter().all(|filter| filter.admits(&level))
    }
}
