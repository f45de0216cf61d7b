//! The store against its contract, and against crashes.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use futures_util::FutureExt as _;
use futures_util::future::join_all;
use usher_core::{Clock, Entropy, StoreError, Timestamp};
use usher_cube::{Switches, Zone};
use usher_reports::{
    Address, Api, Event, EventBatch, EventJournal, ReportSettings, Reports, Viewer, Warehouse,
};
use usher_testkit::contract::EventHouse;
use usher_testkit::{ManualClock, contract};

use super::desk::SYNC_AFTER;
use super::group::{Command, Then};
use super::log::{Log, Records};
use super::{Archive, EventSettings, LocalEvents, RollupSets};

/// Not random at all, but never the same.
#[derive(Default)]
struct Counting(AtomicU8);

impl Entropy for Counting {
    fn fill(&self, bytes: &mut [u8]) {
        let number = self.0.fetch_add(1, Ordering::Relaxed);
        bytes.fill(number);
    }
}

/// 2024-06-10.
const NOW: Timestamp = Timestamp::from_secs(1_718_000_000);

fn settings() -> EventSettings {
    let sets = |api| Reports::rollups(api, Switches::default()).unwrap();
    let rollups = RollupSets { esm: sets(Api::Esm), cmu: sets(Api::Cmu) };
    EventSettings { rollups, ..EventSettings::default() }
}

fn open_at(
    directory: &Path,
    settings: EventSettings,
    clock: &Arc<ManualClock>,
) -> Result<Arc<LocalEvents>, StoreError> {
    let clock: Arc<dyn Clock> = Arc::clone(clock) as _;
    LocalEvents::open(directory, settings, clock, Arc::new(Counting::default())).map(Arc::new)
}

fn try_open(directory: &Path) -> Result<Arc<LocalEvents>, StoreError> {
    open_at(directory, settings(), &Arc::new(ManualClock::at(NOW)))
}

async fn open(directory: &Path) -> Arc<LocalEvents> {
    // The store that a test let go of closes its lock when its writer has ended.
    for _ in 0..1000 {
        match try_open(directory) {
            Err(error) if error.to_string().contains("in use") => tokio::task::yield_now().await,
            opened => return opened.unwrap(),
        }
    }
    panic!("the store stays in use");
}

fn event(id: &str, ts: i64) -> Event {
    let line = format!(
        r#"{{"event_id":"{id}","event":"media-token","ts":{ts},"media_company":"c","requestor_id":"r","mvpd":"m"}}"#
    );
    Event::from_line(line.as_bytes()).unwrap()
}

/// 2024-06-03 at 19:00 in report time, a Monday.
const MONDAY: i64 = 1_717_470_000_000;

fn events(ids: &[&str]) -> Vec<Event> {
    ids.iter().map(|id| event(id, MONDAY)).collect()
}

/// How many media tokens the reports count, over all time.
async fn counted(events: &Arc<LocalEvents>) -> u64 {
    counted_by(events, "/esm/v3", "metrics=count").await
}

async fn counted_by(events: &Arc<LocalEvents>, path: &str, query: &str) -> u64 {
    let warehouse: Arc<dyn Warehouse> = Arc::clone(events) as _;
    let clock = Arc::new(ManualClock::at(NOW));
    let reports = Reports::new(ReportSettings::default(), warehouse, clock).unwrap();
    let scope = Viewer::Operator.scope(Api::Esm).unwrap();
    let address = Address::parse(Api::Esm, path.strip_prefix("/esm/").unwrap()).unwrap();
    let resource = reports.find(&address, &scope).unwrap();
    let report = reports.report(&resource, query, &scope).await.unwrap();
    report.table.rows.iter().flat_map(|row| &row.values).sum()
}

fn log(directory: &Path, number: u64) -> PathBuf {
    Log::path(&directory.join("log"), number)
}

/// All Parquet files, as paths below the store.
fn files(directory: &Path) -> Vec<String> {
    let mut files = Vec::new();
    let mut folders = vec![directory.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|it| it == "parquet") {
                files.push(path.strip_prefix(directory).unwrap().display().to_string());
            }
        }
    }
    files.sort();
    files
}

/// A journal that closes every day that is over after each append: reports are answered from roll-ups.
struct Settling(Arc<LocalEvents>);

#[async_trait]
impl EventJournal for Settling {
    async fn append(&self, events: Vec<Event>) -> Result<(), StoreError> {
        self.0.append(events).await?;
        self.0.settle().await
    }

    fn note(&self, event: Event) {
        self.0.note(event);
    }
}

#[tokio::test]
async fn the_store_keeps_the_promises_of_a_journal_and_of_a_warehouse() {
    let directory = tempfile::tempdir().unwrap();
    contract::journal(async || {
        let events = open(&directory.path().join("journal")).await;
        (Arc::clone(&events) as _, events as _)
    })
    .await;
    contract::warehouse(async || {
        let events = open(&directory.path().join("warehouse")).await;
        (Arc::clone(&events) as _, events as _)
    })
    .await;
}

#[tokio::test]
async fn it_keeps_them_when_every_day_is_closed_at_once() {
    let directory = tempfile::tempdir().unwrap();
    contract::journal(async || {
        let events = open(&directory.path().join("journal")).await;
        (Arc::new(Settling(Arc::clone(&events))) as _, events as _)
    })
    .await;
    contract::warehouse(async || {
        let events = open(&directory.path().join("warehouse")).await;
        (Arc::new(Settling(Arc::clone(&events))) as _, events as _)
    })
    .await;
}

#[tokio::test]
async fn it_forgets_people_in_the_log_in_files_and_in_closed_days() {
    let directory = tempfile::tempdir().unwrap();
    contract::subjects(async || {
        let events = open(&directory.path().join("open")).await;
        let (journal, warehouse) = (Arc::clone(&events) as _, Arc::clone(&events) as _);
        EventHouse { journal, warehouse, subjects: events }
    })
    .await;
    contract::subjects(async || {
        let events = open(&directory.path().join("closed")).await;
        let journal = Arc::new(Settling(Arc::clone(&events))) as _;
        EventHouse { journal, warehouse: Arc::clone(&events) as _, subjects: events }
    })
    .await;
    for store in ["open", "closed"] {
        open(&directory.path().join(store)).await.close().await.unwrap();
        assert_eq!(told_of_ann(&directory.path().join(store)), 4, "{store}");
    }
}

/// How many events that are kept in any form know her name. What the suite leaves behind is she who came
/// back: four events with her old name.
fn told_of_ann(directory: &Path) -> usize {
    let archive = Archive::open(directory).unwrap();
    let mut told = 0;
    for day in archive.days().into_keys() {
        let read = archive.each(day, |event| {
            let line = serde_json::to_string(&event).unwrap();
            assert!(!line.contains(r#""account":"ann""#), "{line}");
            told += usize::from(
                line.contains(r#""user_id":"ann-hashed""#) && line.contains(r#""mvpd":"OpCo""#),
            );
        });
        read.unwrap();
    }
    told
}

#[tokio::test]
async fn a_crash_at_any_byte_of_the_last_batch_loses_that_batch_and_no_other() {
    let written = tempfile::tempdir().unwrap();
    let store = open(written.path()).await;
    store.append(events(&["a", "b"])).await.unwrap();
    let whole = fs::metadata(log(written.path(), 1)).unwrap().len();
    store.append(events(&["c", "d"])).await.unwrap();
    let bytes = fs::read(log(written.path(), 1)).unwrap();
    let manifest = fs::read(written.path().join("manifest.json")).unwrap();

    for end in usize::try_from(whole).unwrap()..=bytes.len() {
        let torn = tempfile::tempdir().unwrap();
        fs::create_dir(torn.path().join("log")).unwrap();
        fs::write(torn.path().join("manifest.json"), &manifest).unwrap();
        fs::write(log(torn.path(), 1), &bytes[..end]).unwrap();
        let kept = if end == bytes.len() { 4 } else { 2 };
        let store = open(torn.path()).await;
        assert_eq!(counted(&store).await, kept, "torn at {end}");
        if end % 10 == 0 {
            // The lost batch can be written again: its ids are not remembered.
            store.append(events(&["c", "d", "e"])).await.unwrap();
            drop(store);
            assert_eq!(counted(&open(torn.path()).await).await, 5, "torn at {end}");
        }
    }
}

#[tokio::test]
async fn a_crash_that_leaves_garbage_or_zeros_behind_the_last_batch_loses_nothing() {
    for garbage in [vec![0; 4096], vec![0xff; 100], b"usherj2\n".to_vec()] {
        let directory = tempfile::tempdir().unwrap();
        open(directory.path()).await.append(events(&["a"])).await.unwrap();
        let mut bytes = fs::read(log(directory.path(), 1)).unwrap();
        bytes.extend(garbage);
        fs::write(log(directory.path(), 1), bytes).unwrap();
        let store = open(directory.path()).await;
        assert_eq!(counted(&store).await, 1);
        store.append(events(&["b"])).await.unwrap();
        drop(store);
        assert_eq!(counted(&open(directory.path()).await).await, 2);
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_written_becomes_durable_without_anybody_who_waits_for_it() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path()).await;
    // The first of a day goes the long way: its ids have to be read.
    store.append(events(&["a"])).await.unwrap();
    for ids in [["b", "c"], ["c", "d"]] {
        store.write(events(&ids)).await.unwrap();
        assert!(store.desk.is_unsynced());
        for _ in 0..100_000 {
            if !store.desk.is_unsynced() {
                break;
            }
            tokio::time::advance(SYNC_AFTER).await;
        }
        assert!(!store.desk.is_unsynced());
    }
    assert_eq!(counted(&store).await, 4);
    store.close().await.unwrap();
    assert!(store.write(events(&["e"])).await.is_err());
}

#[tokio::test]
async fn nobody_who_only_writes_waits_for_files() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path()).await;
    let on_the_spot = |id| {
        let command = Command { events: events(&[id]), done: None, then: Then::Continue };
        store.desk.try_write(&mut [command])
    };
    assert_eq!(on_the_spot("a"), None, "ids have to be read");
    store.write(events(&["a"])).await.unwrap();
    assert_eq!(on_the_spot("b"), Some(Ok(vec![1])));
    store.settle().await.unwrap();
    assert_eq!(on_the_spot("c"), None, "a log has to be begun");
    store.write(events(&["c"])).await.unwrap();
    assert_eq!(on_the_spot("d"), Some(Ok(vec![1])));
    assert_eq!(counted(&store).await, 4);
}

#[tokio::test]
async fn all_who_write_at_a_moment_are_written_by_one_call() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path()).await;
    store.append(events(&["first"])).await.unwrap();
    let ids: Vec<_> = (0..100).map(|number| (number % 50).to_string()).collect();
    let written = join_all(ids.iter().map(|id| store.write(events(&[id])))).await;
    assert!(written.iter().all(Result::is_ok), "{written:?}");
    let mut records = Records::open(&log(directory.path(), 1)).unwrap();
    let lengths = std::iter::from_fn(|| records.next().unwrap()).map(|payload| payload.len());
    assert_eq!(lengths.count(), 2);
    assert_eq!(counted(&store).await, 51, "each once");
}

#[tokio::test]
async fn what_was_handed_in_is_written_although_nobody_waits_for_it() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path()).await;
    store.append(events(&["a"])).await.unwrap();
    assert_eq!(store.write(events(&["b"])).now_or_never(), None);
    store.close().await.unwrap();
    assert_eq!(counted(&open(directory.path()).await).await, 2);
}

#[tokio::test]
async fn a_crash_while_a_log_is_created_loses_nothing() {
    for bytes in [&b""[..], b"ush", &[0; 8]] {
        let directory = tempfile::tempdir().unwrap();
        open(directory.path()).await.close().await.unwrap();
        fs::write(log(directory.path(), 1), bytes).unwrap();
        let store = open(directory.path()).await;
        store.append(events(&["a"])).await.unwrap();
        assert_eq!(counted(&store).await, 1);
        drop(store);
        assert_eq!(counted(&open(directory.path()).await).await, 1);
    }
}

#[tokio::test]
async fn damage_before_the_end_stops_the_start() {
    let directory = tempfile::tempdir().unwrap();
    for id in ["a", "b"] {
        let store = open(directory.path()).await;
        store.append(events(&[id])).await.unwrap();
        store.close().await.unwrap();
    }
    let mut bytes = fs::read(log(directory.path(), 1)).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(log(directory.path(), 1), bytes).unwrap();
    let error = try_open(directory.path()).unwrap_err();
    assert!(matches!(error, StoreError::Corrupt { what: "event log", .. }), "{error}");
}

#[tokio::test]
async fn another_format_is_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    open(directory.path()).await.close().await.unwrap();
    fs::write(log(directory.path(), 1), b"usherj9\nfrom the future").unwrap();
    assert!(try_open(directory.path()).is_err());
    assert_eq!(fs::read(log(directory.path(), 1)).unwrap(), b"usherj9\nfrom the future");
    fs::remove_file(log(directory.path(), 1)).unwrap();

    let manifest = directory.path().join("manifest.json");
    let text = r#"{"format": 9, "everything else": "may be different"}"#;
    fs::write(&manifest, text).unwrap();
    let error = try_open(directory.path()).unwrap_err();
    assert!(error.to_string().contains("format 9"), "{error}");
    assert_eq!(fs::read_to_string(&manifest).unwrap(), text);
}

/// The bytes of everything in a store.
fn image(directory: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut image = Vec::new();
    let mut folders = vec![directory.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(directory).unwrap().to_owned();
                image.push((name, fs::read(path).unwrap()));
            }
        }
    }
    image
}

fn restore(image: &[(PathBuf, Vec<u8>)], directory: &Path) {
    for (name, bytes) in image {
        let path = directory.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
}

#[tokio::test]
async fn a_crash_between_any_two_steps_counts_every_event_once() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path()).await;
    store.append(events(&["a", "b"])).await.unwrap();
    let logged = image(directory.path());
    store.send(Vec::new(), Then::Seal).await.unwrap();
    store.settle().await.unwrap();
    store.append(events(&["c"])).await.unwrap();
    store.settle().await.unwrap();
    store.close().await.unwrap();
    let closed = image(directory.path());
    let manifest = |image: &[(PathBuf, Vec<u8>)]| {
        image.iter().find(|(name, _)| name.ends_with("manifest.json")).unwrap().clone()
    };
    let without = |image: &[(PathBuf, Vec<u8>)]| {
        image
            .iter()
            .filter(|(name, _)| !name.ends_with("manifest.json"))
            .cloned()
            .collect::<Vec<_>>()
    };

    // The files are there, the manifest is not: they are no one's.
    let crashed = tempfile::tempdir().unwrap();
    restore(&without(&closed), crashed.path());
    restore(&logged, crashed.path());
    let store = open(crashed.path()).await;
    assert_eq!(counted(&store).await, 2);
    assert_eq!(files(crashed.path()), Vec::<String>::new());
    store.append(events(&["a", "b", "c"])).await.unwrap();
    assert_eq!(counted(&store).await, 3);
    drop(store);

    // The manifest is there, the log has not gone yet: it is done with.
    let crashed = tempfile::tempdir().unwrap();
    restore(&closed, crashed.path());
    restore(&without(&logged), crashed.path());
    let store = open(crashed.path()).await;
    assert_eq!(counted(&store).await, 3);
    store.append(events(&["a", "b", "c"])).await.unwrap();
    assert_eq!(counted(&store).await, 3);
    drop(store);

    // A draft of the next manifest is nothing.
    let crashed = tempfile::tempdir().unwrap();
    restore(&closed, crashed.path());
    fs::write(crashed.path().join("manifest.new"), &manifest(&logged).1).unwrap();
    assert_eq!(counted(&open(crashed.path()).await).await, 3);
}

#[tokio::test]
async fn a_day_that_is_over_becomes_one_file_and_late_events_are_counted_at_once() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path()).await;
    for id in ["a", "b"] {
        store.append(events(&[id])).await.unwrap();
        store.send(Vec::new(), Then::Seal).await.unwrap();
    }
    store.settle().await.unwrap();
    let of_events =
        |directory: &Path| files(directory).iter().filter(|file| file.contains("events")).count();
    assert_eq!(of_events(directory.path()), 1);
    assert!(files(directory.path())[0].starts_with("esm/day=2024-06-03/events."));

    store.append(events(&["b", "late"])).await.unwrap();
    assert_eq!(counted(&store).await, 3);
    store.send(Vec::new(), Then::Seal).await.unwrap();
    assert_eq!(counted(&store).await, 3);
    store.settle().await.unwrap();
    assert_eq!((of_events(directory.path()), counted(&store).await), (1, 3));
    store.append(events(&["a", "b", "late"])).await.unwrap();
    assert_eq!(counted(&store).await, 3);
}

#[tokio::test]
async fn today_stays_open() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path()).await;
    store.append(vec![event("today", NOW.as_millis() - 1000)]).await.unwrap();
    store.settle().await.unwrap();
    let of_day = files(directory.path());
    assert!(of_day.len() == 1 && of_day[0].contains("events"), "{of_day:?}");
    assert_eq!(counted(&store).await, 1);
}

#[tokio::test]
async fn old_days_leave_and_old_events_are_not_taken_in() {
    let directory = tempfile::tempdir().unwrap();
    let clock = Arc::new(ManualClock::at(NOW));
    let store = open_at(directory.path(), settings(), &clock).unwrap();
    store.append(vec![event("ancient", 1_500_000_000_000)]).await.unwrap();
    store.append(events(&["a"])).await.unwrap();
    store.settle().await.unwrap();
    assert_eq!(counted(&store).await, 1);
    clock.advance(Duration::from_hours(24 * 800));
    store.settle().await.unwrap();
    assert_eq!((counted(&store).await, files(directory.path())), (0, Vec::new()));
}

#[tokio::test]
async fn another_zone_sorts_events_into_other_days() {
    let directory = tempfile::tempdir().unwrap();
    let by_day = async |store: &Arc<LocalEvents>, day: &str| {
        let query = format!("metrics=count&start={day}&end={day}T23:59:59");
        counted_by(store, "/esm/v3/year/month/day/event", &query).await
    };
    // Evening at UTC−8 is the next morning elsewhere.
    let late_evening = event("evening", MONDAY + 3_600_000);
    {
        let store = open(directory.path()).await;
        store.append(vec![late_evening.clone(), event("a", MONDAY)]).await.unwrap();
        store.settle().await.unwrap();
        store.append(vec![event("late", MONDAY)]).await.unwrap();
        assert_eq!(by_day(&store, "2024-06-03").await, 3);
        store.close().await.unwrap();
    }
    let clock = Arc::new(ManualClock::at(NOW));
    let zone = Zone::parse("Europe/Berlin").unwrap();
    let elsewhere = EventSettings { zone: zone.clone(), ..settings() };
    let store = open_at(directory.path(), elsewhere, &clock).unwrap();
    let warehouse: Arc<dyn Warehouse> = Arc::clone(&store) as _;
    let rules = usher_reports::Rules { zone, ..usher_reports::Rules::default() };
    let reports = ReportSettings { rules, ..ReportSettings::default() };
    let reports = Reports::new(reports, warehouse, clock).unwrap();
    let scope = Viewer::Operator.scope(Api::Esm).unwrap();
    let address = Address::parse(Api::Esm, "v3/year/month/day/event").unwrap();
    let resource = reports.find(&address, &scope).unwrap();
    for _ in 0..2 {
        let query = "metrics=count&start=2024-06-01&end=2024-07-01";
        let table = reports.report(&resource, query, &scope).await.unwrap().table;
        let rows: Vec<_> = table.rows.iter().map(|row| (&*row.labels[2], row.values[0])).collect();
        assert_eq!(rows, [("4", 3)]);
        store.settle().await.unwrap();
    }
    // What was known before is still known.
    store.append(vec![late_evening, event("a", MONDAY), event("late", MONDAY)]).await.unwrap();
    assert_eq!(counted(&store).await, 3);
}

#[tokio::test]
async fn an_import_tells_how_many_events_were_new() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path()).await;
    let file = usher_testkit::scenarios::ESM_EVENTS.replace(r#""event_id": "#, r#""was": "#);
    let batch = EventBatch::from_ndjson(file.as_bytes()).unwrap().into_events();
    assert_eq!(store.import(batch.clone()).await, Ok(23));
    assert_eq!(store.import(batch.clone()).await, Ok(0));
    store.settle().await.unwrap();
    assert_eq!(store.import(batch).await, Ok(0));
}

#[tokio::test]
async fn after_a_failed_write_nothing_more_is_accepted() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path()).await;
    store.append(events(&["a"])).await.unwrap();
    store.settle().await.unwrap();
    fs::remove_dir_all(directory.path()).unwrap();
    for _ in 0..2 {
        let refused = store.append(events(&["b"])).await;
        assert!(matches!(refused, Err(StoreError::Unavailable(_))), "{refused:?}");
    }
}

#[tokio::test]
async fn a_store_has_one_owner_until_it_is_closed() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path()).await;
    let second = try_open(directory.path()).unwrap_err();
    assert!(second.to_string().contains("in use by another process"), "{second}");
    store.note(event("a", MONDAY));
    store.close().await.unwrap();
    store.close().await.unwrap();
    assert!(store.append(events(&["b"])).await.is_err());
    assert_eq!(counted(&open(directory.path()).await).await, 1);
}

#[tokio::test]
async fn a_closed_store_can_be_read_without_changing_it() {
    let directory = tempfile::tempdir().unwrap();
    let read = || {
        let archive = Archive::open(directory.path())?;
        let mut times = Vec::new();
        for day in archive.days().keys() {
            archive.each(*day, |event| times.push(event.at().as_millis() - MONDAY))?;
        }
        Ok::<_, StoreError>(times)
    };
    assert!(matches!(read(), Err(StoreError::Unavailable(_))), "there is none yet");
    let store = open(directory.path()).await;
    store.append(vec![event("b", MONDAY + 2), event("c", MONDAY + 3)]).await.unwrap();
    store.settle().await.unwrap();
    store.append(vec![event("a", MONDAY + 1), event("d", MONDAY + 4)]).await.unwrap();
    assert!(read().unwrap_err().to_string().contains("in use by another process"));
    store.close().await.unwrap();
    drop(store);

    let numbers = Log::numbers(&directory.path().join("log")).unwrap();
    let last = log(directory.path(), *numbers.last().unwrap());
    let torn = [fs::read(&last).unwrap(), b"half a rec".to_vec()].concat();
    fs::write(&last, &torn).unwrap();
    assert_eq!(read().unwrap(), [1, 2, 3, 4]);
    assert_eq!(fs::read(&last).unwrap(), torn);
}
