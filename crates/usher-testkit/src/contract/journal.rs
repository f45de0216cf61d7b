//! The promises of [`EventJournal`], seen through the warehouse it feeds.

use std::sync::Arc;

use usher_reports::{Event, EventJournal, Viewer, Warehouse};

use super::warehouse::{ask, reports};

/// Checks every promise of [`EventJournal`].
///
/// `open` opens the same storage, empty at first, each time anew: a journal and the warehouse it feeds.
///
/// # Panics
///
/// When a promise is broken.
pub async fn journal(open: impl AsyncFn() -> (Arc<dyn EventJournal>, Arc<dyn Warehouse>)) {
    appended_events_are_counted_at_once_and_after_opening_again(&open).await;
    written_events_are_counted_at_once_and_after_opening_again(&open).await;
    an_id_is_counted_once(&open).await;
    events_without_an_id_are_all_different(&open).await;
    noted_events_are_kept_with_the_next_append(&open).await;
    many_writers_lose_nothing(&open).await;
}

/// A media token of requestor `case`, which keeps the cases of this suite apart.
fn event(case: &str, id: &str) -> Event {
    let line = format!(
        r#"{{"event_id":"{id}","event":"media-token","ts":1717990000000,"media_company":"c","requestor_id":"{case}","mvpd":"m"}}"#
    );
    match Event::from_line(line.as_bytes()) {
        Ok(event) => event,
        Err(error) => unreachable!("{error}"),
    }
}

/// How many events of `case` the reports count.
async fn counted(case: &str, warehouse: &Arc<dyn Warehouse>) -> u64 {
    let reports = reports(Arc::clone(warehouse));
    let query = format!("requestor-id={case}&metrics=count");
    let report = ask(&reports, "/esm/v3", &query, &Viewer::Operator).await;
    report.table.rows.iter().flat_map(|row| &row.values).sum()
}

async fn appended_events_are_counted_at_once_and_after_opening_again(
    open: &impl AsyncFn() -> (Arc<dyn EventJournal>, Arc<dyn Warehouse>),
) {
    {
        let (journal, warehouse) = open().await;
        let events = vec![event("appended", "a1"), event("appended", "a2")];
        assert_eq!(journal.append(events).await, Ok(()));
        assert_eq!(counted("appended", &warehouse).await, 2);
    }
    let (_journal, warehouse) = open().await;
    assert_eq!(counted("appended", &warehouse).await, 2);
}

async fn written_events_are_counted_at_once_and_after_opening_again(
    open: &impl AsyncFn() -> (Arc<dyn EventJournal>, Arc<dyn Warehouse>),
) {
    {
        let (journal, warehouse) = open().await;
        for turn in 1..=3 {
            let events = [turn, turn + 1].map(|id| event("written", &format!("w{id}"))).into();
            assert_eq!(journal.write(events).await, Ok(()));
            assert_eq!(counted("written", &warehouse).await, turn + 1);
        }
        assert_eq!(
            journal.append(vec![event("written", "w4"), event("written", "w5")]).await,
            Ok(())
        );
    }
    let (journal, warehouse) = open().await;
    assert_eq!(counted("written", &warehouse).await, 5);
    assert_eq!(journal.write(vec![event("written", "w1"), event("written", "w6")]).await, Ok(()));
    assert_eq!(counted("written", &warehouse).await, 6);
}

async fn an_id_is_counted_once(
    open: &impl AsyncFn() -> (Arc<dyn EventJournal>, Arc<dyn Warehouse>),
) {
    {
        let (journal, warehouse) = open().await;
        let twice = vec![event("once", "o1"), event("once", "o1")];
        assert_eq!(journal.append(twice.clone()).await, Ok(()));
        assert_eq!(journal.append(twice).await, Ok(()));
        assert_eq!(counted("once", &warehouse).await, 1);
    }
    let (journal, warehouse) = open().await;
    assert_eq!(journal.append(vec![event("once", "o1")]).await, Ok(()));
    assert_eq!(counted("once", &warehouse).await, 1);
}

async fn events_without_an_id_are_all_different(
    open: &impl AsyncFn() -> (Arc<dyn EventJournal>, Arc<dyn Warehouse>),
) {
    let (journal, warehouse) = open().await;
    let nameless = event("nameless", "");
    assert_eq!(journal.append(vec![nameless.clone(), nameless.clone()]).await, Ok(()));
    assert_eq!(journal.append(vec![nameless]).await, Ok(()));
    assert_eq!(counted("nameless", &warehouse).await, 3);
}

async fn noted_events_are_kept_with_the_next_append(
    open: &impl AsyncFn() -> (Arc<dyn EventJournal>, Arc<dyn Warehouse>),
) {
    {
        let (journal, warehouse) = open().await;
        journal.note(event("noted", "n1"));
        assert_eq!(journal.append(Vec::new()).await, Ok(()));
        assert_eq!(counted("noted", &warehouse).await, 1);
    }
    let (_journal, warehouse) = open().await;
    assert_eq!(counted("noted", &warehouse).await, 1);
}

async fn many_writers_lose_nothing(
    open: &impl AsyncFn() -> (Arc<dyn EventJournal>, Arc<dyn Warehouse>),
) {
    let (journal, warehouse) = open().await;
    let write = |writer: usize| {
        let journal = Arc::clone(&journal);
        async move {
            for turn in 0..20 {
                let batch = vec![event("many", &format!("{writer}-{turn}"))];
                let done = match (writer + turn) % 2 {
                    0 => journal.append(batch).await,
                    _ => journal.write(batch).await,
                };
                assert_eq!(done, Ok(()));
            }
        }
    };
    futures_util::future::join_all((0..16).map(write)).await;
    assert_eq!(counted("many", &warehouse).await, 320);
}
