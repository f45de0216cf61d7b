//! The journal against its contract, and against crashes.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use usher_core::{Clock, Entropy, StoreError, Timestamp};
use usher_reports::{
    Address, Api, Event, EventBatch, EventJournal, ReportSettings, Reports, Viewer, Warehouse,
};
use usher_testkit::{ManualClock, contract};

use super::segment::Segment;
use super::{JournalSettings, LocalJournal};
use crate::{LocalWarehouse, WarehouseSettings};

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

fn try_open(
    directory: &Path,
    settings: JournalSettings,
) -> Result<(LocalJournal, Arc<LocalWarehouse>), StoreError> {
    let clock: Arc<dyn Clock> = Arc::new(ManualClock::at(NOW));
    let warehouse = Arc::new(LocalWarehouse::new(WarehouseSettings::default(), clock));
    let entropy = Arc::new(Counting::default());
    LocalJournal::open(directory, settings, Arc::clone(&warehouse), entropy)
        .map(|journal| (journal, warehouse))
}

fn open(directory: &Path) -> (LocalJournal, Arc<LocalWarehouse>) {
    try_open(directory, JournalSettings::default()).unwrap()
}

fn event(id: &str, ts: i64) -> Event {
    let line = format!(
        r#"{{"event_id":"{id}","event":"media-token","ts":{ts},"media_company":"c","requestor_id":"r","mvpd":"m"}}"#
    );
    Event::from_line(line.as_bytes()).unwrap()
}

fn events(ids: &[&str]) -> Vec<Event> {
    ids.iter().map(|id| event(id, 1_717_990_000_000)).collect()
}

async fn counted(warehouse: &Arc<LocalWarehouse>) -> u64 {
    let warehouse: Arc<dyn Warehouse> = Arc::clone(warehouse) as _;
    let clock = Arc::new(ManualClock::at(NOW));
    let reports = Reports::new(ReportSettings::default(), warehouse, clock).unwrap();
    let scope = Viewer::Operator.scope(Api::Esm).unwrap();
    let root = reports.find(&Address::parse(Api::Esm, "v3").unwrap(), &scope).unwrap();
    let report = reports.report(&root, "metrics=count", &scope).await.unwrap();
    report.table.rows[0].values[0]
}

fn first_segment(directory: &Path) -> PathBuf {
    Segment::path(directory, 1)
}

#[tokio::test]
async fn the_local_journal_and_warehouse_keep_their_contracts() {
    let directory = tempfile::tempdir().unwrap();
    contract::journal(async || {
        let (journal, warehouse) = open(&directory.path().join("journal"));
        (Arc::new(journal) as _, warehouse as _)
    })
    .await;
    contract::warehouse(async || {
        let (journal, warehouse) = open(&directory.path().join("warehouse"));
        (Arc::new(journal) as _, warehouse as _)
    })
    .await;
}

#[tokio::test]
async fn a_crash_at_any_byte_of_the_last_batch_loses_that_batch_and_no_other() {
    let written = tempfile::tempdir().unwrap();
    let (journal, _) = open(written.path());
    journal.append(events(&["a", "b"])).await.unwrap();
    let whole = fs::metadata(first_segment(written.path())).unwrap().len();
    journal.append(events(&["c", "d"])).await.unwrap();
    let bytes = fs::read(first_segment(written.path())).unwrap();

    for end in usize::try_from(whole).unwrap()..=bytes.len() {
        let torn = tempfile::tempdir().unwrap();
        fs::write(first_segment(torn.path()), &bytes[..end]).unwrap();
        let kept = if end == bytes.len() { 4 } else { 2 };
        let (journal, warehouse) = open(torn.path());
        assert_eq!(counted(&warehouse).await, kept, "torn at {end}");
        if end % 50 == 0 {
            // The lost batch can be written again: its ids are not remembered.
            journal.append(events(&["c", "d", "e"])).await.unwrap();
            drop((journal, warehouse));
            assert_eq!(counted(&open(torn.path()).1).await, 5, "torn at {end}");
        }
    }
}

#[tokio::test]
async fn a_crash_that_leaves_garbage_or_zeros_behind_the_last_batch_loses_nothing() {
    for garbage in [vec![0; 4096], vec![0xff; 100], b"usherj1\n".to_vec()] {
        let directory = tempfile::tempdir().unwrap();
        open(directory.path()).0.append(events(&["a"])).await.unwrap();
        let mut bytes = fs::read(first_segment(directory.path())).unwrap();
        bytes.extend(garbage);
        fs::write(first_segment(directory.path()), bytes).unwrap();
        let (journal, warehouse) = open(directory.path());
        assert_eq!(counted(&warehouse).await, 1);
        journal.append(events(&["b"])).await.unwrap();
        drop(journal);
        assert_eq!(counted(&open(directory.path()).1).await, 2);
    }
}

#[tokio::test]
async fn a_crash_while_a_segment_is_created_leaves_an_empty_journal() {
    for bytes in [&b""[..], b"ush", &[0; 8]] {
        let directory = tempfile::tempdir().unwrap();
        fs::write(first_segment(directory.path()), bytes).unwrap();
        let (journal, warehouse) = open(directory.path());
        journal.append(events(&["a"])).await.unwrap();
        assert_eq!(counted(&warehouse).await, 1);
    }
}

#[tokio::test]
async fn damage_before_the_end_stops_the_start() {
    let directory = tempfile::tempdir().unwrap();
    let small = JournalSettings { segment_bytes: 100, ..JournalSettings::default() };
    let (journal, _) = try_open(directory.path(), small).unwrap();
    journal.append(events(&["a"])).await.unwrap();
    journal.append(events(&["b"])).await.unwrap();
    drop(journal);
    let mut bytes = fs::read(first_segment(directory.path())).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(first_segment(directory.path()), bytes).unwrap();
    let error = try_open(directory.path(), small).unwrap_err();
    assert!(matches!(error, StoreError::Corrupt { what: "journal segment", .. }), "{error}");
}

#[tokio::test]
async fn another_format_is_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    fs::write(first_segment(directory.path()), b"usherj9\nfrom the future").unwrap();
    assert!(try_open(directory.path(), JournalSettings::default()).is_err());
    assert_eq!(fs::read(first_segment(directory.path())).unwrap(), b"usherj9\nfrom the future");
}

#[tokio::test]
async fn segments_rotate_and_leave_when_everything_in_them_is_too_old() {
    let directory = tempfile::tempdir().unwrap();
    let small = JournalSettings { segment_bytes: 100, ..JournalSettings::default() };
    {
        let (journal, warehouse) = try_open(directory.path(), small).unwrap();
        journal.append(vec![event("old", 1_500_000_000_000)]).await.unwrap();
        journal.append(events(&["a"])).await.unwrap();
        journal.append(events(&["b"])).await.unwrap();
        assert_eq!(counted(&warehouse).await, 2);
    }
    assert_eq!(Segment::numbers(directory.path()).unwrap(), [2, 3]);
    assert_eq!(counted(&try_open(directory.path(), small).unwrap().1).await, 2);
}

#[tokio::test]
async fn an_import_tells_how_many_events_were_new() {
    let directory = tempfile::tempdir().unwrap();
    let (journal, _) = open(directory.path());
    let file = usher_testkit::scenarios::ESM_EVENTS.replace(r#""event_id": "#, r#""was": "#);
    let batch = EventBatch::from_ndjson(file.as_bytes()).unwrap();
    assert_eq!(journal.import(batch.clone()).await, Ok(23));
    assert_eq!(journal.import(batch).await, Ok(0));
}

#[tokio::test]
async fn after_a_failed_write_nothing_more_is_accepted() {
    let directory = tempfile::tempdir().unwrap();
    let small = JournalSettings { segment_bytes: 100, ..JournalSettings::default() };
    let (journal, _) = try_open(directory.path(), small).unwrap();
    journal.append(events(&["a"])).await.unwrap();
    fs::remove_dir_all(directory.path()).unwrap();
    for _ in 0..2 {
        let refused = journal.append(events(&["b"])).await;
        assert!(matches!(refused, Err(StoreError::Unavailable(_))));
    }
}

#[tokio::test]
async fn a_journal_has_one_owner_until_it_is_closed() {
    let directory = tempfile::tempdir().unwrap();
    let (journal, _) = open(directory.path());
    let second = try_open(directory.path(), JournalSettings::default()).unwrap_err();
    assert!(second.to_string().contains("in use by another process"), "{second}");
    journal.note(event("a", 1_717_990_000_000));
    journal.close().await.unwrap();
    journal.close().await.unwrap();
    assert!(journal.append(events(&["b"])).await.is_err());
    assert_eq!(counted(&open(directory.path()).1).await, 1);
}

#[tokio::test]
async fn a_closed_journal_can_be_read_without_changing_it() {
    let directory = tempfile::tempdir().unwrap();
    let read = || {
        let mut ids = Vec::new();
        LocalJournal::read(directory.path(), |event| ids.push(event.id().to_owned())).map(|()| ids)
    };
    assert!(matches!(read(), Err(StoreError::Unavailable(_))), "there is none yet");
    let small = JournalSettings { segment_bytes: 100, ..JournalSettings::default() };
    let (journal, _) = try_open(directory.path(), small).unwrap();
    journal.append(events(&["a", "b"])).await.unwrap();
    journal.append(events(&["c"])).await.unwrap();
    assert!(read().unwrap_err().to_string().contains("in use by another process"));
    journal.close().await.unwrap();

    let last = Segment::path(directory.path(), 2);
    let torn = [fs::read(&last).unwrap(), b"half a rec".to_vec()].concat();
    fs::write(&last, &torn).unwrap();
    assert_eq!(read().unwrap(), ["a", "b", "c"]);
    assert_eq!(fs::read(&last).unwrap(), torn);

    fs::write(&last, b"usherj9\nfrom the future").unwrap();
    assert!(matches!(read(), Err(StoreError::Corrupt { .. })));
}
