//! Random streams, random plans, days closed at random: rows must equal those of a loop over all events.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::{DateTime, date};
use proptest::prelude::*;
use usher_cube::{
    Api, Dim, DimSet, Fact, Filter, Grain, Marks, Measure, MemoryShelf, Metric, Plan, Range,
    RollupSet, Schema, Shelf, Step, Streams, Zone, execute,
};

const STARTED: Marks = Marks::bit(0);
const REFUSED: Marks = Marks::bit(1);
const ENDED: Marks = Marks::bit(2);
const ACTIVE: Marks = Marks::bit(3);

const METRICS: [(&str, Measure); 8] = [
    ("users", Measure::Actors(STARTED)),
    ("active", Measure::Sessions(ACTIVE)),
    ("started", Measure::Count(STARTED)),
    ("ended", Measure::Count(ENDED)),
    ("short", Measure::Lasted { from: 0, until: 60 }),
    ("long", Measure::Lasted { from: 60, until: 48 * 60 }),
    ("endless", Measure::Lasted { from: 48 * 60, until: i64::MAX }),
    ("units", Measure::Units(90)),
];

static SCHEMA: Schema = Schema {
    dims: &["tenant", "app"],
    metrics: &METRICS,
    streams: Some(Streams { started: STARTED, refused: REFUSED }),
};

const MINUTE: i64 = 60_000;
/// 2024-02-27 in report time: a month ends two days later.
const EPOCH: i64 = 1_709_020_800_000;

#[derive(Clone, Debug)]
struct Event {
    at: i64,
    tenant: &'static str,
    app: &'static str,
    user: &'static str,
    session: Option<usize>,
    step: Option<Step>,
    last_active: Option<i64>,
}

impl Event {
    fn marks(&self) -> Marks {
        match self.step {
            None => REFUSED,
            Some(Step::Begin) => STARTED.and(ACTIVE),
            Some(Step::Touch) => ACTIVE,
            Some(Step::Stop) => ENDED.and(ACTIVE),
            Some(Step::End) => ENDED,
        }
    }
}

/// What is kept of a stream: its beginning and its end may be lost.
#[derive(Clone, Debug)]
struct Stream {
    who: (&'static str, &'static str, &'static str),
    start: i64,
    /// Minutes from one event to the next.
    gaps: Vec<i64>,
    end: Step,
    keeps: (bool, bool),
}

impl Stream {
    fn events(&self, number: usize) -> Vec<Event> {
        let (tenant, app, user) = self.who;
        let mut at = EPOCH + self.start * MINUTE;
        let event = |at, step, last_active| Event {
            at,
            tenant,
            app,
            user,
            session: Some(number),
            step: Some(step),
            last_active,
        };
        let mut events = vec![event(at, Step::Begin, None)];
        for (nth, gap) in self.gaps.iter().enumerate() {
            let before = at;
            at += gap * MINUTE;
            let is_last = nth + 1 == self.gaps.len();
            let last_active = (self.end == Step::End && gap % 2 == 0).then_some(before);
            events.push(if is_last {
                event(at, self.end, last_active)
            } else {
                event(at, Step::Touch, None)
            });
        }
        if !self.keeps.0 {
            events.remove(0);
        }
        if !self.keeps.1 {
            events.pop();
        }
        events
    }
}

fn stream() -> impl Strategy<Value = Stream> {
    let who = (
        prop::sample::select(vec!["a", "b"]),
        prop::sample::select(vec!["x", "y"]),
        prop::sample::select(vec!["ann", "ben", "cam"]),
    );
    // Mostly minutes; now and then silence for days.
    let gap = prop_oneof![6 => 1_i64..90, 1 => 1_000_i64..6_000];
    let end = prop::sample::select(vec![Step::Stop, Step::End]);
    let keeps = (prop::bool::weighted(0.9), prop::bool::weighted(0.9));
    (who, 0_i64..6 * 24 * 60, prop::collection::vec(gap, 1..6), end, keeps)
        .prop_map(|(who, start, gaps, end, keeps)| Stream { who, start, gaps, end, keeps })
}

fn events(streams: &[Stream]) -> Vec<Event> {
    streams.iter().enumerate().flat_map(|(number, stream)| stream.events(number)).collect()
}

/// A shelf on which days were closed before the last events came.
fn shelf(events: &[Event], timely: usize, closed: &[i8]) -> MemoryShelf {
    let mut shelf = MemoryShelf::new(&SCHEMA, Zone::default());
    for (number, event) in events.iter().enumerate() {
        if number == timely {
            close(&mut shelf, closed);
        }
        let session = event.session.map(|it| it.to_string());
        shelf.push(&Fact {
            at: event.at,
            labels: &[event.tenant, event.app],
            marks: event.marks(),
            amount: event.last_active,
            actor: Some(["m", event.user]),
            session: session.as_deref().map(|session| (session, event.step)),
        });
    }
    if timely >= events.len() {
        close(&mut shelf, closed);
    }
    shelf
}

fn close(shelf: &mut MemoryShelf, closed: &[i8]) {
    let sets: Vec<_> = [Grain::Day, Grain::Hour]
        .into_iter()
        .flat_map(|grain| (0..4).map(move |dims| (grain, dims)))
        .map(|(grain, dims)| RollupSet {
            grain,
            dims: (0..2).filter(|dim| dims & 1 << dim != 0).collect::<DimSet>(),
            has_distinct: true,
        })
        .collect();
    for day in shelf.days().into_iter().filter(|day| closed.contains(&day.day())) {
        shelf.close(day, &sets);
    }
}

fn plan() -> impl Strategy<Value = Plan> {
    let dims = prop::sample::subsequence(vec!["tenant", "app"], 0..=2);
    let times = prop::sample::select(vec![
        vec![],
        vec!["year"],
        vec!["year", "month"],
        vec!["year", "month", "day"],
        vec!["year", "month", "day", "hour"],
    ]);
    let metrics =
        prop::sample::subsequence(METRICS.map(|(name, _)| name).to_vec(), 1..=8).prop_shuffle();
    let filter = prop::option::of((
        prop::sample::select(vec!["tenant", "app"]),
        prop::sample::subsequence(vec!["a", "b", "x", "y"], 1..=2),
        any::<bool>(),
    ));
    (times, dims, metrics, (27_i8..33, 0_i64..6), filter).prop_map(
        |(times, dims, metrics, (from, days), filter)| {
            let grain = times.iter().filter_map(|name| Grain::named(name)).max();
            let start = midnight(from);
            let end = start.checked_add(jiff::Span::new().days(days)).unwrap();
            let name = |names: &[&str]| names.iter().map(|name| Metric::from(*name)).collect();
            let filters = filter.into_iter().map(|(dim, values, negative)| {
                let values = values.into_iter().map(str::to_owned).collect();
                let dim = Dim::from(dim);
                if negative { Filter::NotIn(dim, values) } else { Filter::In(dim, values) }
            });
            Plan {
                api: Api::Cmu,
                dims: times.iter().chain(&dims).map(|dim| Dim::from(*dim)).collect(),
                filters: filters.collect(),
                metrics: name(&metrics),
                counted: name(&["users", "active", "started", "ended"]),
                cube: Vec::new(),
                grain,
                range: grain.map(|_| Range { start, end }),
                zone: Zone::default(),
                limit: 40,
                cells_max: u64::MAX,
                facts_max: u64::MAX,
            }
        },
    )
}

/// Midnight of a day of February 2024; days after the 29th are in March.
fn midnight(day: i8) -> DateTime {
    let date = if day > 29 { date(2024, 3, day - 29) } else { date(2024, 2, day) };
    date.at(0, 0, 0, 0)
}

type Key = Vec<(i16, String)>;

fn key(plan: &Plan, event: &Event, at: i64) -> Option<Key> {
    let moment = plan.zone.civil(at).unwrap();
    if let Some((grain, range)) = plan.grain.zip(plan.range) {
        let bucket = grain.floor(moment);
        if !(grain.floor(range.start) <= bucket && bucket < range.end && range.start < range.end) {
            return None;
        }
    }
    let label = |dim: &str| if dim == "tenant" { event.tenant } else { event.app };
    if !plan.filters.iter().all(|filter| filter.admits(label(filter.dim().as_str()))) {
        return None;
    }
    let part = |dim: &Dim| match dim.as_str() {
        "year" => (moment.year(), String::new()),
        "month" => (moment.month().into(), String::new()),
        "day" => (moment.day().into(), String::new()),
        "hour" => (moment.hour().into(), String::new()),
        dim => (0, label(dim).to_owned()),
    };
    Some(plan.dims.iter().map(part).collect())
}

/// What a row is made of: everything that increments it.
#[derive(Default)]
struct Cell {
    users: BTreeSet<&'static str>,
    active: BTreeSet<usize>,
    counts: BTreeMap<&'static str, u64>,
}

fn expected(events: &[Event], plan: &Plan) -> Vec<(Vec<String>, Vec<u64>)> {
    let mut cells: BTreeMap<Key, Cell> = BTreeMap::new();
    let counted = |event: &&Event| event.step.is_some();
    for event in events.iter().filter(counted) {
        let Some(key) = key(plan, event, event.at) else { continue };
        let cell = cells.entry(key).or_default();
        let mut count = |name, is| *cell.counts.entry(name).or_default() += u64::from(is);
        count("started", event.step == Some(Step::Begin));
        count("ended", matches!(event.step, Some(Step::Stop | Step::End)));
        if event.step == Some(Step::Begin) {
            cell.users.insert(event.user);
        }
        if event.step != Some(Step::End) {
            cell.active.extend(event.session);
        }
    }
    let sessions: BTreeSet<_> = events.iter().filter_map(|event| event.session).collect();
    for session in sessions {
        let mine: Vec<_> = events.iter().filter(|event| event.session == Some(session)).collect();
        add_stream(&mine, plan, &mut cells);
    }
    if plan.dims.is_empty() && cells.is_empty() {
        cells.insert(Vec::new(), Cell::default());
    }
    let text = |(dim, (number, label)): (&Dim, (i16, String))| {
        if Grain::named(dim.as_str()).is_some() { number.to_string() } else { label }
    };
    let row = |(key, cell): (Key, Cell)| {
        let value = |metric: &Metric| match metric.as_str() {
            "users" => cell.users.len() as u64,
            "active" => cell.active.len() as u64,
            name => cell.counts.get(name).copied().unwrap_or(0),
        };
        (plan.dims.iter().zip(key).map(text).collect(), plan.metrics.iter().map(value).collect())
    };
    cells.into_iter().map(row).take(plan.limit).collect()
}

/// Adds what a whole stream tells, to rows that events have made.
fn add_stream(mine: &[&Event], plan: &Plan, cells: &mut BTreeMap<Key, Cell>) {
    let first = mine.iter().min_by_key(|event| event.at).unwrap();
    let touched = mine.iter().filter(|it| matches!(it.step, Some(Step::Begin | Step::Touch)));
    let touched = touched.map(|event| event.at).max();
    let end = mine.iter().find(|event| matches!(event.step, Some(Step::Stop | Step::End)));
    let told = end.and_then(|end| match end.step {
        Some(Step::Stop) => Some(end.at),
        _ => end.last_active,
    });
    let last = told.or(touched).unwrap_or(first.at).max(first.at);
    let lasted = last - first.at;
    let mut add = |name, event: &Event, at| {
        if let Some(cell) = key(plan, event, at).and_then(|key| cells.get_mut(&key)) {
            *cell.counts.entry(name).or_default() += 1;
        }
    };
    if let Some(end) = end {
        let name = match lasted / MINUTE {
            0..60 => "short",
            60..2880 => "long",
            _ => "endless",
        };
        add(name, end, end.at);
    }
    for begun in 0..=(lasted - 1).max(0) / (90 * MINUTE) {
        add("units", first, first.at + begun * 90 * MINUTE);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1024, ..ProptestConfig::default() })]

    #[test]
    fn reports_about_streams_agree_with_a_loop_over_the_events(
        streams in prop::collection::vec(stream(), 0..10),
        plan in plan(),
        timely in 0_usize..60,
        closed in prop::collection::vec(1_i8..31, 0..20),
    ) {
        let events = events(&streams);
        let table = execute(&shelf(&events, timely, &closed), &plan).unwrap();
        let rows: Vec<(Vec<String>, Vec<u64>)> = table
            .rows
            .into_iter()
            .map(|row| (row.labels.iter().map(ToString::to_string).collect(), row.values))
            .collect();
        prop_assert_eq!(rows, expected(&events, &plan));
    }
}
