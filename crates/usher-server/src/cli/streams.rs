//! `usher streams`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, ensure};
use clap::{Args, Subcommand};
use jiff::civil::Date;
use serde::Deserialize;
use usher_core::{ApplicationId, Timestamp};
use usher_registry::Policy;
use usher_reports::{Event, EventBatch, Zone, ZoneError};
use usher_server::wiring::events_dir;
use usher_store_local::Archive;
use usher_streams::simulate::{Proposal, Recording, Simulation, Tally};

#[derive(Debug, Subcommand)]
pub(super) enum Action {
    /// What would other policies have done? Replays recorded stream activity and counts, per day, the
    /// starts and viewers they would have refused beside what really happened.
    Simulate(Simulate),
}

#[derive(Debug, Args)]
pub(super) struct Simulate {
    /// The proposed policies: TOML with `[[policies]]` as in the catalog.
    #[arg(long, value_name = "FILE")]
    policy: PathBuf,
    #[command(flatten)]
    source: Source,
    /// Apply the policies to this application only. Repeatable; all applications when absent.
    #[arg(long = "application", value_name = "ID")]
    applications: Vec<String>,
    /// The first day to count; earlier streams are replayed too.
    #[arg(long, value_name = "DATE")]
    from: Option<Date>,
    /// The last day to count.
    #[arg(long, value_name = "DATE")]
    to: Option<Date>,
    /// Where days begin: an offset or an IANA name, as in `reports.zone`.
    #[arg(long, default_value = "-08:00", allow_hyphen_values = true, value_parser = zone)]
    zone: Zone,
}

/// Where recorded activity comes from.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(super) struct Source {
    /// The data directory of a server that is not running.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// An NDJSON file of events. Repeatable.
    #[arg(long, value_name = "FILE")]
    events: Vec<PathBuf>,
}

/// A file of proposed policies.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PolicyFile {
    policies: Vec<Policy>,
}

fn zone(text: &str) -> Result<Zone, ZoneError> {
    Zone::parse(text)
}

pub(super) fn run(action: Action) -> Result<ExitCode> {
    let Action::Simulate(options) = action;
    let policies = policies(&options.policy)?;
    let applications = options.applications.iter().map(|id| ApplicationId::from(&**id)).collect();
    let recording = options.source.read()?;
    ensure!(!recording.is_empty(), "no stream events were recorded there");
    let simulation =
        recording.replay(&Proposal { policies, applications }, |at| options.day(at))?;
    super::say(&table(&simulation))?;
    Ok(ExitCode::SUCCESS)
}

fn policies(file: &Path) -> Result<Vec<Policy>> {
    let text =
        std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    let file: PolicyFile =
        toml::from_str(&text).with_context(|| format!("in {}", file.display()))?;
    Ok(file.policies)
}

impl Simulate {
    /// The day of an instant, when it is asked about.
    fn day(&self, at: Timestamp) -> Option<Date> {
        let day = self.zone.civil(at.as_millis())?.date();
        let is_early = self.from.is_some_and(|from| day < from);
        let is_late = self.to.is_some_and(|to| day > to);
        (!is_early && !is_late).then_some(day)
    }
}

impl Source {
    fn read(&self) -> Result<Recording> {
        let mut recording = Recording::default();
        let mut take = |event: Event| {
            if let Event::Stream(event) = event {
                recording.add(&event);
            }
        };
        if let Some(data) = &self.data {
            let unreadable = || format!("cannot read the events of {}", data.display());
            let archive = Archive::open(&events_dir(data)).with_context(unreadable)?;
            for day in archive.days().keys() {
                archive.each(*day, &mut take).with_context(unreadable)?;
            }
        }
        for file in &self.events {
            let text =
                std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
            let batch =
                EventBatch::from_ndjson(&text).with_context(|| format!("in {}", file.display()))?;
            batch.into_events().into_iter().for_each(&mut take);
        }
        Ok(recording)
    }
}

const HEADINGS: [&str; 10] = [
    "day",
    "starts",
    "refused then",
    "refused now",
    "of starts",
    "stopped then",
    "stopped now",
    "accounts",
    "affected",
    "of accounts",
];

/// The simulation as people read it.
fn table(simulation: &Simulation<Date>) -> String {
    let days = simulation.days.iter().map(|(day, tally)| row(&day.to_string(), *tally));
    let rows: Vec<_> = [HEADINGS.map(str::to_owned)]
        .into_iter()
        .chain(days)
        .chain([row("total", simulation.total)])
        .collect();
    let mut text = String::new();
    for cells in rows {
        let cells = cells.iter().zip(HEADINGS).map(|(cell, heading)| {
            let width = heading.len().max("2026-11-24".len());
            format!("{cell:>width$}")
        });
        text.push_str(&cells.collect::<Vec<_>>().join("  "));
        text.push('\n');
    }
    text
}

fn row(name: &str, tally: Tally) -> [String; 10] {
    let count = |count: u64| count.to_string();
    [
        name.to_owned(),
        count(tally.starts),
        count(tally.refused_then),
        count(tally.refused_now),
        share(tally.refused_now, tally.starts),
        count(tally.stopped_then),
        count(tally.stopped_now),
        count(tally.subjects),
        count(tally.affected),
        share(tally.affected, tally.subjects),
    ]
}

/// `part` of `whole` in hundredths of a per cent, rounded to the nearest.
fn share(part: u64, whole: u64) -> String {
    let whole = u128::from(whole.max(1));
    let hundredths = (u128::from(part) * 10_000 + whole / 2) / whole;
    format!("{}.{:02} %", hundredths / 100, hundredths % 100)
}
