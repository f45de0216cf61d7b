//! How many questions one endpoint gets at once (`mvpd` P8).

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use usher_core::MvpdId;

/// A bounded number of places per endpoint, so that a slow one keeps only its own callers waiting.
///
/// As many entries as the catalogs ever had endpoints.
#[derive(Debug, Default)]
pub(crate) struct Lanes(Mutex<HashMap<(MvpdId, String), Lane>>);

#[derive(Clone, Debug)]
struct Lane {
    width: usize,
    places: Arc<Semaphore>,
}

impl Lanes {
    /// Waits for one of `width` places at an endpoint; it is free again when the answer is dropped.
    pub(crate) async fn enter(
        &self,
        mvpd: &MvpdId,
        endpoint: &str,
        width: usize,
    ) -> Option<OwnedSemaphorePermit> {
        let new = || Lane { width, places: Arc::new(Semaphore::new(width)) };
        let places = {
            let mut lanes = self.0.lock();
            let lane = lanes.entry((mvpd.clone(), endpoint.to_owned())).or_insert_with(new);
            // A catalog that changed the width begins anew; those inside leave the old lane.
            if lane.width != width {
                *lane = new();
            }
            Arc::clone(&lane.places)
        };
        // Fails only for closed semaphores, and nobody closes these.
        places.acquire_owned().await.ok()
    }
}
