//! Stream activity in this process, with a durable image on disk.
//!
//! Subjects with live streams are in memory, in shards with one short lock each; what must survive a
//! restart is written by [`writer`] in groups, and an answer leaves only after its group is on disk.
//! Heartbeats are never written. Subjects that only have ended streams rest on disk alone.
//! Promises: those of [`ActivityStore`]. It does not decide anything about streams.

mod answers;
mod calendar;
mod delivery;
mod image;
mod memtables;
mod outbox;
mod shard;
mod writer;

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use async_trait::async_trait;
use parking_lot::Mutex;
use usher_core::{Clock, StoreError, Timestamp};
use usher_reports::EventJournal;
use usher_streams::{ActivityStore, Decide, Names, Subject};

use crate::side_by_side::processors;
use image::Image;
use shard::{Common, Kept, Key, Resting, Shard};

/// Shards; enough that two requests rarely meet on one of them, and that one grows in no time.
const SHARDS: usize = 256;

/// Most subjects one lock is held for during a sweep: about a tenth of a millisecond.
const SWEPT_PER_SHARD_MAX: usize = 128;

/// Most reads of one image for one change. Two in a row are as rare as two restarts of a viewer's
/// player in the same millisecond.
const READS_MAX: usize = 16;

/// Bounds of the store.
#[derive(Clone, Copy, Debug)]
pub struct ActivitySettings {
    /// Bytes that streams may take in memory. Beyond, starts are refused.
    pub bytes_max: u64,
}

impl Default for ActivitySettings {
    /// 4 GiB: about eight million streams.
    fn default() -> Self {
        Self { bytes_max: 4 << 30 }
    }
}

/// The embedded [`ActivityStore`].
pub struct LocalActivity {
    shards: Box<[Mutex<Shard>]>,
    hashes: RandomState,
    image: Option<Image>,
    journal: Arc<dyn EventJournal>,
    settings: ActivitySettings,
    bytes: AtomicU64,
}

impl std::fmt::Debug for LocalActivity {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("LocalActivity")
            .field("is_durable", &self.image.is_some())
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

impl LocalActivity {
    /// A store that forgets everything when it is dropped.
    pub fn in_memory(settings: ActivitySettings, journal: Arc<dyn EventJournal>) -> Self {
        let shards = (0..SHARDS).map(|_| Mutex::default()).collect();
        let (hashes, bytes) = (RandomState::new(), AtomicU64::new(0));
        Self { shards, hashes, image: None, journal, settings, bytes }
    }

    /// Opens the store in `directory`, creating it if need be.
    ///
    /// Every live stream gets a fresh activity window, and events that had not reached `journal`
    /// before a crash are appended to it. Must be called inside a tokio runtime.
    pub async fn open(
        directory: &Path,
        settings: ActivitySettings,
        journal: Arc<dyn EventJournal>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, StoreError> {
        let image = Image::open(directory, Arc::clone(&journal), Arc::clone(&clock)).await?;
        let now = clock.now();
        let mut store = Self::in_memory(settings, journal);
        store.image = Some(image);
        let reading = tokio::task::spawn_blocking(move || store.revive(now).map(|()| store));
        reading.await.map_err(|error| StoreError::Unavailable(error.to_string()))?
    }

    /// Reads every live stream from the image, shards side by side.
    fn revive(&self, now: Timestamp) -> Result<(), StoreError> {
        let threads = processors();
        std::thread::scope(|scope| {
            let readers: Vec<_> = (0..threads)
                .map(|reader| scope.spawn(move || self.revive_some(now, reader, threads)))
                .collect();
            readers.into_iter().try_for_each(|reader| {
                let failed = || StoreError::Unavailable("reading streams failed".to_owned());
                reader.join().unwrap_or_else(|_| Err(failed()))
            })
        })
    }

    /// Reads every `step`th shard, beginning with `first`.
    fn revive_some(&self, now: Timestamp, first: usize, step: usize) -> Result<(), StoreError> {
        let Some(image) = &self.image else { return Ok(()) };
        let mut names = Names::default();
        for (number, shard) in (0..=u8::MAX).zip(&self.shards).skip(first).step_by(step) {
            let mut shard = shard.lock();
            for loaded in image.live(number, &mut names) {
                let (subject, mut activity) = loaded?;
                activity.revive(now);
                shard.admit(self.hashes.hash_one(&subject), subject, activity, &self.common());
            }
        }
        Ok(())
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
        #[expect(
            clippy::indexing_slicing,
            reason = "there are as many shards as a byte has values"
        )]
        &self.shards[usize::from(shard_of(subject))]
    }

    fn common(&self) -> Common<'_> {
        let Self { hashes, image, bytes, settings, .. } = self;
        Common { hashes, image: image.as_ref(), bytes, bytes_max: settings.bytes_max }
    }

    /// Applies `decide` to a subject in memory or at rest. An image is read while the shard is unlocked,
    /// and read again when it may have been written meanwhile.
    fn decide(&self, subject: &Subject, decide: &mut Decide<'_>) -> Result<Kept, StoreError> {
        let (key, common) = (Key { hash: self.hashes.hash_one(subject), subject }, self.common());
        let shard = self.shard(subject);
        for _ in 0..READS_MAX {
            let departures = {
                let mut shard = shard.lock();
                if let Some(kept) = shard.change(key, decide, &common) {
                    return kept;
                }
                shard.departures()
            };
            let read = common.image.map(|image| image.load(subject)).transpose()?;
            let resting = Resting { activity: read.flatten(), departures };
            let mut shard = shard.lock();
            // Somebody else may have brought it into memory.
            if let Some(kept) = shard.change(key, decide, &common) {
                return kept;
            }
            if let Some(kept) = shard.change_resting(key, resting, decide, &common) {
                return kept;
            }
        }
        Err(StoreError::Conflict)
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

/// The shard of `subject`, the same in every run.
fn shard_of(subject: &Subject) -> u8 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(subject.idp().as_bytes());
    hasher.update(subject.account().as_bytes());
    let [.., last] = hasher.finalize().to_be_bytes();
    last
}

#[async_trait]
impl ActivityStore for LocalActivity {
    async fn change(&self, subject: &Subject, decide: &mut Decide<'_>) -> Result<(), StoreError> {
        let kept = self.decide(subject, decide)?;
        self.finish(kept).await
    }

    async fn sweep(&self, now: Timestamp, decide: &mut Decide<'_>) -> Result<usize, StoreError> {
        let mut swept = Vec::new();
        for shard in &self.shards {
            let mut shard = shard.lock();
            for _ in 0..SWEPT_PER_SHARD_MAX {
                let Some(kept) = shard.sweep_one(now, decide, &self.common()) else { break };
                swept.push(kept);
            }
        }
        let count = swept.len();
        for kept in swept {
            self.finish(kept?).await?;
        }
        Ok(count)
    }

    fn has_room(&self) -> bool {
        self.common().has_room()
    }

    async fn settle(&self) -> Result<(), StoreError> {
        match &self.image {
            Some(image) => image.settle().await,
            None => Ok(()),
        }
    }
}
