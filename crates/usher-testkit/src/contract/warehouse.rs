//! The promises of [`Warehouse`].

use std::sync::Arc;

use usher_core::Timestamp;
use usher_reports::{
    Address, Api, EventBatch, EventJournal, Report, ReportSettings, Reports, Switches, Viewer,
    Warehouse,
};

use crate::ManualClock;
use crate::scenarios::{
    CMU_EVENTS, ESM_EVENTS, FLOW_EVENTS, Scenario, cmu_scenarios, esm_scenarios,
};

/// Checks every promise of [`Warehouse`] with the scenario tables of `wolap.md` §18.
///
/// `open` opens the same storage, empty at first, each time anew: a journal and the warehouse it feeds.
///
/// # Panics
///
/// When a promise is broken.
pub async fn warehouse(open: impl AsyncFn() -> (Arc<dyn EventJournal>, Arc<dyn Warehouse>)) {
    {
        let (journal, warehouse) = open().await;
        load(journal.as_ref()).await;
        every_scenario_holds(&warehouse).await;
        load(journal.as_ref()).await;
        every_scenario_holds(&warehouse).await;
    }
    let (_journal, warehouse) = open().await;
    every_scenario_holds(&warehouse).await;
}

async fn load(journal: &dyn EventJournal) {
    for file in [ESM_EVENTS, FLOW_EVENTS, CMU_EVENTS] {
        let Ok(batch) = EventBatch::from_ndjson(file.as_bytes()) else {
            unreachable!("the scenario files are good");
        };
        assert_eq!(journal.append(batch.into_events()).await, Ok(()));
    }
}

async fn every_scenario_holds(warehouse: &Arc<dyn Warehouse>) {
    let reports = reports(Arc::clone(warehouse));
    let scenarios = [esm_scenarios(), cmu_scenarios()].into_iter().flatten().flatten();
    for scenario in scenarios.filter(|scenario| scenario.status == 200) {
        let report = ask(&reports, &scenario.path, &scenario.query, &viewer(&scenario)).await;
        let rows: Vec<Vec<String>> = report
            .table
            .rows
            .iter()
            .map(|row| {
                let values = row.values.iter().map(ToString::to_string);
                row.labels.iter().map(ToString::to_string).chain(values).collect()
            })
            .collect();
        assert_eq!(rows, scenario.rows, "{}", scenario.name);
    }
}

fn viewer(scenario: &Scenario) -> Viewer {
    match scenario.caller.strip_prefix("tenant ") {
        Some(tenant) => Viewer::Tenant(tenant.into()),
        None if scenario.caller.starts_with("MVPD_") => {
            Viewer::Mvpd(scenario.caller.as_str().into())
        }
        None => Viewer::Company(scenario.caller.as_str().into()),
    }
}

/// Reports over `warehouse` in June 2024, minute reports on.
pub(super) fn reports(warehouse: Arc<dyn Warehouse>) -> Reports {
    let clock = Arc::new(ManualClock::at(Timestamp::from_secs(1_718_000_000)));
    let switches = Switches { minute_reports: true, ..Switches::default() };
    let settings = ReportSettings { switches, ..ReportSettings::default() };
    match Reports::new(settings, warehouse, clock) {
        Ok(reports) => reports,
        Err(error) => unreachable!("{error}"),
    }
}

/// The report at `path`, which must exist.
pub(super) async fn ask(reports: &Reports, path: &str, query: &str, viewer: &Viewer) -> Report {
    let api = if path.starts_with("/esm/") { Api::Esm } else { Api::Cmu };
    let address = Address::parse(api, path.get(5..).unwrap_or_default());
    let scope = viewer.scope(api);
    let (Ok(address), Some(scope)) = (address, scope) else {
        unreachable!("{path} is a report of this viewer");
    };
    let resource = reports.find(&address, &scope);
    let report = match &resource {
        Ok(resource) => reports.report(resource, query, &scope).await,
        Err(error) => unreachable!("{path}: {error}"),
    };
    match report {
        Ok(report) => report,
        Err(error) => unreachable!("{path}?{query}: {error}"),
    }
}
