//! The embedded activity store: the contract every store keeps, and what it keeps over a crash.

#![expect(clippy::expect_used, reason = "what a test cannot go on without ends it")]

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tempfile::TempDir;
use usher_core::Clock;
use usher_reports::{EventJournal, MemoryJournal, StreamEventName};
use usher_store_local::{ActivitySettings, LocalActivity};
use usher_streams::{ActivityStore, StartError, Subject};
use usher_testkit::contract::{self, StreamHouse};
use usher_testkit::{ManualClock, copy_as_crashed};

/// A service over a durable store in `directory`, and the store.
async fn open(directory: &Path, clock: &Arc<ManualClock>) -> (StreamHouse, Arc<LocalActivity>) {
    let journal = Arc::new(MemoryJournal::default());
    let (settings, events) = (ActivitySettings::default(), Arc::clone(&journal) as _);
    let store = LocalActivity::open(directory, settings, events, Arc::clone(clock) as _)
        .await
        .expect("the store opens");
    let store = Arc::new(store);
    (StreamHouse::over(Arc::clone(&store) as _, journal, Arc::clone(clock)), store)
}

/// What is on disk at this instant, as a crash would leave it.
fn copy(from: &Path) -> TempDir {
    let to = TempDir::new().expect("a directory");
    copy_as_crashed(from, to.path());
    to
}

fn subject(account: &str) -> Subject {
    Subject::new("northcable", account)
}

#[tokio::test]
async fn the_store_in_memory_keeps_the_contract() {
    contract::activity(async |journal: Arc<dyn EventJournal>| {
        Arc::new(LocalActivity::in_memory(ActivitySettings::default(), journal)) as _
    })
    .await;
}

#[tokio::test]
async fn the_durable_store_keeps_the_contract() {
    let home = TempDir::new().expect("a directory");
    let number = std::cell::Cell::new(0);
    contract::activity(async |journal: Arc<dyn EventJournal>| {
        number.set(number.get() + 1);
        let directory = home.path().join(number.get().to_string());
        let clock = Arc::new(ManualClock::default());
        let settings = ActivitySettings::default();
        let store = LocalActivity::open(&directory, settings, journal, clock).await;
        Arc::new(store.expect("it opens")) as _
    })
    .await;
}

#[tokio::test]
async fn whatever_was_acknowledged_is_there_after_a_crash_at_any_moment() {
    let home = TempDir::new().expect("a directory");
    let clock = Arc::new(ManualClock::default());
    let (house, _store) = open(home.path(), &clock).await;
    let mut expected = Vec::new();
    let mut crashes = Vec::new();
    for number in 0..12 {
        let subject = subject(&format!("u{}", number % 4));
        if number % 3 == 2 {
            let running = house.running(&subject).await;
            for id in &running {
                house.stops(&subject, id).await;
            }
            expected.retain(|(_, id)| !running.contains(id));
        } else {
            let id = house.starts(&subject).await;
            expected.push((subject, id));
        }
        crashes.push((copy(home.path()), expected.clone()));
    }
    clock.advance(Duration::from_secs(1_000));
    for (crashed, expected) in crashes {
        let (after, _store) = open(crashed.path(), &clock).await;
        for number in 0..4 {
            let subject = subject(&format!("u{number}"));
            let ids: Vec<_> =
                expected.iter().filter(|(it, _)| *it == subject).map(|(_, id)| id).collect();
            let mut running = after.running(&subject).await;
            running.sort();
            assert!(running.iter().eq(ids), "{running:?}");
        }
    }
}

#[tokio::test]
async fn live_streams_get_a_fresh_window_and_ended_ones_stay_ended() {
    let home = TempDir::new().expect("a directory");
    let clock = Arc::new(ManualClock::default());
    let (house, store) = open(home.path(), &clock).await;
    let viewer = subject("u");
    let live = house.starts(&viewer).await;
    let stopped = house.starts(&viewer).await;
    house.stops(&viewer, &stopped).await;
    store.close().await;
    drop((house, store));

    clock.advance(Duration::from_hours(1));
    let (house, store) = open(home.path(), &clock).await;
    clock.advance(Duration::from_secs(89));
    assert!(house.beats(&viewer, &live).await);
    assert!(!house.beats(&viewer, &stopped).await);
    clock.advance(Duration::from_secs(90));
    while house.streams.expire_due().await.expect("a sweep") > 0 {}
    assert_eq!(house.reported().await, [(StreamEventName::SessionExpired, Some(live))]);
    assert!(store.resident_subjects() <= 1);
}

#[tokio::test]
async fn subjects_without_live_streams_leave_memory_and_come_back_from_disk() {
    let home = TempDir::new().expect("a directory");
    let clock = Arc::new(ManualClock::default());
    let (house, store) = open(home.path(), &clock).await;
    let viewer = subject("u");
    let id = house.starts(&viewer).await;
    house.stops(&viewer, &id).await;
    assert_eq!(store.resident_subjects(), 1);
    for _ in 0..3 {
        clock.advance(Duration::from_secs(100));
        while house.streams.expire_due().await.expect("a sweep") > 0 {}
    }
    assert_eq!(store.resident_subjects(), 0);
    assert!(!house.beats(&viewer, &id).await);
    let again = house.starts(&viewer).await;
    assert_eq!(house.running(&viewer).await, [again]);
}

#[tokio::test]
async fn heartbeats_write_nothing() {
    let home = TempDir::new().expect("a directory");
    let clock = Arc::new(ManualClock::default());
    let (house, _store) = open(home.path(), &clock).await;
    let viewer = subject("u");
    let id = house.starts(&viewer).await;
    let before = bytes(home.path());
    for _ in 0..1_000 {
        assert!(house.beats(&viewer, &id).await);
    }
    assert_eq!(bytes(home.path()), before);
}

/// Every file's content hash would do; its bytes are few enough.
fn bytes(directory: &Path) -> Vec<(std::path::PathBuf, Vec<u8>)> {
    let mut files = Vec::new();
    let mut directories = vec![directory.to_owned()];
    while let Some(directory) = directories.pop() {
        for entry in std::fs::read_dir(directory).expect("a directory") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                directories.push(path);
            } else {
                let content = std::fs::read(&path).expect("a file");
                files.push((path, content.into_iter().filter(|byte| *byte != 0).collect()));
            }
        }
    }
    files.sort();
    files
}

#[tokio::test]
async fn events_that_missed_the_journal_are_delivered_at_the_next_start() {
    let home = TempDir::new().expect("a directory");
    let clock = Arc::new(ManualClock::default());
    let (house, _store) = open(home.path(), &clock).await;
    let id = house.starts(&subject("u")).await;
    // The journal of the crashed process is lost with it: the outbox still has the last group.
    let crashed = copy(home.path());
    let (after, _store) = open(crashed.path(), &clock).await;
    assert_eq!(after.reported().await, [(StreamEventName::SessionStarted, Some(id))]);
}

#[tokio::test]
async fn a_closed_store_refuses_what_it_could_not_keep() {
    let home = TempDir::new().expect("a directory");
    let clock = Arc::new(ManualClock::default());
    let (house, store) = open(home.path(), &clock).await;
    let id = house.starts(&subject("u")).await;
    store.close().await;
    assert!(house.start(&subject("v")).await.is_err());
    assert!(house.beats(&subject("u"), &id).await);
}

#[tokio::test]
async fn memory_is_bounded_and_comes_back() {
    let home = TempDir::new().expect("a directory");
    let clock = Arc::new(ManualClock::default());
    let bounds = ActivitySettings { bytes_max: 20_000 };
    let journal = Arc::new(MemoryJournal::default());
    let (events, time) = (Arc::clone(&journal) as _, Arc::clone(&clock) as _);
    let store = LocalActivity::open(home.path(), bounds, events, time).await.expect("it opens");
    let store = Arc::new(store);
    let house = StreamHouse::over(Arc::clone(&store) as _, journal, Arc::clone(&clock));

    let mut started = Vec::new();
    let refused = loop {
        let viewer = subject(&format!("u{}", started.len()));
        match house.start(&viewer).await {
            Ok(it) => started.push((viewer, it.id.to_string())),
            Err(error) => break error,
        }
    };
    assert_eq!(refused, StartError::Full);
    assert!((30..60).contains(&started.len()), "{} streams in 20 kB", started.len());
    // Who plays goes on playing; calls of others are answered but leave nothing behind.
    let (viewer, id) = &started[0];
    assert!(house.beats(viewer, id).await);
    let residents = store.resident_subjects();
    assert!(!house.beats(&subject("nobody"), id).await);
    assert_eq!(store.resident_subjects(), residents);

    // Everything ends, and leaves memory once its last write is on disk and its windows are over.
    for _ in 0..3 {
        clock.advance(Duration::from_secs(100));
        while house.streams.expire_due().await.expect("a sweep") > 0 {}
    }
    assert_eq!(store.resident_subjects(), 0);
    assert!(store.has_room());
    // Fewer than before: what ended today is remembered.
    for (viewer, _) in &started[..20] {
        house.starts(viewer).await;
    }
}

#[tokio::test]
async fn announced_intervals_follow_the_load_and_windows_follow_them() {
    let journal = Arc::new(MemoryJournal::default());
    let clock = Arc::new(ManualClock::default());
    let store = LocalActivity::in_memory(ActivitySettings::default(), Arc::clone(&journal) as _);
    let house = StreamHouse::over(Arc::new(store), journal, Arc::clone(&clock));
    let announced = async |viewer: &Subject| {
        let started = house.start(viewer).await.expect("the start is accepted");
        (started.id.to_string(), started.expires.since(started.at))
    };
    let minute = Duration::from_mins(1);
    assert_eq!(announced(&subject("calm")).await.1, minute);

    for _ in 0..100 {
        house.streams.observe_lag(Duration::from_secs(1));
    }
    let mut intervals = std::collections::BTreeSet::new();
    for number in 0..50 {
        let viewer = subject(&format!("u{number}"));
        let (id, interval) = announced(&viewer).await;
        assert!((minute * 5 / 2..=minute * 4).contains(&interval), "{interval:?}");
        intervals.insert(interval);
        // The usual 30 s of grace, on top of what was announced.
        let begin = clock.now();
        clock.set(begin + interval + Duration::from_secs(29));
        assert!(house.beats(&viewer, &id).await, "{interval:?}");
        clock.set(begin);
        let (id, interval) = announced(&viewer).await;
        clock.set(begin + interval + Duration::from_secs(30));
        assert!(!house.beats(&viewer, &id).await, "{interval:?}");
        clock.set(begin);
    }
    assert!(intervals.len() > 10, "they do not come back together: {intervals:?}");

    for _ in 0..1_000 {
        house.streams.observe_lag(Duration::ZERO);
    }
    assert_eq!(announced(&subject("calm again")).await.1, minute);
}
