//! Every row of the contract's tables, every cell.

use usher_testkit::scenarios::{
    CMU_EVENTS, ESM_EVENTS, FLOW_EVENTS, Scenario, cmu_scenarios, esm_scenarios,
};

use crate::support::{Desk, Outcome};

async fn holds(desk: &Desk, scenario: &Scenario) {
    let url = format!("{}?{}", scenario.path, scenario.query);
    let outcome = desk.ask(&scenario.caller, &url).await;
    assert_eq!(outcome.status(), scenario.status, "{}: {outcome:?}", scenario.name);
    if let Outcome::Report(report) = outcome {
        let metrics: Vec<_> = report.table.metrics.iter().map(ToString::to_string).collect();
        assert_eq!(metrics, scenario.metrics, "{}", scenario.name);
        let rows: Vec<Vec<String>> = report
            .table
            .rows
            .iter()
            .map(|row| {
                let labels = row.labels.iter().map(ToString::to_string);
                labels.chain(row.values.iter().map(ToString::to_string)).collect()
            })
            .collect();
        assert_eq!(rows, scenario.rows, "{}", scenario.name);
        // Fetching the self link gives the same report (`wolap.md` §14).
        let again = desk.ask(&scenario.caller, &report.href).await.report();
        assert_eq!(again, *report, "{}", scenario.name);
    }
}

#[tokio::test]
async fn entitlement_scenarios_hold_cell_by_cell() {
    let desk = Desk::with(&[ESM_EVENTS, FLOW_EVENTS]);
    let scenarios = esm_scenarios().unwrap();
    assert_eq!(scenarios.len(), 24 + 15 + 6);
    for scenario in &scenarios {
        holds(&desk, scenario).await;
    }
}

#[tokio::test]
async fn stream_scenarios_hold_cell_by_cell() {
    let desk = Desk::with(&[CMU_EVENTS]);
    for scenario in &cmu_scenarios().unwrap() {
        holds(&desk, scenario).await;
    }
}

#[tokio::test]
async fn the_order_of_events_in_a_file_does_not_matter() {
    let mut lines: Vec<_> = CMU_EVENTS.lines().collect();
    lines.reverse();
    let desk = Desk::with(&[&lines.join("\n")]);
    for scenario in &cmu_scenarios().unwrap() {
        holds(&desk, scenario).await;
    }
}
