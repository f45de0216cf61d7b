//! What taking events in costs the embedded store, and how soon reports show them under that load.
//!
//! ```sh
//! cargo run --release -p usher-server --example ingest -- DIRECTORY 2000000
//! ```
//!
//! Events are made up beforehand, some at a time, and not counted. What is measured is the way of an event from
//! the caller's hand to a Parquet file: known ids, the log with its syncs, the chunk in memory, the file. Prints
//! `name value` lines, which `cargo xtask bench reports` reads.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::cast_precision_loss,
    reason = "a measurement, not a part of the product"
)]

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::task::JoinSet;
use usher_core::{Clock as _, Timestamp};
use usher_jose::OsEntropy;
use usher_reports::{
    Address, Api, Event, EventJournal as _, ReportSettings, Reports, Viewer, Warehouse,
};
use usher_server::demo::Past;
use usher_store_local::{EventSettings, LocalEvents, RollupSets};
use usher_testkit::ManualClock;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// 2024-06-12, a Wednesday.
const NOW: Timestamp = Timestamp::from_secs(1_718_150_400);
/// Events that are in memory beforehand.
const ROUND: usize = 500_000;
/// Events of one call.
const CALL: usize = 1_000;
/// Calls that wait at the same time.
const CALLS: usize = 16;
/// Between two looks at a report.
const LOOK: Duration = Duration::from_millis(20);

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [directory, count] = arguments.as_slice() else { panic!("DIRECTORY COUNT") };
    let count = count.parse().expect("a number of events");
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    runtime.expect("a runtime").block_on(measure(Path::new(directory), count));
}

async fn measure(directory: &Path, count: usize) {
    let clock = Arc::new(ManualClock::at(NOW));
    // Days stay open: closing them is measured elsewhere.
    let settings = EventSettings {
        grace: Duration::from_hours(24 * 3_650),
        rollups: RollupSets::default(),
        ..EventSettings::default()
    };
    let store =
        LocalEvents::open(directory, settings, Arc::clone(&clock) as _, Arc::new(OsEntropy));
    let store = Arc::new(store.expect("a store"));

    let mut rounds = Rounds::of(count);
    let (mut events, mut cpu, mut wall) = (0, 0.0, 0.0);
    while let Some(calls) = rounds.next() {
        events += calls.iter().map(Vec::len).sum::<usize>();
        let (began, before) = (Instant::now(), cpu_s());
        take_in(&store, calls).await;
        store.settle().await.expect("files");
        cpu += cpu_s() - before;
        wall += began.elapsed().as_secs_f64();
    }
    println!("events {events}");
    println!("events_per_core_second {:.0}", events as f64 / cpu);
    println!("events_per_second {:.0}", events as f64 / wall);

    let shown = while_loaded(&store, &clock).await;
    let worst = shown.iter().max().expect("a look");
    println!("shown_after_ms_max {}", worst.as_millis());
    println!("looks {}", shown.len());
    store.close().await.expect("closed");
}

/// Made-up events, round by round.
struct Rounds {
    chapters: Box<dyn Iterator<Item = usher_server::demo::history::Chapter>>,
    past: Past,
    left: usize,
}

impl Rounds {
    fn of(count: usize) -> Self {
        let past = Past { days: 1, seed: 1, until: NOW, households: Some(count as u64 / 20) };
        Self { chapters: Box::new(past.chapters()), past, left: count }
    }

    fn next(&mut self) -> Option<Vec<Vec<Event>>> {
        let mut events = Vec::new();
        while events.len() < ROUND.min(self.left) {
            events.extend(self.past.tell(&self.chapters.next()?));
        }
        self.left -= events.len().min(self.left);
        let mut events = events.into_iter().peekable();
        let mut calls = Vec::new();
        while events.peek().is_some() {
            calls.push(events.by_ref().take(CALL).collect());
        }
        (!calls.is_empty()).then_some(calls)
    }
}

async fn take_in(store: &Arc<LocalEvents>, calls: Vec<Vec<Event>>) {
    let mut waiting = JoinSet::new();
    for events in calls {
        if waiting.len() >= CALLS {
            waiting.join_next().await.expect("a call").expect("an answer");
        }
        let store = Arc::clone(store);
        waiting.spawn(async move { store.append(events).await.expect("written") });
    }
    while let Some(answer) = waiting.join_next().await {
        answer.expect("an answer");
    }
}

/// How long marked events took until a report showed them, while others came as fast as they could.
async fn while_loaded(store: &Arc<LocalEvents>, clock: &Arc<ManualClock>) -> Vec<Duration> {
    let warehouse: Arc<dyn Warehouse> = Arc::clone(store) as _;
    let reports = Reports::new(ReportSettings::default(), warehouse, Arc::clone(clock) as _);
    let reports = reports.expect("reports");
    let mut rounds = Rounds::of(3 * ROUND);
    rounds.past.seed = 2;
    let load: Vec<_> = std::iter::from_fn(|| rounds.next()).flatten().collect();
    let load = tokio::spawn({
        let store = Arc::clone(store);
        async move { take_in(&store, load).await }
    });
    let mut shown = Vec::new();
    while !load.is_finished() {
        let (began, mark) = (Instant::now(), format!("marked-{}", shown.len()));
        store.append(vec![marked(&mark, clock.now())]).await.expect("written");
        while marks(&reports).await <= shown.len() as u64 {
            tokio::time::sleep(LOOK).await;
        }
        shown.push(began.elapsed());
    }
    load.await.expect("the load");
    shown
}

fn marked(id: &str, at: Timestamp) -> Event {
    let line = format!(
        r#"{{"event_id":"{id}","event":"media-token","ts":{},"media_company":"marked","requestor_id":"r","mvpd":"m"}}"#,
        at.as_millis() - 3_600_000
    );
    Event::from_line(line.as_bytes()).expect("an event")
}

/// How many marked events the report of the day counts.
async fn marks(reports: &Reports) -> u64 {
    let scope = Viewer::Operator.scope(Api::Esm).expect("a scope");
    let address = Address::parse(Api::Esm, "v3/year/month/day/hour/media-company").expect("a path");
    let resource = reports.find(&address, &scope).expect("a report");
    let query = "start=2024-06-11&end=2024-06-13&media-company=marked&metrics=media-tokens";
    let report = reports.report(&resource, query, &scope).await.expect("an answer");
    report.table.rows.iter().flat_map(|row| &row.values).sum()
}

/// Processor time of this process so far, in seconds.
fn cpu_s() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").expect("statistics");
    let fields = stat.rsplit(')').next().expect("fields").split_whitespace();
    let ticks: u64 = fields.skip(11).take(2).map(|it| it.parse::<u64>().expect("ticks")).sum();
    ticks as f64 / 100.0
}
