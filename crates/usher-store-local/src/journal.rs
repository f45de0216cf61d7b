//! The event journal: an append-only log in segment files.
//!
//! **Promise.** `append` returns after its events are on disk. One writer gathers what is waiting,
//! writes it as *one record*, calls `fdatasync` once and then answers everybody: a batch is whole or
//! absent after a crash. Noted events wait for company, at most [`LINGER`]. Ids seen before are dropped;
//! the journal remembers at least the last [`JournalSettings::ids_min`] ids. After a failed write
//! nothing more is accepted: what the disk holds is known only after a restart.
//!
//! **Format.** `<directory>/<number, 20 digits>.log` begins with [`segment::MAGIC`]; then records follow:
//! length of the payload (u32, little endian), CRC-32 of length and payload (u32, little endian),
//! payload. A payload is NDJSON, exactly an event file of `demo.md` §1: any tool reads it, attributes
//! can come and go between versions, and a JSON parser is not what bounds ingest (a segment lives
//! only until its events are rolled up or too old). A torn record can only be the last one of the last
//! segment and is cut off at start-up; anywhere else it is corruption, which stops the start.

mod group;
mod reader;
mod seen;
mod segment;
mod writer;

use std::fs::{File, TryLockError};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use parking_lot::Mutex;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use usher_core::{Entropy, StoreError};
use usher_reports::{Event, EventBatch, EventJournal};

use crate::LocalWarehouse;
use group::{Closing, Command};
use writer::Writer;

/// How long noted events wait for others before they are written.
const LINGER: Duration = Duration::from_millis(250);

/// Appends and notes that may wait; a note beyond is dropped and counted, an append waits.
const WAITING_MAX: usize = 16_384;

/// Bounds of the journal.
#[derive(Clone, Copy, Debug)]
pub struct JournalSettings {
    /// A segment that has reached this size is followed by a new one.
    pub segment_bytes: u64,
    /// Ids of this many most recent events are remembered (up to twice as many are); about 30 bytes
    /// each.
    pub ids_min: usize,
}

impl Default for JournalSettings {
    fn default() -> Self {
        Self { segment_bytes: 64 * 1024 * 1024, ids_min: 4_000_000 }
    }
}

/// The embedded [`EventJournal`]. One process at a time: a lock file beside the segments sees to it.
#[derive(Debug)]
pub struct LocalJournal {
    sender: mpsc::Sender<Command>,
    /// The writer and the lock, until the journal is closed.
    open: Mutex<Option<(JoinHandle<()>, File)>>,
    /// Noted events that found no room.
    dropped: AtomicU64,
}

impl LocalJournal {
    /// Opens the journal in `directory`, creating it if need be, and replays it into `warehouse`, which
    /// every later event reaches too. Reads every kept segment; must be called inside a tokio runtime.
    pub fn open(
        directory: &Path,
        settings: JournalSettings,
        warehouse: Arc<LocalWarehouse>,
        entropy: Arc<dyn Entropy>,
    ) -> Result<Self, StoreError> {
        let lock = lock(directory)?;
        let writer = Writer::open(directory, settings, warehouse, entropy)?;
        let (sender, inbox) = mpsc::channel(WAITING_MAX);
        let writing = tokio::spawn(writer::run(writer, inbox));
        Ok(Self { sender, open: Mutex::new(Some((writing, lock))), dropped: AtomicU64::new(0) })
    }

    /// Appends a whole batch or nothing of it, also across a crash. Returns how many events were new.
    pub async fn import(&self, batch: EventBatch) -> Result<usize, StoreError> {
        self.keep(batch.into_events()).await
    }

    /// Waits until everything handed over so far, notes included, is on disk.
    pub async fn flush(&self) -> Result<(), StoreError> {
        self.keep(Vec::new()).await.map(|_| ())
    }

    /// Flushes and lets go of the directory; everything after is refused.
    pub async fn close(&self) -> Result<(), StoreError> {
        let Some((writing, lock)) = self.open.lock().take() else {
            return Ok(());
        };
        let flushed = self.send(Vec::new(), Closing::Yes).await;
        let written = writing.await.map_err(|_| stopped());
        drop(lock);
        flushed.and(written)
    }

    async fn keep(&self, events: Vec<Event>) -> Result<usize, StoreError> {
        self.send(events, Closing::No).await
    }

    async fn send(&self, events: Vec<Event>, closing: Closing) -> Result<usize, StoreError> {
        let (done, answer) = oneshot::channel();
        let command = Command { events, done: Some(done), closing };
        self.sender.send(command).await.map_err(|_| stopped())?;
        answer.await.map_err(|_| stopped())?
    }
}

/// Makes the directory ours for as long as the file stays open.
fn lock(directory: &Path) -> Result<File, StoreError> {
    let unavailable = |what: String| StoreError::Unavailable(format!("event journal: {what}"));
    std::fs::create_dir_all(directory).map_err(|error| unavailable(error.to_string()))?;
    let path = directory.join("lock");
    let file = File::create(&path).map_err(|error| unavailable(error.to_string()))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => {
            Err(unavailable(format!("{} is in use by another process", directory.display())))
        }
        Err(TryLockError::Error(error)) => Err(unavailable(error.to_string())),
    }
}

fn stopped() -> StoreError {
    StoreError::Unavailable("the event journal has stopped".to_owned())
}

#[async_trait]
impl EventJournal for LocalJournal {
    async fn append(&self, events: Vec<Event>) -> Result<(), StoreError> {
        self.keep(events).await.map(|_| ())
    }

    fn note(&self, event: Event) {
        let command = Command { events: vec![event], done: None, closing: Closing::No };
        if self.sender.try_send(command).is_err() {
            let dropped = self.dropped.fetch_add(1, Ordering::Relaxed) + 1;
            if dropped.is_power_of_two() {
                tracing::warn!(
                    dropped,
                    "the event journal is full or closed: events were not noted"
                );
            }
        }
    }
}

#[cfg(test)]
mod tests;
