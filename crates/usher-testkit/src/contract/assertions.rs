//! The promises of [`UsedAssertions`].

use std::sync::Arc;
use std::time::Duration;

use usher_core::Timestamp;
use usher_entitle::UsedAssertions;

/// Checks every promise of [`UsedAssertions`].
///
/// `open` opens the same storage, empty at first, each time anew: what one handle has acknowledged,
/// the next one must find.
///
/// # Panics
///
/// When a promise is broken.
pub async fn assertions(open: impl AsyncFn() -> Arc<dyn UsedAssertions>) {
    let end = Timestamp::from_millis(1_765_000_000_123);
    let store = open().await;
    assert_eq!(store.use_once("urn:one", "_a \u{fc}", end).await, Ok(true));
    for store in [Arc::clone(&store), open().await] {
        assert_eq!(store.use_once("urn:one", "_a \u{fc}", end).await, Ok(false));
    }
    // Providers draw their ids for themselves.
    assert_eq!(store.use_once("urn:two", "_a \u{fc}", end).await, Ok(true));

    let tries = (0..20).map(|_| store.use_once("urn:one", "_raced", end));
    let used = futures_util::future::join_all(tries).await;
    assert_eq!(used.iter().filter(|used| **used == Ok(true)).count(), 1);
    assert_eq!(used.iter().filter(|used| **used == Ok(false)).count(), 19);

    assert_eq!(store.sweep(end).await, Ok(0));
    assert_eq!(store.use_once("urn:one", "_raced", end).await, Ok(false));
    assert_eq!(store.sweep(end + Duration::from_millis(1)).await, Ok(3));
}
