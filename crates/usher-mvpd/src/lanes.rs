//! How many questions one provider gets at once (`mvpd` P8).

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use usher_core::MvpdId;

/// A bounded number of places per provider, so that a slow one keeps only its own callers waiting.
///
/// As many entries as the catalogs ever had providers.
#[derive(Debug)]
pub(crate) struct Lanes {
    width: usize,
    by_mvpd: Mutex<HashMap<MvpdId, Arc<Semaphore>>>,
}

impl Lanes {
    /// Lanes of `width` places each.
    pub(crate) fn new(width: usize) -> Self {
        Self { width, by_mvpd: Mutex::default() }
    }

    /// Waits for a place at `mvpd`; it is free again when the answer is dropped.
    pub(crate) async fn enter(&self, mvpd: &MvpdId) -> Option<OwnedSemaphorePermit> {
        let lane = Arc::clone(
            self.by_mvpd
                .lock()
                .entry(mvpd.clone())
                .or_insert_with(|| Arc::new(Semaphore::new(self.width))),
        );
        // Fails only for closed semaphores, and nobody closes these.
        lane.acquire_owned().await.ok()
    }
}
