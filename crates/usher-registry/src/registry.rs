//! The holder of the current revision.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arc_swap::ArcSwap;

use crate::proxied::PushedLists;
use crate::snapshot::Snapshot;

/// Holds the current revision: the catalog as it is written, extended by what proxies pushed. Swapping
/// it never waits for readers, nor they for it.
#[derive(Debug)]
pub struct Registry {
    current: ArcSwap<Snapshot>,
    parts: Mutex<Parts>,
}

/// What the current revision is made of.
#[derive(Debug)]
struct Parts {
    written: Arc<Snapshot>,
    pushed: PushedLists,
}

impl Registry {
    /// A registry whose current revision is `snapshot`.
    pub fn new(snapshot: Snapshot) -> Self {
        let written = Arc::new(snapshot);
        let current = ArcSwap::new(Arc::clone(&written));
        Self { current, parts: Mutex::new(Parts { written, pushed: PushedLists::new() }) }
    }

    /// The current revision. Take it once per request.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.current.load_full()
    }

    /// Makes `snapshot` the written catalog for every request that starts from now on.
    pub fn replace(&self, snapshot: Snapshot) {
        let mut parts = self.parts();
        parts.written = Arc::new(snapshot);
        self.put_together(&parts);
    }

    /// Puts `lists` in the place of what the same proxies pushed before.
    pub(crate) fn push(&self, lists: PushedLists) {
        let mut parts = self.parts();
        let same = lists.iter().all(|(proxy, list)| parts.pushed.get(proxy) == Some(list));
        if !same {
            parts.pushed.extend(lists);
            self.put_together(&parts);
        }
    }

    fn put_together(&self, parts: &Parts) {
        let current = if parts.pushed.is_empty() {
            Arc::clone(&parts.written)
        } else {
            Arc::new(parts.written.with_pushed(&parts.pushed))
        };
        self.current.store(current);
    }

    /// Whoever panicked while changing the parts left nothing half done: each is replaced as a whole.
    fn parts(&self) -> MutexGuard<'_, Parts> {
        self.parts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
