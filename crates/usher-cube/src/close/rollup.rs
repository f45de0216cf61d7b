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
use crate::{Grain, Keys, Marks, Measure, Sketch};

/// A wider roll-up serves instead of one without distinct counts if it has at most so many times its rows.
const WIDER: u64 = 2;

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
    for set in sets {
        let table = Table::of(set, evening, (base, streams));
        let serves = |wider: &&Table| {
            let limit = if set.has_distinct { 1 } else { WIDER };
            wider.set.grain == set.grain
                && wider.set.dims.covers(set.dims)
                && wider.rows() <= table.rows() * limit
        };
        if table.rows() * evening.facts_per_row <= base.facts
            && !tables.iter().any(|it| serves(&it))
        {
            tables.push(table);
        }
    }
    for table in &mut tables {
        table.add_sums(evening, base);
        table.add_streams(evening, streams);
    }
    add_distinct(evening, base, &mut tables, blocks)?;
    Ok(tables.into_iter().map(|table| table.sorted(base)).collect())
}

/// A roll-up in the making.
struct Table {
    set: RollupSet,
    columns: Vec<usize>,
    groups: IndexSet<Box<[u32]>>,
    /// The group of each kind.
    of_kind: Vec<u32>,
    /// The number of each row.
    numbers: Sums<(u32, u8), u32>,
    marks: Vec<Marks>,
    values: Vec<Vec<u64>>,
}

impl Table {
    /// The rows that facts and streams make.
    fn of(
        set: RollupSet,
        evening: &Evening<'_>,
        (base, streams): (&Base, Option<&DayStreams>),
    ) -> Self {
        let columns: Vec<_> =
            set.dims.columns().filter(|it| *it < evening.schema.dims.len()).collect();
        let mut groups = IndexSet::new();
        let group = |kind: &[u32]| {
            let codes = columns.iter().map(|it| kind.get(*it).copied().unwrap_or(u32::MAX));
            small(groups.insert_full(codes.collect()).0)
        };
        let of_kind = base.shapes.kinds().map(group).collect();
        let mut table = Self {
            set,
            columns,
            groups,
            of_kind,
            numbers: Sums::default(),
            marks: Vec::new(),
            values: Vec::new(),
        };
        for (shape, hour) in base.sums.keys() {
            let row = table.row(base.shapes.kind(*shape), *hour);
            if let Some(marks) = table.marks.get_mut(row) {
                *marks = marks.and(base.shapes.marks(*shape));
            }
        }
        table.each_stream(evening, streams, |_, _| {});
        table
    }

    fn rows(&self) -> u64 {
        self.marks.len() as u64
    }

    /// The row of a kind and an hour, which is made if need be.
    fn row(&mut self, kind: u32, hour: u8) -> usize {
        let group = self.of_kind.get(kind as usize).copied().unwrap_or(u32::MAX);
        let hour = if self.set.grain == Grain::Hour { hour } else { 0 };
        let next = small(self.marks.len());
        let row = *self.numbers.entry((group, hour)).or_insert(next);
        if row == next {
            self.marks.push(Marks::NONE);
        }
        row as usize
    }

    /// Tells `add` the row and the metric of everything that the day's whole streams add.
    fn each_stream(
        &mut self,
        evening: &Evening<'_>,
        streams: Option<&DayStreams>,
        mut add: impl FnMut(usize, usize),
    ) {
        let mut hours = Hours::of(evening);
        for (metric, (_, measure)) in evening.schema.metrics.iter().enumerate() {
            if !measure.is_about_streams() {
                continue;
            }
            for told in streams.iter().flat_map(|streams| &streams.whole) {
                told.adds(*measure, |kind, at| {
                    let row = self.row(kind, hours.of_fact(at));
                    add(metric, row);
                });
            }
        }
    }

    /// Counts facts and sums amounts.
    fn add_sums(&mut self, evening: &Evening<'_>, base: &Base) {
        let rows = self.marks.len();
        let metrics = evening.schema.metrics;
        let is_kept = |measure: Measure| measure != Measure::Reached;
        self.values = metrics
            .iter()
            .map(|(_, measure)| if is_kept(*measure) { vec![0; rows] } else { Vec::new() })
            .collect();
        for ((shape, hour), (facts, sum)) in &base.sums {
            let row = self.row(base.shapes.kind(*shape), *hour);
            let marks = base.shapes.marks(*shape);
            for ((_, measure), values) in metrics.iter().zip(&mut self.values) {
                let added = match measure {
                    Measure::Count(wanted) if marks.meets(*wanted) => *facts,
                    Measure::Sum(wanted) if marks.meets(*wanted) => *sum,
                    Measure::Count(_)
                    | Measure::Sum(_)
                    | Measure::Actors(_)
                    | Measure::Sessions(_)
                    | Measure::Lasted { .. }
                    | Measure::Units(_)
                    | Measure::Reached => continue,
                };
                if let Some(value) = values.get_mut(row) {
                    *value = value.saturating_add(added);
                }
            }
        }
    }

    /// Adds what the day's whole streams tell.
    fn add_streams(&mut self, evening: &Evening<'_>, streams: Option<&DayStreams>) {
        let mut values = std::mem::take(&mut self.values);
        self.each_stream(evening, streams, |metric, row| {
            if let Some(value) = values.get_mut(metric).and_then(|values| values.get_mut(row)) {
                *value += 1;
            }
        });
        self.values = values;
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
        let mut rows: Vec<_> =
            self.numbers.iter().map(|(key, row)| (*key, *row as usize)).collect();
        rows.sort_unstable_by(|((left, left_hour), _), ((right, right_hour), _)| {
            let by_labels = keys.get(*left as usize).cmp(&keys.get(*right as usize));
            by_labels.then(left_hour.cmp(right_hour))
        });
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
            let marks = block.marks(row.shape);
            let who = match measure {
                Measure::Actors(wanted) if marks.meets(wanted) => block.who(row.actor),
                Measure::Sessions(wanted) if marks.meets(wanted) => block.which(row.session),
                Measure::Actors(_)
                | Measure::Sessions(_)
                | Measure::Count(_)
                | Measure::Sum(_)
                | Measure::Lasted { .. }
                | Measure::Units(_)
                | Measure::Reached => None,
            };
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
