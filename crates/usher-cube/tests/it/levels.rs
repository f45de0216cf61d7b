//! Level reports against the definition of `wolap.md` §18.4, instant by instant.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::{DateTime, date};
use proptest::prelude::*;
use usher_cube::{
    Api, Dim, Fact, Filter, Grain, Marks, Measure, MemoryShelf, Metric, Plan, Range, Schema, Shelf,
    Step, Streams, Zone, execute,
};

static SCHEMA: Schema = Schema {
    dims: &["tenant"],
    metrics: &[("users", Measure::Reached)],
    streams: Some(Streams { started: Marks::bit(0), refused: Marks::bit(1) }),
};

const HOUR: i64 = 3_600_000;
const USERS: [&str; 2] = ["ann", "ben"];
const TENANTS: [&str; 2] = ["a", "b"];

/// A session (or, without a length, a refused start), in hours since 2024-01-01 in report time.
#[derive(Clone, Debug)]
struct Session {
    user: &'static str,
    tenant: &'static str,
    start: i64,
    hours: Option<i64>,
}

fn session() -> impl Strategy<Value = Session> {
    let who = (prop::sample::select(USERS.to_vec()), prop::sample::select(TENANTS.to_vec()));
    (who, 0_i64..96, prop::option::weighted(0.8, 1_i64..40))
        .prop_map(|((user, tenant), start, hours)| Session { user, tenant, start, hours })
}

/// A shelf on which the days named by `closed` were closed before the last sessions came.
fn shelf(sessions: &[Session], timely: usize, closed: &[i8]) -> MemoryShelf {
    let mut shelf = MemoryShelf::new(&SCHEMA, Zone::default());
    let epoch = 1_704_067_200_000 + 8 * HOUR;
    for (number, session) in sessions.iter().enumerate() {
        if number == timely {
            close(&mut shelf, closed);
        }
        let id = number.to_string();
        let mut push = |hour: i64, marks, step| {
            shelf.push(&Fact {
                at: epoch + hour * HOUR,
                labels: &[session.tenant],
                marks,
                amount: None,
                actor: Some(["m", session.user]),
                session: Some((&id, step)),
            });
        };
        match session.hours {
            None => push(session.start, Marks::bit(1), None),
            Some(hours) => {
                push(session.start + hours, Marks::bit(2), Some(Step::End));
                push(session.start, Marks::bit(0), Some(Step::Begin));
            }
        }
    }
    close(&mut shelf, closed);
    shelf
}

fn close(shelf: &mut MemoryShelf, closed: &[i8]) {
    for day in shelf.days().into_iter().filter(|day| closed.contains(&day.day())) {
        shelf.close(day, &[]);
    }
}

fn plan(level: &str, with_tenant: bool, only: Option<&str>) -> Plan {
    let midnight = |day: i8| -> DateTime { date(2024, 1, day).at(0, 0, 0, 0) };
    let mut dims = vec!["year", "month", "day", level];
    dims.extend(with_tenant.then_some("tenant"));
    let dims: Vec<Dim> = dims.into_iter().map(Dim::from).collect();
    Plan {
        api: Api::Cmu,
        cube: dims.clone(),
        dims,
        filters: only
            .map(|tenant| Filter::In(Dim::from("tenant"), vec![tenant.to_owned()]))
            .into_iter()
            .collect(),
        metrics: vec![Metric::from("users")],
        counted: vec![Metric::from("users")],
        grain: Some(Grain::Day),
        range: Some(Range { start: midnight(2), end: midnight(5) }),
        zone: Zone::default(),
        limit: 1000,
        cells_max: u64::MAX,
        facts_max: u64::MAX,
    }
}

/// Open sessions of a user at an hour, among those of `tenant`.
fn open(sessions: &[Session], user: &str, tenant: Option<&str>, hour: i64) -> usize {
    let counts = |session: &&Session| {
        let hours = session.start..session.start + session.hours.unwrap_or(0);
        session.user == user
            && tenant.is_none_or(|tenant| session.tenant == tenant)
            && hours.contains(&hour)
    };
    sessions.iter().filter(counts).count()
}

/// `(day, level, tenant)` to users. Everything happens on the hour, so looking every hour is enough.
fn expected(
    sessions: &[Session],
    plan: &Plan,
    only: Option<&'static str>,
) -> BTreeMap<(i64, usize, String), u64> {
    let activity = plan.dims.iter().any(|dim| dim.as_str() == "activity-level");
    let by_tenant = plan.dims.iter().any(|dim| dim.as_str() == "tenant");
    let tenants: Vec<_> =
        if by_tenant { TENANTS.iter().map(|it| Some(*it)).collect() } else { vec![only] };
    let tenants: Vec<_> =
        tenants.into_iter().filter(|it| only.is_none_or(|only| *it == Some(only))).collect();
    let mut reached = BTreeMap::new();
    for (day, tenant, user) in (2..5)
        .flat_map(|day| tenants.iter().map(move |tenant| (day, *tenant)))
        .flat_map(|(day, tenant)| USERS.map(|user| (day, tenant, user)))
    {
        let hours = (day - 1) * 24..day * 24;
        let refused = sessions.iter().filter(|session| {
            activity
                && session.hours.is_none()
                && session.user == user
                && tenant.is_none_or(|tenant| session.tenant == tenant)
                && hours.contains(&session.start)
        });
        let attempts = refused.map(|session| open(sessions, user, tenant, session.start) + 1);
        let held = hours.clone().map(|hour| open(sessions, user, tenant, hour));
        let peak = held.chain(attempts.collect::<BTreeSet<_>>()).max().unwrap_or(0);
        for level in 1..=peak {
            let tenant = tenant.filter(|_| by_tenant).unwrap_or_default();
            *reached.entry((day, level, tenant.to_owned())).or_default() += 1;
        }
    }
    reached
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1024, ..ProptestConfig::default() })]

    #[test]
    fn levels_agree_with_their_definition(
        sessions in prop::collection::vec(session(), 0..14),
        activity in any::<bool>(),
        with_tenant in any::<bool>(),
        only in prop::option::of(prop::sample::select(TENANTS.to_vec())),
        timely in 0_usize..28,
        closed in prop::collection::vec(1_i8..7, 0..7),
    ) {
        let level = if activity { "activity-level" } else { "concurrency-level" };
        let plan = plan(level, with_tenant, only);
        let table = execute(&shelf(&sessions, timely, &closed), &plan).unwrap();
        let rows: BTreeMap<_, _> = table
            .rows
            .iter()
            .map(|row| {
                let tenant = row.labels.get(4).map(ToString::to_string).unwrap_or_default();
                ((row.labels[2].parse().unwrap(), row.labels[3].parse().unwrap(), tenant), row.values[0])
            })
            .collect();
        prop_assert_eq!(rows.len(), table.rows.len());
        prop_assert_eq!(rows, expected(&sessions, &plan, only));
    }
}
