//! Level reports against the definition of `wolap.md` §18.4, instant by instant.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::{DateTime, date};
use proptest::prelude::*;
use usher_cube::{
    Api, Dim, Fact, Facts, Grain, Marks, Measure, Metric, Plan, Range, Schema, Step, Zone, execute,
};

static SCHEMA: Schema =
    Schema { dims: &["tenant"], metrics: &[("users", Measure::Reached)], refused: Marks::bit(1) };

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

fn facts(sessions: &[Session]) -> Facts {
    let mut facts = Facts::new(&SCHEMA);
    let epoch = 1_704_067_200_000 + 8 * HOUR;
    for (number, session) in sessions.iter().enumerate() {
        let id = number.to_string();
        let mut push = |hour: i64, marks, step| {
            facts.push(&Fact {
                at: epoch + hour * HOUR,
                labels: &[session.tenant],
                marks,
                amount: 0,
                actor: Some(["m", session.user]),
                session: Some((&id, step)),
            });
        };
        match session.hours {
            None => push(session.start, Marks::bit(1), None),
            Some(hours) => {
                push(session.start + hours, Marks::bit(2), Some(Step::End(None)));
                push(session.start, Marks::bit(0), Some(Step::Begin));
            }
        }
    }
    facts
}

fn plan(level: &str, with_tenant: bool) -> Plan {
    let midnight = |day: i8| -> DateTime { date(2024, 1, day).at(0, 0, 0, 0) };
    let mut dims = vec!["year", "month", "day", level];
    dims.extend(with_tenant.then_some("tenant"));
    let dims: Vec<Dim> = dims.into_iter().map(Dim::from).collect();
    Plan {
        api: Api::Cmu,
        cube: dims.clone(),
        dims,
        filters: Vec::new(),
        metrics: vec![Metric::from("users")],
        counted: vec![Metric::from("users")],
        grain: Some(Grain::Day),
        range: Some(Range { start: midnight(2), end: midnight(5) }),
        zone: Zone::default(),
        limit: 1000,
        cells_max: u64::MAX,
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
fn expected(sessions: &[Session], plan: &Plan) -> BTreeMap<(i64, usize, String), u64> {
    let activity = plan.dims.iter().any(|dim| dim.as_str() == "activity-level");
    let by_tenant = plan.dims.iter().any(|dim| dim.as_str() == "tenant");
    let tenants: Vec<_> =
        if by_tenant { TENANTS.iter().map(|it| Some(*it)).collect() } else { vec![None] };
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
            *reached.entry((day, level, tenant.unwrap_or_default().to_owned())).or_default() += 1;
        }
    }
    reached
}

proptest! {
    #[test]
    fn levels_agree_with_their_definition(
        sessions in prop::collection::vec(session(), 0..14),
        activity in any::<bool>(),
        with_tenant in any::<bool>(),
    ) {
        let level = if activity { "activity-level" } else { "concurrency-level" };
        let plan = plan(level, with_tenant);
        let table = execute(&facts(&sessions), &plan).unwrap();
        let rows: BTreeMap<_, _> = table
            .rows
            .iter()
            .map(|row| {
                let tenant = row.labels.get(4).map(ToString::to_string).unwrap_or_default();
                ((row.labels[2].parse().unwrap(), row.labels[3].parse().unwrap(), tenant), row.values[0])
            })
            .collect();
        prop_assert_eq!(rows.len(), table.rows.len());
        prop_assert_eq!(rows, expected(&sessions, &plan));
    }
}
