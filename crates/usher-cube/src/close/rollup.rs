//! Rolling a day up: one table per combination of dimensions that reports ask for, where it is worth it.
//!
//! Dimensions hang together: a device tells its platform, an application its company. When a wider
//! combination has no more rows than a narrower one, both split the facts alike, and the wider one serves.

use std::cmp::Reverse;

use indexmap::IndexSet;

use crate::close::base::{Base, Hours, Sums};
use crate::close::streams::DayStreams;
use crate::close::{EachBlock, Evening, Rollup, RollupSet};
use crate::labels::{Dictionary, LabelColumn, Labels, small};
use crate::schema::Taken;
use crate::{Grain, Keys, Marks, Measure, Sketch};

/// A wider roll-up serves instead of one without distinct counts if it has at most so many times its rows.
const WIDER: u64 = 2;

/// Stands for a bucket without facts.
const NO_ROW: u32 = u32::MAX;

/// Users, or sessions, that are told apart at the same time.
const IDENTITIES_MAX: u64 = 4_000_000;

/// Rolls a day up.
pub(crate) fn rollups<E>(
    evening: &Evening<'_>,
    base: &Base,
    streams: Option<&DayStreams>,
    blocks: EachBlock<'_, E>,
) -> Result<Vec<Rollup>, E> {
    let mut sets = evening.sets.to_vec();
    sets.sort_by_key(|set| (Reverse(set.dims.columns().count()), *set));
    let mut tables: Vec<Table> = Vec::new();
    let added = Added::of(evening, base, streams);
    for set in sets {
        let Some(table) = Table::of(set, evening, base, &added) else { continue };
        let serves = |wider: &&Table| {
            let limit = if set.has_distinct { 1 } else { WIDER };
            wider.set.grain == set.grain
                && wider.set.dims.covers(set.dims)
                && wider.rows() <= table.rows() * limit
        };
        if is_worth_it(table.rows(), evening, base) && !tables.iter().any(|it| serves(&it)) {
            tables.push(table);
        }
    }
    for table in &mut tables {
        table.add(evening, &added);
    }
    add_distinct(evening, base, &mut tables, blocks)?;
    Ok(tables.into_iter().map(|table| table.sorted(base)).collect())
}

/// The buckets of a day.
const fn buckets(set: RollupSet) -> usize {
    match set.grain {
        Grain::Hour => 24,
        Grain::Year | Grain::Month | Grain::Day | Grain::Minute => 1,
    }
}

/// Whether a table of so many rows is read that much faster than the facts.
const fn is_worth_it(rows: u64, evening: &Evening<'_>, base: &Base) -> bool {
    rows * evening.facts_per_row <= base.facts
}

/// What a kind adds to a metric in an hour; the same for every roll-up.
struct Added {
    kind: u32,
    hour: u8,
    metric: usize,
    number: u64,
}

impl Added {
    /// What facts and whole streams add. Whoever is counted once is left out.
    fn of(evening: &Evening<'_>, base: &Base, streams: Option<&DayStreams>) -> Vec<Self> {
        let mut numbers: Sums<(u32, u8, usize), u64> = Sums::default();
        let mut add = |key, number: u64| {
            let sum = numbers.entry(key).or_default();
            *sum = sum.saturating_add(number);
        };
        let mut hours = Hours::of(evening);
        for (metric, (_, measure)) in evening.schema.metrics.iter().enumerate() {
            for sum in &base.sums {
                match measure.takes(sum.marks) {
                    Some(Taken::Itself) => add((sum.kind, sum.hour, metric), sum.facts),
                    Some(Taken::Amount) => add((sum.kind, sum.hour, metric), sum.amount),
                    Some(Taken::Actor | Taken::Session) | None => {}
                }
            }
            for told in streams.iter().flat_map(|streams| &streams.whole) {
                told.adds(*measure, |kind, at| add((kind, hours.of_fact(at), metric), 1));
            }
        }
        let mut added: Vec<_> = numbers
            .into_iter()
            .map(|((kind, hour, metric), number)| Self { kind, hour, metric, number })
            .collect();
        added.sort_unstable_by_key(|added| (added.metric, added.kind, added.hour));
        added
    }
}

/// A roll-up in the making.
struct Table {
    set: RollupSet,
    columns: Vec<usize>,
    groups: IndexSet<Box<[u32]>>,
    /// The group of each kind.
    of_kind: Vec<u32>,
    /// Per group and hour, the number of the row.
    numbers: Vec<u32>,
    marks: Vec<Marks>,
    values: Vec<Vec<u64>>,
}

impl Table {
    /// The rows that facts and streams make; nothing when they are more than it is worth.
    fn of(set: RollupSet, evening: &Evening<'_>, base: &Base, added: &[Added]) -> Option<Self> {
        let columns: Vec<_> =
            set.dims.columns().filter(|it| *it < evening.schema.dims.len()).collect();
        let mut groups: IndexSet<Box<[u32]>> = IndexSet::new();
        let mut codes = Vec::new();
        let group = |kind: &[u32]| {
            codes.clear();
            codes.extend(columns.iter().map(|it| kind.get(*it).copied().unwrap_or(u32::MAX)));
            let known = groups.get_index_of(codes.as_slice());
            small(known.unwrap_or_else(|| groups.insert_full(codes.as_slice().into()).0))
        };
        let of_kind = base.shapes.kinds().map(group).collect();
        // A group has a row, or several: what would be too large is not begun.
        if !is_worth_it(groups.len() as u64, evening, base) {
            return None;
        }
        let mut table = Self {
            numbers: vec![NO_ROW; groups.len() * buckets(set)],
            set,
            columns,
            groups,
            of_kind,
            marks: Vec::new(),
            values: Vec::new(),
        };
        for sum in &base.sums {
            let row = table.row(sum.kind, sum.hour);
            if let Some(marks) = table.marks.get_mut(row) {
                *marks = marks.and(sum.marks);
            }
        }
        for added in added {
            table.row(added.kind, added.hour);
        }
        Some(table)
    }

    fn rows(&self) -> u64 {
        self.marks.len() as u64
    }

    /// The row of a kind and an hour, which is made if need be.
    fn row(&mut self, kind: u32, hour: u8) -> usize {
        let group = self.of_kind.get(kind as usize).copied().unwrap_or(u32::MAX);
        let buckets = buckets(self.set);
        let place = group as usize * buckets + usize::from(hour) % buckets;
        let Some(row) = self.numbers.get_mut(place) else { return usize::MAX };
        if *row == NO_ROW {
            *row = small(self.marks.len());
            self.marks.push(Marks::NONE);
        }
        *row as usize
    }

    /// Adds facts, amounts and what streams tell.
    fn add(&mut self, evening: &Evening<'_>, added: &[Added]) {
        let rows = self.marks.len();
        let is_kept = |measure: Measure| measure != Measure::Reached;
        let metrics = evening.schema.metrics.iter();
        self.values = metrics
            .map(|(_, measure)| if is_kept(*measure) { vec![0; rows] } else { Vec::new() })
            .collect();
        for added in added {
            let row = self.row(added.kind, added.hour);
            let values = self.values.get_mut(added.metric);
            if let Some(value) = values.and_then(|values| values.get_mut(row)) {
                *value = value.saturating_add(added.number);
            }
        }
    }

    /// The finished roll-up, sorted by dimension values and hour.
    fn sorted(self, base: &Base) -> Rollup {
        let rank = |column: &usize| base.shapes.dictionaries.get(*column).map(Dictionary::ranks);
        let ranks: Vec<_> = self.columns.iter().filter_map(rank).collect();
        let key = |group: &[u32]| {
            let rank = |(code, ranks): (&u32, &Vec<u32>)| ranks.get(*code as usize).copied();
            group.iter().zip(&ranks).map(rank).collect::<Vec<_>>()
        };
        let keys: Vec<_> = self.groups.iter().map(|group| key(group)).collect();
        let mut sorted: Vec<_> = (0..keys.len()).collect();
        sorted.sort_unstable_by_key(|group| keys.get(*group));
        let buckets = buckets(self.set);
        let of_group = |group: &usize| {
            let (group, hours) = (small(*group), 0_u8..);
            let rows = self.numbers.iter().skip(group as usize * buckets).take(buckets);
            let rows = hours.zip(rows).filter(|(_, row)| **row != NO_ROW);
            rows.map(move |(hour, row)| ((group, hour), *row as usize))
        };
        let rows: Vec<_> = sorted.iter().flat_map(of_group).collect();
        // Groups are numbered in the order of their rows; those of kinds without a row are left out.
        let mut order = IndexSet::new();
        let group = rows.iter().map(|((group, _), _)| small(order.insert_full(*group).0)).collect();
        let has_hours = self.set.grain == Grain::Hour;
        let values = self.values.into_iter().map(|values| {
            if values.is_empty() {
                return values;
            }
            rows.iter().map(|(_, row)| values.get(*row).copied().unwrap_or(0)).collect()
        });
        let marks = rows.iter().map(|(_, row)| self.marks.get(*row).copied().unwrap_or_default());
        Rollup {
            sketch: Sketch { dims: self.set.dims, grain: self.set.grain, rows: rows.len() as u64 },
            keys: Keys {
                groups: labels(base, &self.columns, &self.groups, &order),
                group,
                hour: rows.iter().filter(|_| has_hours).map(|((_, hour), _)| *hour).collect(),
                marks: marks.collect(),
            },
            values: values.collect(),
        }
    }
}

/// The dimension values of the groups in `order`.
fn labels(
    base: &Base,
    columns: &[usize],
    groups: &IndexSet<Box<[u32]>>,
    order: &IndexSet<u32>,
) -> Labels {
    let column = |(nth, column): (usize, &usize)| LabelColumn {
        column: *column,
        dictionary: base
            .shapes
            .dictionaries
            .get(*column)
            .map(Dictionary::to_vec)
            .unwrap_or_default(),
        codes: order
            .iter()
            .map(|group| {
                let codes = groups.get_index(*group as usize);
                codes.and_then(|codes| codes.get(nth)).copied().unwrap_or(u32::MAX)
            })
            .collect(),
    };
    Labels(columns.iter().enumerate().map(column).collect())
}

/// Counts everybody once per row, all roll-ups together: whoever is met stands in a few rows of each.
fn add_distinct<E>(
    evening: &Evening<'_>,
    base: &Base,
    tables: &mut [Table],
    blocks: EachBlock<'_, E>,
) -> Result<(), E> {
    let metrics = evening.schema.metrics.iter().enumerate();
    for (metric, (_, measure)) in metrics.filter(|(_, (_, measure))| measure.is_distinct()) {
        let parts = base.facts.div_ceil(IDENTITIES_MAX).max(1);
        for part in 0..parts {
            let met = meet(evening, base, *measure, |who| who % parts == part, blocks)?;
            for table in tables.iter_mut() {
                table.add_met(metric, base, &met);
            }
        }
    }
    Ok(())
}

/// Who was met as what and when, everybody's things together.
fn meet<E>(
    evening: &Evening<'_>,
    base: &Base,
    measure: Measure,
    mine: impl Fn(u64) -> bool,
    blocks: EachBlock<'_, E>,
) -> Result<Vec<(u64, u32, u8)>, E> {
    let mut met = Vec::new();
    let mut shapes = base.shapes.clone();
    let mut hours = Hours::of(evening);
    blocks(&mut |block| {
        let of_block = shapes.adopt(block);
        for row in block.rows() {
            let who = block.met(&row, measure);
            if let Some(who) = who.filter(|who| mine(*who))
                && let Some(shape) = of_block.get(row.shape as usize)
            {
                met.push((who, base.shapes.kind(*shape), hours.of_fact(row.at)));
            }
        }
    })?;
    met.sort_unstable();
    met.dedup();
    Ok(met)
}

impl Table {
    /// Adds one to every row in which somebody was met.
    fn add_met(&mut self, metric: usize, base: &Base, met: &[(u64, u32, u8)]) {
        debug_assert!(self.of_kind.len() >= base.shapes.kinds().len());
        let mut last_met = vec![0_u32; self.marks.len()];
        let (mut somebody, mut number) = (None, 0);
        for (who, kind, hour) in met {
            if somebody != Some(*who) {
                (somebody, number) = (Some(*who), number + 1);
            }
            let row = self.row(*kind, *hour);
            let values = self.values.get_mut(metric);
            if let Some(last) = last_met.get_mut(row).filter(|last| **last != number)
                && let Some(value) = values.and_then(|values| values.get_mut(row))
            {
                *last = number;
                *value += 1;
            }
        }
    }
}
