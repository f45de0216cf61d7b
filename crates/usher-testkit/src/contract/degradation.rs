//! The promises of [`DegradationStore`].

use std::sync::Arc;
use std::time::Duration;

use usher_core::Timestamp;
use usher_entitle::{DegradationRule, DegradationStore, Measure, RuleKey};

const START: Timestamp = Timestamp::from_secs(1_765_000_000);
const MINUTE: Duration = Duration::from_mins(1);

/// Checks every promise of [`DegradationStore`].
///
/// `open` opens the same storage, empty at first, each time anew.
///
/// # Panics
///
/// When a promise is broken.
pub async fn degradation(open: impl AsyncFn() -> Arc<dyn DegradationStore>) {
    let store = open().await;
    let all = rule(Measure::AuthzNone, None, 0);
    let sports = rule(Measure::AuthzNone, Some("sports"), 1);
    let news = DegradationRule {
        message: Some("later".to_owned()),
        ..rule(Measure::AuthzAll, Some("news"), 2)
    };
    let stored = [news.clone(), all.clone(), sports.clone()];
    assert_eq!(store.put(&stored).await, Ok(()));
    let ordered = vec![all.clone(), sports.clone(), news.clone()];
    for store in [&store, &open().await] {
        assert_eq!(store.since(START).await, Ok(ordered.clone()));
    }

    let longer = DegradationRule { ttl: 3 * MINUTE, message: None, ..news };
    assert_eq!(store.put(std::slice::from_ref(&longer)).await, Ok(()));
    assert_eq!(store.since(all.not_after()).await, Ok(vec![sports.clone(), longer.clone()]));

    let at = START + Duration::from_secs(30);
    let unknown = RuleKey { mvpd: "Nobody".into(), ..sports.key.clone() };
    assert_eq!(store.remove(&[sports.key.clone(), unknown], at).await, Ok(()));
    assert_eq!(store.remove(std::slice::from_ref(&sports.key), at + MINUTE / 4).await, Ok(()));
    assert_eq!(store.remove(std::slice::from_ref(&all.key), all.not_after()).await, Ok(()));
    let removed = DegradationRule { removed_at: Some(at), ..sports };
    let history = vec![all, removed, longer.clone()];
    for store in [&store, &open().await] {
        assert_eq!(store.since(START).await, Ok(history.clone()));
        assert_eq!(store.since(at + MINUTE).await, Ok(vec![longer.clone()]));
    }

    assert_eq!(store.sweep(at).await, Ok(0));
    assert_eq!(store.sweep(at + MINUTE).await, Ok(2));
    assert_eq!(open().await.since(START).await, Ok(vec![longer]));
}

/// A rule of a minute that came into force `seconds` after the start.
fn rule(measure: Measure, target: Option<&str>, seconds: u64) -> DegradationRule {
    DegradationRule {
        key: RuleKey {
            service_provider: "REF30".into(),
            mvpd: "OpCo".into(),
            measure,
            target: target.map(str::to_owned),
        },
        message: None,
        activated_at: START + Duration::from_secs(seconds),
        ttl: MINUTE,
        removed_at: None,
    }
}
