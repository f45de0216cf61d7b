//! Answers a plan from facts: group by packed ids, additive sums, exact distinct counts.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use indexmap::IndexSet;

use crate::calendar::{DAY, HOUR, LocalTime, MINUTE, from_local, to_local};
use crate::facts::NOBODY;
use crate::spans::Span;
use crate::{Dim, Facts, Filter, Grain, Marks, Measure, Plan, Range, Row, Table, levels};

/// The selection spans more cells than the plan allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("The requested selection is too wide to be processed")]
pub struct TooBroad;

/// Answers `plan` from `facts`.
pub fn execute(facts: &Facts, plan: &Plan) -> Result<Table, TooBroad> {
    if plan.range.is_some_and(|range| range.start == range.end) {
        return Ok(Table::finish(plan, Vec::new()));
    }
    let measures: Vec<_> =
        plan.metrics.iter().map(|it| facts.schema.measure(it.as_str())).collect();
    if measures.contains(&Some(Measure::Reached)) {
        return Ok(levels::execute(facts, plan));
    }
    let mut tally = Tally {
        groups: Groups::of(facts, plan),
        times: Times::of(plan),
        counted: counted(facts, plan),
        cells: HashMap::new(),
        keys: Vec::new(),
        values: Vec::new(),
        distinct: vec![HashSet::new(); measures.len()],
        measures,
    };
    tally.check_width(facts, plan)?;
    tally.scan(facts);
    tally.add_spans(facts);
    tally.count_distinct();
    let rows = tally.rows(facts);
    Ok(Table::finish(plan, rows))
}

/// What makes a group a row (`wolap.md` §7, step 9).
fn counted(facts: &Facts, plan: &Plan) -> Marks {
    let measures = plan.counted.iter().filter_map(|it| facts.schema.measure(it.as_str()));
    measures.map(Measure::marks).fold(Marks::NONE, Marks::and)
}

/// Which group each shape belongs to; nothing for shapes a filter refuses.
pub(crate) struct Groups {
    of_shape: Vec<Option<u32>>,
    keys: IndexSet<Vec<u32>>,
    /// Per output dimension: a column of the facts, or a time dimension, or a level.
    columns: Vec<Column>,
}

#[derive(Clone, Copy)]
enum Column {
    Label(usize),
    Time(usize),
    Level,
}

impl Groups {
    pub(crate) fn of(facts: &Facts, plan: &Plan) -> Self {
        let columns = columns(facts, plan);
        let mut conditions = conditions(facts, plan);
        let mut keys = IndexSet::new();
        let of_shape = facts.shapes.iter().map(|shape| {
            let code = |column: usize| shape.codes.get(column).copied().unwrap_or(NOBODY);
            if !conditions.iter_mut().all(|condition| condition.admits(facts, code)) {
                return None;
            }
            let key = columns.iter().filter_map(|column| match column {
                Column::Label(column) => Some(code(*column)),
                Column::Time(_) | Column::Level => None,
            });
            u32::try_from(keys.insert_full(key.collect::<Vec<_>>()).0).ok()
        });
        Self { of_shape: of_shape.collect(), keys, columns }
    }

    /// The group of a shape.
    pub(crate) fn get(&self, shape: u32) -> Option<u32> {
        self.of_shape.get(shape as usize).copied().flatten()
    }

    /// The labels of a row: its group's, its bucket's and its level.
    pub(crate) fn labels(
        &self,
        facts: &Facts,
        group: u32,
        time: &[i16],
        level: u32,
    ) -> Vec<Arc<str>> {
        let mut codes = self.keys.get_index(group as usize).into_iter().flatten();
        let label = |column: &Column| match column {
            Column::Label(_) => codes.next().map_or_else(Arc::default, |code| facts.label(*code)),
            Column::Time(index) => number(time.get(*index).copied().unwrap_or(0)),
            Column::Level => number(level),
        };
        self.columns.iter().map(label).collect()
    }
}

/// A number as reports write it: decimal, unpadded.
fn number(value: impl Into<i64>) -> Arc<str> {
    value.into().to_string().into()
}

/// Where the values of each output dimension come from.
fn columns(facts: &Facts, plan: &Plan) -> Vec<Column> {
    let mut times = 0..;
    let column = |dim: &Dim| match facts.schema.column(dim.as_str()) {
        Some(column) => Column::Label(column),
        None if Grain::named(dim.as_str()).is_some() => Column::Time(times.next().unwrap_or(0)),
        None => Column::Level,
    };
    plan.dims.iter().map(column).collect()
}

/// A filter on a column, with its verdict per label, so that a long `IN` list is searched only once
/// for each label.
struct Condition<'a> {
    column: usize,
    filter: &'a Filter,
    verdicts: HashMap<u32, bool>,
}

/// The plan's filters on columns. Those on levels are applied where levels are computed.
fn conditions<'a>(facts: &Facts, plan: &'a Plan) -> Vec<Condition<'a>> {
    let condition = |filter: &'a Filter| {
        let column = facts.schema.column(filter.dim().as_str())?;
        Some(Condition { column, filter, verdicts: HashMap::new() })
    };
    plan.filters.iter().filter_map(condition).collect()
}

impl Condition<'_> {
    fn admits(&mut self, facts: &Facts, code: impl Fn(usize) -> u32) -> bool {
        let code = code(self.column);
        let verdict = || self.filter.admits(&facts.label(code));
        *self.verdicts.entry(code).or_insert_with(verdict)
    }
}

/// Time buckets: from an instant to the number of its output labels.
pub(crate) struct Times<'a> {
    local: LocalTime<'a>,
    /// The output's time dimensions and the finest of them; nothing without a range.
    bounds: Option<Bounds>,
    /// Milliseconds that surely lie in one bucket.
    unit: i64,
    last: Option<(i64, Option<u32>)>,
    known: HashMap<i64, Option<u32>>,
    labels: IndexSet<Vec<i16>>,
}

struct Bounds {
    grains: Vec<Grain>,
    finest: Grain,
    from: jiff::civil::DateTime,
    until: jiff::civil::DateTime,
}

impl<'a> Times<'a> {
    pub(crate) fn of(plan: &'a Plan) -> Self {
        let grains: Vec<_> =
            plan.dims.iter().filter_map(|dim| Grain::named(dim.as_str())).collect();
        let bounds = plan.grain.zip(plan.range).map(|(finest, Range { start, end })| Bounds {
            grains,
            finest,
            from: finest.floor(start),
            until: end,
        });
        let unit = match plan.grain {
            Some(Grain::Minute) => MINUTE,
            Some(Grain::Hour) => HOUR,
            Some(Grain::Day | Grain::Month | Grain::Year) | None => DAY,
        };
        Self {
            local: plan.zone.reader(),
            bounds,
            unit,
            last: None,
            known: HashMap::new(),
            labels: IndexSet::new(),
        }
    }

    /// The bucket an instant lies in; nothing outside the range.
    pub(crate) fn place(&mut self, epoch_millis: i64) -> Option<u32> {
        let unit = self.local.at(epoch_millis).div_euclid(self.unit);
        if let Some((known, place)) = self.last
            && known == unit
        {
            return place;
        }
        let place = self.place_unit(unit);
        self.last = Some((unit, place));
        place
    }

    /// The bucket that a whole unit lies in.
    fn place_unit(&mut self, unit: i64) -> Option<u32> {
        if let Some(place) = self.known.get(&unit) {
            return *place;
        }
        let place = match &self.bounds {
            None => Some(self.labels.insert_full(Vec::new()).0),
            Some(bounds) => {
                let bucket = bounds.finest.floor(from_local(unit.saturating_mul(self.unit)));
                (bounds.from <= bucket && bucket < bounds.until).then(|| {
                    let labels = bounds.grains.iter().map(|grain| grain.value(bucket));
                    self.labels.insert_full(labels.collect()).0
                })
            }
        };
        let place = place.and_then(|place| u32::try_from(place).ok());
        self.known.insert(unit, place);
        place
    }

    /// The labels of a bucket.
    pub(crate) fn labels(&self, place: u32) -> &[i16] {
        self.labels.get_index(place as usize).map_or(&[], Vec::as_slice)
    }

    /// Calls `visit` with every bucket in range that `[from, until)` (epoch milliseconds) touches.
    pub(crate) fn each(&mut self, from: i64, until: i64, mut visit: impl FnMut(u32)) {
        let (from_local_time, until) =
            (from_local(self.local.at(from)), from_local(self.local.at(until)));
        let Some(bounds) = &self.bounds else {
            visit(self.place(from).unwrap_or(0));
            return;
        };
        let finest = bounds.finest;
        let mut bucket = bounds.from.max(finest.floor(from_local_time));
        let end = bounds.until.min(until);
        while bucket < end {
            if let Some(place) = self.place_unit(to_local(bucket).div_euclid(self.unit)) {
                visit(place);
            }
            let Some(next) = finest.next(bucket) else { return };
            bucket = next;
        }
    }
}

/// Counts in the making. A cell is a bucket of a group.
struct Tally<'a> {
    groups: Groups,
    times: Times<'a>,
    counted: Marks,
    measures: Vec<Option<Measure>>,
    cells: HashMap<(u32, u32), Cell>,
    keys: Vec<(u32, u32)>,
    /// One run of `measures.len()` numbers per cell.
    values: Vec<u64>,
    /// Per measure, pairs of cell and identity.
    distinct: Vec<HashSet<(u32, u32)>>,
}

/// Where the numbers of a cell begin, and whether it is a row.
#[derive(Clone, Copy)]
struct Cell {
    number: u32,
    is_row: bool,
}

impl Tally<'_> {
    /// Refuses selections of more cells than allowed (`wolap.md` §15a). There are never more cells
    /// than facts, so a wide but thin selection passes.
    fn check_width(&self, facts: &Facts, plan: &Plan) -> Result<(), TooBroad> {
        let buckets = plan.grain.zip(plan.range).map_or(1, |(grain, range)| {
            (to_local(range.end) - to_local(range.start)) / grain.millis_min() + 2
        });
        let groups = u64::try_from(self.groups.keys.len()).unwrap_or(u64::MAX);
        let cells = groups.saturating_mul(u64::try_from(buckets).unwrap_or(u64::MAX));
        let facts = u64::try_from(facts.len()).unwrap_or(u64::MAX);
        if cells.min(facts) > plan.cells_max { Err(TooBroad) } else { Ok(()) }
    }

    fn scan(&mut self, facts: &Facts) {
        // Offsets reach from −12 to +14 hours: a chunk further away than a day cannot matter.
        let (from, until) = self.times.bounds.as_ref().map_or((i64::MIN, i64::MAX), |bounds| {
            let reach = bounds.finest.next(bounds.until).map_or(i64::MAX, to_local);
            (to_local(bounds.from) - DAY, reach.saturating_add(DAY))
        });
        for chunk in facts.chunks.iter().filter(|chunk| chunk.last >= from && chunk.first <= until)
        {
            for (at, shape, amount, actor, session) in chunk.rows() {
                if let Some(group) = self.groups.get(shape)
                    && let Some(place) = self.times.place(at)
                    && let Some(marks) = facts.shapes.get_index(shape as usize).map(|it| it.marks)
                {
                    let cell = self.cell((group, place), marks.meets(self.counted));
                    self.count(cell, marks, amount, [actor, session]);
                }
            }
        }
    }

    /// The number of a cell, which becomes a row once something in it is counted.
    fn cell(&mut self, key: (u32, u32), is_row: bool) -> u32 {
        let next = u32::try_from(self.keys.len()).unwrap_or(u32::MAX);
        let cell = self.cells.entry(key).or_insert(Cell { number: next, is_row: false });
        cell.is_row |= is_row;
        if cell.number == next {
            self.keys.push(key);
            self.values.resize(self.values.len() + self.measures.len(), 0);
        }
        cell.number
    }

    fn count(&mut self, cell: u32, marks: Marks, amount: u32, [actor, session]: [u32; 2]) {
        let first = cell as usize * self.measures.len();
        let values = self.values.iter_mut().skip(first);
        for ((measure, value), distinct) in self.measures.iter().zip(values).zip(&mut self.distinct)
        {
            match measure {
                Some(Measure::Count(wanted)) if marks.meets(*wanted) => *value += 1,
                Some(Measure::Sum(wanted)) if marks.meets(*wanted) => *value += u64::from(amount),
                Some(Measure::Actors(wanted)) if marks.meets(*wanted) && actor != NOBODY => {
                    distinct.insert((cell, actor));
                }
                Some(Measure::Sessions(wanted)) if marks.meets(*wanted) && session != NOBODY => {
                    distinct.insert((cell, session));
                }
                Some(_) | None => {}
            }
        }
    }

    /// Adds what only whole sessions can tell.
    fn add_spans(&mut self, facts: &Facts) {
        for (column, measure) in self.measures.clone().into_iter().enumerate() {
            match measure {
                Some(Measure::Lasted { from, until }) => {
                    let lasts = from * MINUTE..until.saturating_mul(MINUTE);
                    for span in facts.spans.values().filter(|span| lasts.contains(&span.lasted())) {
                        if let Some(end) = span.end {
                            self.add(column, end.shape, end.at);
                        }
                    }
                }
                Some(Measure::Units(minutes)) => {
                    for span in facts.spans.values() {
                        self.add_units(column, span, minutes * MINUTE);
                    }
                }
                Some(_) | None => {}
            }
        }
    }

    /// One unit when the session starts and one for every further `unit` milliseconds begun.
    fn add_units(&mut self, column: usize, span: &Span, unit: i64) {
        let further = (span.lasted() - 1).max(0) / unit;
        for begun in 0..=further {
            self.add(column, span.shape, span.start + begun * unit);
        }
    }

    /// Adds one to a cell that events have made.
    fn add(&mut self, column: usize, shape: u32, at: i64) {
        if let Some(group) = self.groups.get(shape)
            && let Some(place) = self.times.place(at)
            && let Some(cell) = self.cells.get(&(group, place))
            && let Some(value) =
                self.values.get_mut(cell.number as usize * self.measures.len() + column)
        {
            *value += 1;
        }
    }

    fn count_distinct(&mut self) {
        let width = self.measures.len();
        for (column, distinct) in self.distinct.iter().enumerate() {
            for (cell, _) in distinct {
                if let Some(value) = self.values.get_mut(*cell as usize * width + column) {
                    *value += 1;
                }
            }
        }
    }

    fn rows(&self, facts: &Facts) -> Vec<Row> {
        let width = self.measures.len();
        let is_row = |key| self.cells.get(key).is_some_and(|cell| cell.is_row);
        self.keys
            .iter()
            .enumerate()
            .filter(|(_, key)| is_row(key))
            .map(|(number, (group, place))| Row {
                labels: self.groups.labels(facts, *group, self.times.labels(*place), 0),
                values: self.values.iter().skip(number * width).take(width).copied().collect(),
            })
            .collect()
    }
}
