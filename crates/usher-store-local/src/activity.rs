//! Stream activity in this process, with a durable image on disk.
//!
//! Subjects with live streams are in memory, in shards with one short lock each; what must survive a
//! restart is written by [`writer`] in groups, and an answer leaves only after its group is on disk.
//! Heartbeats are never written. Subjects that only have ended streams rest on disk alone.
//! Promises: those of [`ActivityStore`]. It does not decide anything about streams.

mod image;
mod shard;
mod writer;

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use parking_lot::Mutex;
use usher_core::{Clock, StoreError, Timestamp};
use usher_reports::EventJournal;
use usher_streams::{ActivityStore, Decide, Subject};

use image::Image;
use shard::{Kept, Shard};

/// Shards; enough that two requests rarely meet on one of them.
const SHARDS: usize = 64;

/// Most subjects one lock is held for during a sweep: about a tenth of a millisecond.
const SWEPT_PER_SHARD_MAX: usize = 128;

/// The embedded [`ActivityStore`].
pub struct LocalActivity {
    shards: Box<[Mutex<Shard>]>,
    hashes: RandomState,
    image: Option<Image>,
    journal: Arc<dyn EventJournal>,
}

impl std::fmt::Debug for LocalActivity {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("LocalActivity")
            .field("is_durable", &self.image.is_some())
            .finish_non_exhaustive()
    }
}

impl LocalActivity {
    /// A store that forgets everything when it is dropped.
    pub fn in_memory(journal: Arc<dyn EventJournal>) -> Self {
        let shards = (0..SHARDS).map(|_| Mutex::default()).collect();
        Self { shards, hashes: RandomState::new(), image: None, journal }
    }

    /// Opens the store in `directory`, creating it if need be.
    ///
    /// Every live stream gets a fresh activity window, and events that had not reached `journal`
    /// before a crash are appended to it. Must be called inside a tokio runtime.
    pub async fn open(
        directory: &Path,
        journal: Arc<dyn EventJournal>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, StoreError> {
        let image = Image::open(directory, Arc::clone(&journal), Arc::clone(&clock)).await?;
        let mut store = Self::in_memory(journal);
        let now = clock.now();
        for loaded in image.live() {
            let (subject, mut activity) = loaded?;
            activity.revive(now);
            store.shard(&subject).lock().admit(subject, activity);
        }
        store.image = Some(image);
        Ok(store)
    }

    /// Waits until everything accepted so far is on disk and stops writing. Changes that must be
    /// durable are refused from now on; the directory is free once the store is dropped.
    pub async fn close(&self) {
        if let Some(image) = &self.image {
            image.close().await;
        }
    }

    /// How many subjects are held in memory.
    pub fn resident_subjects(&self) -> usize {
        self.shards.iter().map(|shard| shard.lock().len()).sum()
    }

    fn shard(&self, subject: &Subject) -> &Mutex<Shard> {
        let index = usize::try_from(self.hashes.hash_one(subject) >> 32).unwrap_or(0) % SHARDS;
        #[expect(clippy::indexing_slicing, reason = "there are exactly SHARDS of them")]
        &self.shards[index]
    }

    async fn finish(&self, kept: Kept) -> Result<(), StoreError> {
        match kept {
            Kept::Nothing => Ok(()),
            Kept::InMemory(events) if events.is_empty() => Ok(()),
            Kept::InMemory(events) => self.journal.append(events).await,
            Kept::Queued(written) => written.await.unwrap_or_else(|_| Err(writer::gone())),
        }
    }
}

#[async_trait]
impl ActivityStore for LocalActivity {
    async fn change(&self, subject: &Subject, decide: &mut Decide<'_>) -> Result<(), StoreError> {
        let kept = self.shard(subject).lock().change(subject, decide, self.image.as_ref())?;
        self.finish(kept).await
    }

    async fn sweep(&self, now: Timestamp, decide: &mut Decide<'_>) -> Result<usize, StoreError> {
        let mut swept = Vec::new();
        for shard in &self.shards {
            let mut shard = shard.lock();
            for _ in 0..SWEPT_PER_SHARD_MAX {
                let Some(kept) = shard.sweep_one(now, decide, self.image.as_ref()) else { break };
                swept.push(kept);
            }
        }
        let count = swept.len();
        for kept in swept {
            self.finish(kept?).await?;
        }
        Ok(count)
    }
}
