//! Which rows a report shows: first who exists, then the first of them in the report's order.
//!
//! Numbers are counted afterwards, for these rows alone. So what a report costs in memory is bounded by
//! its limit, and days that contribute to no shown row are not read twice.

use std::cmp::Ordering;
use std::collections::HashMap;

use crate::execute::groups::{Groups, REFUSED};
use crate::execute::times::Times;
use crate::labels::small;
use crate::{Grain, Plan, TooBroad};

/// A row: a group in a bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cell {
    pub(crate) group: u32,
    pub(crate) place: u32,
}

/// The cells in which something was counted: per place, one bit per group.
#[derive(Debug, Default)]
pub(crate) struct Existing {
    bits: Vec<Vec<u64>>,
    count: u64,
}

impl Existing {
    /// Remembers a cell.
    pub(crate) fn note(&mut self, group: u32, place: u32) {
        let (place, word, bit) = (place as usize, group as usize / 64, group % 64);
        if self.bits.len() <= place {
            self.bits.resize_with(place + 1, Vec::new);
        }
        let Some(groups) = self.bits.get_mut(place) else { return };
        if groups.len() <= word {
            groups.resize(word + 1, 0);
        }
        if let Some(word) = groups.get_mut(word) {
            self.count += u64::from(*word & 1 << bit == 0);
            *word |= 1 << bit;
        }
    }

    /// How many cells there are.
    pub(crate) const fn len(&self) -> u64 {
        self.count
    }

    fn cells(&self) -> impl Iterator<Item = Cell> {
        (0..).zip(&self.bits).flat_map(|(place, groups)| {
            (0..).zip(groups).flat_map(move |(word, bits)| {
                let set = (0..64_u32).filter(move |bit| *bits & 1 << bit != 0);
                set.map(move |bit| Cell { group: word * 64 + bit, place })
            })
        })
    }
}

/// The rows of a report, in order, and where to find them.
pub(crate) struct Picks {
    pub(crate) cells: Vec<Cell>,
    /// Per place with a row, one slot per group.
    slots: HashMap<u32, Vec<u32>>,
}

/// No row.
const NO_SLOT: u32 = u32::MAX;

impl Picks {
    /// The first rows of the report, as many as its limit allows.
    pub(crate) fn of(
        existing: &Existing,
        groups: &Groups<'_>,
        times: &Times<'_>,
        plan: &Plan,
    ) -> Self {
        let order = Order::of(groups, times, plan);
        let mut cells: Vec<_> = existing.cells().collect();
        if plan.limit < cells.len() {
            cells.select_nth_unstable_by(plan.limit, |left, right| order.compare(*left, *right));
            cells.truncate(plan.limit);
        }
        cells.sort_unstable_by(|left, right| order.compare(*left, *right));
        let mut slots: HashMap<u32, Vec<u32>> = HashMap::new();
        for (slot, cell) in cells.iter().enumerate() {
            let of_place = slots.entry(cell.place).or_insert_with(|| vec![NO_SLOT; groups.len()]);
            if let Some(place) = of_place.get_mut(cell.group as usize) {
                *place = small(slot);
            }
        }
        Self { cells, slots }
    }

    /// The row of a group in a bucket, if it is shown.
    pub(crate) fn slot(&self, group: u32, place: u32) -> Option<usize> {
        let slot = *self.slots.get(&place)?.get(group as usize)?;
        (slot != NO_SLOT).then_some(slot as usize)
    }

    /// Whether a bucket has a row that is shown.
    pub(crate) fn has(&self, place: u32) -> bool {
        self.slots.contains_key(&place)
    }
}

/// The order of rows: left to right through the output's dimensions (`wolap.md` §12).
struct Order<'a> {
    dims: Vec<Ranked>,
    groups: &'a Groups<'a>,
    times: &'a Times<'a>,
}

/// How one dimension of the output sorts.
enum Ranked {
    /// By code point: the rank of each code, and which of a group's codes it is about.
    Label { nth: usize, ranks: Vec<u32> },
    /// By number: which of a bucket's labels.
    Time { nth: usize },
}

impl<'a> Order<'a> {
    fn of(groups: &'a Groups<'_>, times: &'a Times<'_>, plan: &Plan) -> Self {
        let mut ranks = groups.ranks().into_iter();
        let (mut labels, mut buckets) = (0.., 0..);
        let ranked = |dim: &crate::Dim| {
            if Grain::named(dim.as_str()).is_some() {
                return Some(Ranked::Time { nth: buckets.next()? });
            }
            Some(Ranked::Label { nth: labels.next()?, ranks: ranks.next()? })
        };
        Self { dims: plan.dims.iter().filter_map(ranked).collect(), groups, times }
    }

    fn compare(&self, left: Cell, right: Cell) -> Ordering {
        let (left_codes, right_codes) =
            (self.groups.codes(left.group), self.groups.codes(right.group));
        let (left_times, right_times) =
            (self.times.labels(left.place), self.times.labels(right.place));
        let orders = self.dims.iter().map(|dim| match dim {
            Ranked::Label { nth, ranks } => {
                let rank = |codes: &[u32]| {
                    let code = codes.get(*nth).copied().unwrap_or(REFUSED);
                    ranks.get(code as usize).copied().unwrap_or(REFUSED)
                };
                rank(left_codes).cmp(&rank(right_codes))
            }
            Ranked::Time { nth } => left_times.get(*nth).cmp(&right_times.get(*nth)),
        });
        orders.into_iter().find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
    }
}

/// Refuses selections of more cells than allowed (`wolap.md` §15a): buckets times groups. There are
/// never more cells than facts, so a wide but thin selection passes.
pub(crate) fn check_width(
    groups: usize,
    buckets: u64,
    facts: u64,
    cells_max: u64,
) -> Result<(), TooBroad> {
    let groups = u64::try_from(groups).unwrap_or(u64::MAX);
    if groups.saturating_mul(buckets).min(facts) > cells_max { Err(TooBroad) } else { Ok(()) }
}
