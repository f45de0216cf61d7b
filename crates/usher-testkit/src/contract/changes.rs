//! The promises of [`ChangesLog`].

use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;

use serde_json::json;
use usher_core::{StoreError, Timestamp};
use usher_registry::{Change, ChangedProperty, ChangesLog, Operation, RecordedChange};

/// Checks every promise of [`ChangesLog`].
///
/// `open` opens the same storage, empty at first, each time anew.
///
/// # Panics
///
/// When a promise is broken.
pub async fn changes(open: impl AsyncFn() -> Arc<dyn ChangesLog>) {
    let log = open().await;
    assert_eq!(log.latest(None, 10).await, Ok(vec![]));
    for number in 1..=5 {
        assert_eq!(log.record(&change(number)).await, Ok(number.into()));
    }
    let simultaneous: Vec<_> = (6..=9).map(change).collect();
    let written = simultaneous.iter().map(|change| log.record(change));
    let mut given = futures_util::future::join_all(written).await;
    given.sort_unstable_by_key(|number| number.as_ref().ok().copied());
    assert_eq!(given, [Ok(6), Ok(7), Ok(8), Ok(9)], "every change has a number of its own");

    for log in [log, open().await] {
        assert_eq!(numbers(log.latest(None, 3).await), [9, 8, 7]);
        assert_eq!(numbers(log.latest(Some(3), 10).await), [2, 1]);
        assert_eq!(log.latest(Some(1), 10).await, Ok(vec![]));
        let first = RecordedChange { number: 1, change: change(1) };
        assert_eq!(log.latest(Some(2), 1).await, Ok(vec![first]));
    }
}

fn numbers(changes: Result<Vec<RecordedChange>, StoreError>) -> Vec<u64> {
    changes.into_iter().flatten().map(|recorded| recorded.number).collect()
}

/// A change like no other: odd ones come from a client, every third one has no properties.
fn change(number: u32) -> Change {
    let property = ChangedProperty {
        entity_type: "Integration".to_owned(),
        entity_id: "NEWSCH_CableOne".to_owned(),
        property: "degradation".to_owned(),
        operation: Operation::Updated,
        old: (number > 1).then(|| json!({ "ttl": number })),
        new: Some(json!("\u{fc}")),
    };
    let from_client = number % 2 == 1;
    Change {
        at: Timestamp::from_millis(i64::from(number) * 7),
        author: "degradation API".to_owned(),
        description: format!("change {number}"),
        client: from_client.then(|| "client-1".into()),
        address: from_client.then_some(IpAddr::V6(Ipv6Addr::LOCALHOST)),
        properties: std::iter::repeat_n(property, if number.is_multiple_of(3) { 0 } else { 2 })
            .collect(),
    }
}
