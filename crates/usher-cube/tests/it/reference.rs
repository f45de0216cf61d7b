//! Random events, random plans, days closed at random: rows must equal those of a loop over the raw events.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::DateTime;
use jiff::{Timestamp, tz::TimeZone};
use proptest::prelude::*;
use usher_cube::{
    Api, Dim, DimSet, Fact, Filter, Grain, Marks, Measure, MemoryShelf, Metric, Plan, Range,
    RollupSet, Schema, Shelf, Zone, execute,
};

const DIMS: [&str; 3] = ["a", "b", "c"];
const TIMES: [&str; 5] = ["year", "month", "day", "hour", "minute"];
const METRICS: [&str; 5] = ["ones", "twos", "sum", "actors", "sessions"];

static SCHEMA: Schema = Schema {
    dims: &DIMS,
    metrics: &[
        ("ones", Measure::Count(Marks::bit(0))),
        ("twos", Measure::Count(Marks::bit(1))),
        ("sum", Measure::Sum(Marks::bit(2))),
        ("actors", Measure::Actors(Marks::ANY)),
        ("sessions", Measure::Sessions(Marks::bit(0))),
    ],
    streams: None,
};

#[derive(Clone, Debug)]
struct Raw {
    at: i64,
    labels: [&'static str; 3],
    bits: u8,
    amount: u32,
    actor: Option<&'static str>,
    session: Option<&'static str>,
}

impl Raw {
    fn has(&self, bit: u8) -> bool {
        self.bits & (1 << bit) != 0
    }

    fn marks(&self) -> Marks {
        let set = (0..4).filter(|bit| self.has(*bit)).map(|bit| Marks::bit(bit.into()));
        set.fold(Marks::NONE, Marks::and)
    }
}

fn raw() -> impl Strategy<Value = Raw> {
    let label = || prop::sample::select(vec!["x", "y", "ü", "10", "9"]);
    let who = || prop::option::of(prop::sample::select(vec!["p", "q", "r"]));
    // A few days, or two months around a change to daylight saving; the fourth bit is counted by nothing.
    let at = prop_oneof![
        1_730_500_000_000_i64..1_730_900_000_000,
        1_728_000_000_000_i64..1_733_000_000_000
    ];
    (at, [label(), label(), label()], 1_u8..16, 0_u32..1000, who(), who()).prop_map(
        |(at, labels, bits, amount, actor, session)| Raw {
            at,
            labels,
            bits,
            amount,
            actor,
            session,
        },
    )
}

fn filter() -> impl Strategy<Value = Filter> {
    let dim = prop::sample::select(DIMS.to_vec()).prop_map(Dim::from);
    let values = prop::collection::vec(prop::sample::select(vec!["x", "y", "ü", "z"]), 1..3);
    (dim, values, any::<bool>()).prop_map(|(dim, values, negative)| {
        let values = values.into_iter().map(str::to_owned).collect();
        if negative { Filter::NotIn(dim, values) } else { Filter::In(dim, values) }
    })
}

fn plan() -> impl Strategy<Value = Plan> {
    let dims = prop::sample::subsequence(DIMS.to_vec(), 0..=3).prop_shuffle();
    let times = prop::sample::subsequence(TIMES.to_vec(), 0..=5);
    let metrics = || prop::sample::subsequence(METRICS.to_vec(), 1..=5).prop_shuffle();
    let zone = prop::sample::select(vec!["-08:00", "+05:30", "America/Los_Angeles", "UTC"]);
    let range = (0_i64..4_000_000, 0_i64..4_000_000);
    let filters = prop::collection::vec(filter(), 0..3);
    (dims, times, metrics(), metrics(), (zone, range, 1_usize..50), filters).prop_map(
        |(dims, times, metrics, counted, (zone, (from, length), limit), filters)| {
            let grain = times.iter().filter_map(|name| Grain::named(name)).max();
            let civil = |seconds| {
                let instant = Timestamp::from_second(1_728_000_000 + seconds).unwrap();
                TimeZone::UTC.to_datetime(instant)
            };
            let range = Range { start: civil(from), end: civil(from + length) };
            let name = |names: Vec<&str>| names.into_iter().map(Metric::from).collect();
            Plan {
                api: Api::Esm,
                dims: times.iter().chain(&dims).map(|dim| Dim::from(*dim)).collect(),
                filters,
                metrics: name(metrics),
                counted: name(counted),
                cube: Vec::new(),
                grain,
                range: grain.map(|_| range),
                zone: Zone::parse(zone).unwrap(),
                limit,
                cells_max: u64::MAX,
                facts_max: u64::MAX,
            }
        },
    )
}

/// The value of a time dimension.
fn part(moment: DateTime, name: &str) -> i16 {
    match name {
        "year" => moment.year(),
        "month" => moment.month().into(),
        "day" => moment.day().into(),
        "hour" => moment.hour().into(),
        _ => moment.minute().into(),
    }
}

/// Sorts numbers as numbers and everything else by code point.
type Key = Vec<(i16, String)>;

fn in_range(plan: &Plan, moment: DateTime) -> bool {
    match (plan.grain, plan.range) {
        (Some(grain), Some(range)) => {
            let bucket = grain.floor(moment);
            range.start != range.end && grain.floor(range.start) <= bucket && bucket < range.end
        }
        _ => true,
    }
}

fn value(metric: &str, group: &[&Raw]) -> u64 {
    let count = |bit| group.iter().filter(|raw| raw.has(bit)).count() as u64;
    match metric {
        "ones" => count(0),
        "twos" => count(1),
        "sum" => group.iter().filter(|raw| raw.has(2)).map(|raw| u64::from(raw.amount)).sum(),
        "actors" => group.iter().filter_map(|raw| raw.actor).collect::<BTreeSet<_>>().len() as u64,
        _ => {
            let ones = group.iter().filter(|raw| raw.has(0));
            ones.filter_map(|raw| raw.session).collect::<BTreeSet<_>>().len() as u64
        }
    }
}

fn counts(metric: &Metric, raw: &Raw) -> bool {
    match metric.as_str() {
        "ones" | "sessions" => raw.has(0),
        "twos" => raw.has(1),
        "sum" => raw.has(2),
        _ => true,
    }
}

fn expected(raws: &[Raw], plan: &Plan) -> Vec<(Vec<String>, Vec<u64>)> {
    let mut groups: BTreeMap<Key, Vec<&Raw>> = BTreeMap::new();
    for raw in raws {
        let moment = plan.zone.civil(raw.at).unwrap();
        let label = |dim: &Dim| raw.labels[DIMS.iter().position(|it| *it == dim.as_str()).unwrap()];
        if in_range(plan, moment) && plan.filters.iter().all(|it| it.admits(label(it.dim()))) {
            let key = plan.dims.iter().map(|dim| {
                if TIMES.contains(&dim.as_str()) {
                    (part(moment, dim.as_str()), String::new())
                } else {
                    (0, label(dim).to_owned())
                }
            });
            groups.entry(key.collect()).or_default().push(raw);
        }
    }
    groups.retain(|_, group| {
        group.iter().any(|raw| plan.counted.iter().any(|metric| counts(metric, raw)))
    });
    if plan.dims.is_empty() && groups.is_empty() {
        groups.insert(Vec::new(), Vec::new());
    }
    let text = |(dim, (number, label)): (&Dim, (i16, String))| {
        if TIMES.contains(&dim.as_str()) { number.to_string() } else { label }
    };
    let row = |(key, group): (Key, Vec<&Raw>)| {
        let labels = plan.dims.iter().zip(key).map(text).collect();
        (labels, plan.metrics.iter().map(|metric| value(metric.as_str(), &group)).collect())
    };
    groups.into_iter().map(row).take(plan.limit).collect()
}

/// Some of the roll-ups there can be.
fn sets() -> impl Strategy<Value = Vec<RollupSet>> {
    let set = (any::<bool>(), 0_usize..8, any::<bool>()).prop_map(|(daily, dims, has_distinct)| {
        let dims: DimSet = (0..3).filter(|dim| dims & 1 << dim != 0).collect();
        RollupSet { grain: if daily { Grain::Day } else { Grain::Hour }, dims, has_distinct }
    });
    prop::collection::vec(set, 0..8)
}

/// A shelf on which the days of the first `timely` facts were closed, some of them, before the rest came.
fn shelf(
    raws: &[Raw],
    zone: &Zone,
    (timely, open): (usize, u8),
    sets: &[RollupSet],
) -> MemoryShelf {
    let mut shelf = MemoryShelf::new(&SCHEMA, zone.clone());
    for (number, raw) in raws.iter().enumerate() {
        if number == timely {
            for day in shelf.days() {
                if day.day() % 5 != i8::try_from(open).unwrap() {
                    shelf.close(day, sets);
                }
            }
        }
        shelf.push(&Fact {
            at: raw.at,
            labels: &raw.labels,
            marks: raw.marks(),
            amount: Some(i64::from(raw.amount)),
            actor: raw.actor.map(|actor| ["m", actor]),
            session: raw.session.map(|session| (session, None)),
        });
    }
    shelf
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1024, ..ProptestConfig::default() })]

    #[test]
    fn the_executor_agrees_with_a_loop_over_the_events(
        raws in prop::collection::vec(raw(), 0..80),
        plan in plan(),
        timely in 0_usize..160,
        open in 0_u8..6,
        sets in sets(),
    ) {
        let shelf = shelf(&raws, &plan.zone, (timely, open), &sets);
        let table = execute(&shelf, &plan).unwrap();
        let rows: Vec<(Vec<String>, Vec<u64>)> = table
            .rows
            .into_iter()
            .map(|row| (row.labels.iter().map(ToString::to_string).collect(), row.values))
            .collect();
        // A group without a counted fact has no values to compare, so only real rows are listed.
        prop_assert_eq!(rows, expected(&raws, &plan));
    }
}
