//! How many streams users had at once (`wolap.md` §18.4).
//!
//! A user's concurrency is a step function of time. Its peak in a bucket is a level the user *reached*,
//! together with every level below; a refused start counts as one more than was running.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::execute::{Groups, Times};
use crate::facts::{Chunk, NOBODY};
use crate::{Dim, Facts, Plan, Row, Table};

/// Answers a plan whose metric is `users`.
pub(crate) fn execute(facts: &Facts, plan: &Plan) -> Table {
    let groups = Groups::of(facts, plan);
    let mut times = Times::of(plan);
    let level = plan.cube.iter().find(|dim| dim.is_level());
    let counts_refusals = level.is_some_and(|dim| dim.as_str() == "activity-level");
    let changes = changes(facts, &groups, counts_refusals);
    let mut peaks: HashMap<(u32, u32, u32), u32> = HashMap::new();
    for ((group, actor), mut changes) in changes {
        changes.sort_unstable();
        walk(&changes, &mut times, |bucket, level| {
            let peak = peaks.entry((group, bucket, actor)).or_default();
            *peak = level.max(*peak);
        });
    }
    let reached = reached(plan, level, peaks);
    let rows = reached.into_iter().map(|((group, bucket, level), users)| Row {
        labels: groups.labels(facts, group, times.labels(bucket), level),
        values: plan.metrics.iter().map(|_| users).collect(),
    });
    Table::finish(plan, rows.collect())
}

/// What happens to a user's concurrency. At one instant ends come first and refusals last: a session
/// is open from its start until just before its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Change {
    Down,
    Up,
    Refused,
}

/// Per group and user, everything that changed the concurrency, in no order.
fn changes(
    facts: &Facts,
    groups: &Groups,
    counts_refusals: bool,
) -> HashMap<(u32, u32), Vec<(i64, Change)>> {
    let mut changes: HashMap<(u32, u32), Vec<_>> = HashMap::new();
    for span in facts.spans.values().filter(|span| span.start < span.closes()) {
        if let Some(group) = groups.get(span.shape).filter(|_| span.actor != NOBODY) {
            let of_user = changes.entry((group, span.actor)).or_default();
            of_user.push((span.start, Change::Up));
            of_user.push((span.closes(), Change::Down));
        }
    }
    if counts_refusals {
        for (at, shape, _, actor, _) in facts.chunks.iter().flat_map(Chunk::rows) {
            let refused = facts
                .shapes
                .get_index(shape as usize)
                .is_some_and(|shape| shape.marks.meets(facts.schema.refused));
            if let Some(group) = groups.get(shape).filter(|_| refused && actor != NOBODY) {
                changes.entry((group, actor)).or_default().push((at, Change::Refused));
            }
        }
    }
    changes
}

/// Tells `reach` every bucket and a level that was held in it.
fn walk(changes: &[(i64, Change)], times: &mut Times<'_>, mut reach: impl FnMut(u32, u32)) {
    let mut level = 0_u32;
    let mut since = i64::MIN;
    for (at, change) in changes {
        if level > 0 && since < *at {
            times.each(since, *at, |bucket| reach(bucket, level));
        }
        since = *at;
        match change {
            Change::Down => level = level.saturating_sub(1),
            Change::Up => level += 1,
            Change::Refused => {
                if let Some(bucket) = times.place(*at) {
                    reach(bucket, level + 1);
                }
            }
        }
    }
}

/// Users per group, bucket and level. Without the level in the output, users who reached any wanted one.
fn reached(
    plan: &Plan,
    level: Option<&Dim>,
    peaks: HashMap<(u32, u32, u32), u32>,
) -> BTreeMap<(u32, u32, u32), u64> {
    let shown = level.is_some_and(|level| plan.dims.contains(level));
    let filters: Vec<_> =
        plan.filters.iter().filter(|filter| Some(filter.dim()) == level).collect();
    let wanted = |level: u32| {
        let level = level.to_string();
        filters.iter().all(|filter| filter.admits(&level))
    };
    let mut users: BTreeMap<_, u64> = BTreeMap::new();
    let mut seen = HashSet::new();
    for ((group, bucket, actor), peak) in peaks {
        for level in (1..=peak).filter(|level| wanted(*level)) {
            let level = if shown { level } else { 0 };
            if seen.insert((group, bucket, level, actor)) {
                *users.entry((group, bucket, level)).or_default() += 1;
            }
        }
    }
    users
}
