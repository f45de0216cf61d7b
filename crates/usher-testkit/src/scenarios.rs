//! The scenario tables of `wolap.md` §18 as data: events, requests, and every cell of the answers.
//!
//! `data/reports/*.json` mirrors the tables. A row reads `labels: metric=value …`, metrics abbreviated
//! as in the contract; what is not listed is `0`.

use std::collections::HashMap;

use serde::Deserialize;

/// Events of `wolap.md` §18.1, one per line.
pub const ESM_EVENTS: &str = include_str!("../data/reports/esm.ndjson");
/// Events of the flows S1 to S15 and of the 31-day walk (`wolap.md` §18.2).
pub const FLOW_EVENTS: &str = include_str!("../data/reports/flows.ndjson");
/// Events of `wolap.md` §18.3.
pub const CMU_EVENTS: &str = include_str!("../data/reports/cmu.ndjson");

/// One request and its complete answer.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// Its name in the contract.
    pub name: String,
    /// For whom the caller acts: a company, an MVPD (`MVPD_…`) or a tenant (`tenant …`).
    pub caller: String,
    /// The path.
    pub path: String,
    /// The query string.
    pub query: String,
    /// The expected status.
    pub status: u16,
    /// The expected metrics, in order.
    pub metrics: Vec<String>,
    /// The expected rows: labels, then values.
    pub rows: Vec<Vec<String>>,
}

/// Requests against [`ESM_EVENTS`] and [`FLOW_EVENTS`].
pub fn esm_scenarios() -> Result<Vec<Scenario>, serde_json::Error> {
    serde_json::from_str::<File>(include_str!("../data/reports/esm.json")).map(File::scenarios)
}

/// Requests against [`CMU_EVENTS`].
pub fn cmu_scenarios() -> Result<Vec<Scenario>, serde_json::Error> {
    serde_json::from_str::<File>(include_str!("../data/reports/cmu.json")).map(File::scenarios)
}

#[derive(Deserialize)]
struct File {
    sets: HashMap<String, Vec<String>>,
    short: HashMap<String, String>,
    scenarios: Vec<Written>,
}

#[derive(Deserialize)]
struct Written {
    name: String,
    caller: String,
    path: String,
    query: String,
    status: u16,
    metrics: String,
    rows: Vec<String>,
}

impl File {
    fn scenarios(self) -> Vec<Scenario> {
        let Self { sets, short, scenarios } = self;
        let read = |written: Written| {
            let listed = || written.metrics.split_whitespace().map(str::to_owned).collect();
            let metrics = sets.get(&written.metrics).cloned().unwrap_or_else(listed);
            let rows = written.rows.iter().map(|row| cells(row, &metrics, &short)).collect();
            let Written { name, caller, path, query, status, .. } = written;
            Scenario { name, caller, path, query, status, metrics, rows }
        };
        scenarios.into_iter().map(read).collect()
    }
}

/// Spells a row out.
fn cells(row: &str, metrics: &[String], short: &HashMap<String, String>) -> Vec<String> {
    let (labels, values) = row.split_once(": ").unwrap_or((row, ""));
    let values: HashMap<&str, &str> = values
        .split_whitespace()
        .filter_map(|value| value.split_once('='))
        .map(|(name, value)| (short.get(name).map_or(name, String::as_str), value))
        .collect();
    let value = |metric: &String| (*values.get(metric.as_str()).unwrap_or(&"0")).to_owned();
    labels.split(',').map(str::to_owned).chain(metrics.iter().map(value)).collect()
}
