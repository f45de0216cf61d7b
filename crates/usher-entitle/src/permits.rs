//! Permits remembered in process, so that a viewer's next play needs no provider.
//!
//! Keyed by the sign-in (not by its device), the resource and the registry revision: a logout, a new
//! sign-in or a configuration push leaves nothing to find. Simultaneous questions about the same key
//! share one call to the provider. Refusals are shared with whoever waits, never remembered.

use std::sync::Arc;

use moka::future::Cache;
use usher_core::Timestamp;
use usher_registry::Revision;

use crate::decision::{Permit, Refusal};

/// Room for permits, in bytes of their keys and bookkeeping.
const BYTES_MAX: u64 = 64 * 1024 * 1024;
/// Roughly what an entry costs beyond the text of its key.
const ENTRY_BYTES: u32 = 256;

/// What a permit is about.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct PermitKey {
    /// The sign-in, and for whom it counts.
    pub(crate) viewer: Arc<str>,
    /// The resource.
    pub(crate) resource: Arc<str>,
    /// The registry revision.
    pub(crate) revision: Revision,
}

/// The permits in force.
#[derive(Clone, Debug)]
pub(crate) struct Permits(Cache<PermitKey, Permit>);

impl Permits {
    pub(crate) fn new() -> Self {
        let weigh = |key: &PermitKey, _: &Permit| {
            let names = key.viewer.len().saturating_add(key.resource.len());
            u32::try_from(names).unwrap_or(u32::MAX).saturating_add(ENTRY_BYTES)
        };
        Self(Cache::builder().max_capacity(BYTES_MAX).weigher(weigh).build())
    }

    /// The permit for `key` if there is one in force at `now`; else the answer of `ask`, which is
    /// polled by one caller per key only.
    pub(crate) async fn get_or_ask(
        &self,
        key: PermitKey,
        now: Timestamp,
        ask: impl Future<Output = Result<Permit, Refusal>>,
    ) -> Result<Permit, Refusal> {
        if let Some(permit) = self.0.get(&key).await {
            if now < permit.not_after {
                return Ok(permit);
            }
            self.0.invalidate(&key).await;
        }
        self.0.try_get_with(key, ask).await.map_err(|refusal| Refusal::clone(&refusal))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use futures_executor::block_on;
    use futures_util::future::join_all;

    use usher_core::TraceId;

    use super::*;
    use crate::decision::RefusalReason;
    use crate::explain::Lifetime;

    const NOW: Timestamp = Timestamp::from_secs(1_000);

    fn key(resource: &str) -> PermitKey {
        PermitKey { viewer: "p".into(), resource: resource.into(), revision: Revision::default() }
    }

    fn permit() -> Permit {
        let not_after = NOW + Duration::from_mins(1);
        let (lifetime, trace) = (Lifetime::Provider, TraceId::from_bytes([0; 16]));
        Permit { not_before: NOW, not_after, lifetime, trace }
    }

    #[test]
    fn a_permit_is_asked_for_once_while_it_holds() {
        let permits = Permits::new();
        let asked = AtomicUsize::new(0);
        let ask = |now| {
            permits.get_or_ask(key("one"), now, async {
                asked.fetch_add(1, Ordering::Relaxed);
                Ok(permit())
            })
        };
        block_on(async {
            let answers = join_all((0..1_000).map(|_| ask(NOW))).await;
            assert!(answers.iter().all(|answer| *answer == Ok(permit())));
            assert_eq!(asked.load(Ordering::Relaxed), 1);
            let _ = ask(permit().not_after).await;
        });
        assert_eq!(asked.load(Ordering::Relaxed), 2);
    }

    #[test]
    fn a_refusal_is_not_remembered() {
        let permits = Permits::new();
        block_on(async {
            let refused = async { Err(RefusalReason::NoLifetime.into()) };
            assert!(permits.get_or_ask(key("one"), NOW, refused).await.is_err());
            let permitted = async { Ok(permit()) };
            assert_eq!(permits.get_or_ask(key("one"), NOW, permitted).await, Ok(permit()));
        });
    }
}
