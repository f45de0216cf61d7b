//! The tables of `wolap.md` §18, cell by cell.

use serde_json::Value;
use usher_testkit::scenarios::{Scenario, cmu_scenarios, esm_scenarios};

use crate::world::{World, renamed};

fn selected(all: Vec<Scenario>, wanted: impl Fn(&str) -> bool) -> Vec<Scenario> {
    let some: Vec<_> = all.into_iter().filter(|scenario| wanted(&scenario.name)).collect();
    assert!(!some.is_empty());
    some
}

async fn hold(world: &World, scenarios: &[Scenario]) {
    for scenario in scenarios {
        let url = renamed(&format!("{}?{}", scenario.path, scenario.query));
        let caller = match scenario.caller.as_str() {
            "MVPD_A" => "OpCo".to_owned(),
            other => renamed(other),
        };
        if scenario.status != 200 {
            world.refused(&caller, &url, scenario.status).await;
            continue;
        }
        let report = world.report(&caller, &url).await;
        let rows: Vec<Vec<String>> = report["report"]
            .as_array()
            .expect("an array")
            .iter()
            .map(|record| {
                let fields = record.as_object().expect("an object");
                let metrics: Vec<_> =
                    fields.keys().skip(fields.len() - scenario.metrics.len()).cloned().collect();
                assert_eq!(metrics, scenario.metrics, "{}", scenario.name);
                let text = |value: &Value| value.as_str().expect("a string").to_owned();
                fields.values().map(text).collect()
            })
            .collect();
        let expected: Vec<Vec<String>> = scenario
            .rows
            .iter()
            .map(|row| row.iter().map(|cell| renamed(cell)).collect())
            .collect();
        assert_eq!(rows, expected, "{}", scenario.name);
    }
}

#[tokio::test]
async fn wolap_97_q1_to_q24_pass() {
    let world = World::open().await;
    let scenarios = selected(esm_scenarios().unwrap(), |name| name.starts_with('Q'));
    assert_eq!(scenarios.len(), 24);
    hold(&world, &scenarios).await;
}

#[tokio::test]
async fn wolap_96_flows_and_the_31_day_walk_yield_the_listed_values() {
    let world = World::open().await;
    hold(&world, &selected(esm_scenarios().unwrap(), |name| !name.starts_with('Q'))).await;
}

#[tokio::test]
async fn wolap_98_c1_to_c12_pass() {
    let world = World::open().await;
    hold(&world, &selected(cmu_scenarios().unwrap(), |name| name.starts_with('C'))).await;
}

#[tokio::test]
async fn wolap_99_l1_to_l4_pass() {
    let world = World::open().await;
    hold(&world, &selected(cmu_scenarios().unwrap(), |name| name.starts_with('L'))).await;
}

#[tokio::test]
async fn saved_reports_and_billing_units_yield_the_listed_values() {
    let world = World::open().await;
    let rest = |name: &str| !name.starts_with(['C', 'L']);
    hold(&world, &selected(cmu_scenarios().unwrap(), rest)).await;
}

#[tokio::test]
async fn wolap_100_the_identities_hold() {
    let world = World::open().await;
    let sum = |rows: &[Value], metric: &str| -> u64 {
        rows.iter().map(|row| row[metric].as_str().unwrap().parse::<u64>().unwrap()).sum()
    };
    let rows = async |path: &str| {
        let url = format!("/cmu/v2/tenant/year/{path}?start=2024-05-01&end=2024-06-01");
        world.report("tenant acme", &url).await["report"].as_array().unwrap().clone()
    };
    let (months, days, hours) =
        (rows("month").await, rows("month/day").await, rows("month/day/hour").await);
    assert_eq!((sum(&days, "active-sessions"), sum(&months, "active-sessions")), (8, 7));
    let applications = rows("month/day/application-id").await;
    assert_eq!((sum(&applications, "active-users"), sum(&days, "active-users")), (5, 3));
    for row in months.iter().chain(&days).chain(&hours) {
        let row = std::slice::from_ref(row);
        let durations: u64 = crate::world::keys(&row[0])
            .iter()
            .filter(|key| key.starts_with("duration_"))
            .map(|key| sum(row, key))
            .sum();
        let ends = ["completed-sessions", "dismissed-sessions", "killed-sessions"];
        assert_eq!(durations, ends.iter().map(|end| sum(row, end)).sum::<u64>());
    }
}

#[tokio::test]
async fn loading_events_again_changes_nothing_and_they_survive_a_restart() {
    let file = usher_testkit::scenarios::ESM_EVENTS.replace("\"event_id\"", "\"was\"");
    let mut world = World::with(&[&file, &file]).await;
    let url = "/esm/v3?metrics=authz-attempts";
    assert_eq!(world.rows("acme", url).await, ["4"]);
    world.house.restart().await;
    let world = World::of(world.house);
    assert_eq!(world.rows("acme", url).await, ["4"]);
}
