//! Millions of streams in the embedded activity store: what they weigh, cost, and how fast they come back.
//!
//! ```sh
//! cargo run --release -p usher-store-local --example activity_at_scale -- fill DIRECTORY 1000000
//! cargo run --release -p usher-store-local --example activity_at_scale -- open DIRECTORY
//! ```
//!
//! `fill` starts streams and beats some of them, then ends hard, as after `kill -9`; `open` reads them
//! back. Each prints `name value` lines, which `cargo xtask bench streams` reads.

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

use async_trait::async_trait;
use usher_core::{Clock, StoreError};
use usher_reports::{Event, EventJournal};
use usher_store_local::{ActivitySettings, LocalActivity};
use usher_streams::{Subject, Submission};
use usher_testkit::ManualClock;
use usher_testkit::contract::StreamHouse;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Starts under way at any time.
const AT_ONCE: usize = 256;
/// Heartbeats measured.
const BEATS: usize = 1_000_000;
/// Different streams that are beaten.
const BEATEN: usize = 200_000;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.expect("a runtime");
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["fill", directory, count] => {
            let count = count.parse().expect("a number of streams");
            runtime.block_on(fill(Path::new(directory), count));
            std::process::abort();
        }
        ["open", directory] => runtime.block_on(open(Path::new(directory))),
        _ => panic!("fill DIRECTORY COUNT, or open DIRECTORY"),
    }
}

async fn fill(directory: &Path, count: usize) {
    let before = resident_bytes();
    let (house, _store) = house(directory).await;
    let began = Instant::now();
    let per_task = count / AT_ONCE;
    let tasks: Vec<_> = (0..AT_ONCE)
        .map(|task| {
            let house = Arc::clone(&house);
            tokio::spawn(async move {
                for number in task * per_task..(task + 1) * per_task {
                    let sent = submission(number);
                    house.start_with(&subject(number), &sent).await.expect("it starts");
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.expect("the task ends");
    }
    let count = per_task * AT_ONCE;
    println!("starts_per_s {:.0}", count as f64 / began.elapsed().as_secs_f64());
    house.streams.settle().await.expect("events arrive");
    report_memory("filled", before, count);
    beat(&house, count).await;
}

/// Beats streams spread over all of them.
async fn beat(house: &StreamHouse, count: usize) {
    let step = (count / BEATEN).max(1);
    let mut streams = Vec::new();
    for number in (0..count).step_by(step) {
        let subject = subject(number);
        for id in house.running(&subject).await {
            streams.push((subject.clone(), id));
        }
    }
    let began = Instant::now();
    for (subject, id) in streams.iter().cycle().take(BEATS) {
        assert!(house.beats(subject, id).await, "the stream is alive");
    }
    println!("ns_per_beat {:.0}", began.elapsed().as_nanos() as f64 / BEATS as f64);
}

async fn open(directory: &Path) {
    let before = resident_bytes();
    let began = Instant::now();
    let (_house, store) = house(directory).await;
    println!("open_ms {}", began.elapsed().as_millis());
    report_memory("opened", before, store.resident_subjects());
}

fn report_memory(name: &str, before: u64, count: usize) {
    let bytes = (resident_bytes() - before) as f64 / count.max(1) as f64;
    println!("streams {count}");
    println!("{name}_bytes_per_stream {bytes:.0}");
    println!("text_bytes_per_stream {:.0}", text_bytes(count));
    println!("{name}_beyond_text_bytes_per_stream {:.0}", bytes - text_bytes(count));
}

/// The mean length of a stream's metadata: names and values.
fn text_bytes(count: usize) -> f64 {
    let length = |number| match submission(number) {
        Submission::Pairs(pairs) => pairs.iter().map(|(n, v)| n.len() + v.len()).sum::<usize>(),
        Submission::Oversized => 0,
    };
    (0..1000).map(|at| length(at * count / 1000)).sum::<usize>() as f64 / 1000.0
}

fn subject(number: usize) -> Subject {
    Subject::new("Cablevision", &format!("account-{number:012}"))
}

fn submission(number: usize) -> Submission {
    let pairs = [
        ("channel", format!("channel-{}", number % 150)),
        ("deviceId", format!("{number:032x}")),
        ("deviceName", "Living room".to_owned()),
        ("contentType", "live".to_owned()),
    ];
    Submission::Pairs(pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

async fn house(directory: &Path) -> (Arc<StreamHouse>, Arc<LocalActivity>) {
    let clock = Arc::new(ManualClock::default());
    let time: Arc<dyn Clock> = Arc::clone(&clock) as _;
    let settings = ActivitySettings { bytes_max: u64::MAX };
    let store = LocalActivity::open(directory, settings, Arc::new(Nowhere), time).await;
    let store = Arc::new(store.expect("the store opens"));
    clock.advance(Duration::from_secs(1));
    (Arc::new(StreamHouse::over(Arc::clone(&store) as _, Arc::default(), clock)), store)
}

/// A journal that keeps nothing: its memory is not what is weighed here.
struct Nowhere;

#[async_trait]
impl EventJournal for Nowhere {
    async fn append(&self, _: Vec<Event>) -> Result<(), StoreError> {
        Ok(())
    }

    fn note(&self, _: Event) {}
}

/// Memory that this process really uses.
fn resident_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("a size");
    let kib: u64 = line.trim().trim_end_matches(" kB").parse().expect("a number");
    kib * 1024
}
