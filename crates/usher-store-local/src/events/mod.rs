//! Events on disk, and reports from them.
//!
//! The way of an event: its record is written to the *log*, with those of all who are at work at the same
//! moment, and synced for all who wait; the same instant it is in a *chunk* in memory, which reports read.
//! When the log is large or old enough the *keeper* writes it into Parquet files, one per API and day, and
//! registers them in the *manifest* in one step; the log goes. When a day is over its files become one,
//! sorted, with roll-ups beside it, and reports read those instead of events.
//!
//! **Promises.** `append` returns after its events are on disk, `write` after the kernel has them, which takes
//! them to the disk within half a second: a group is whole or absent after a crash. Every
//! event is in exactly one place at any moment, the log or one file, so it is counted once. Noted events
//! wait for company, at most [`LINGER`]. After a failed write nothing more is accepted: what the disk holds
//! is known only after a restart.
//!
//! **Bounds.** Memory holds at most [`EventSettings::seal_rows`] events that are in no file (and as many on
//! their way), [`EventSettings::ids_max`] ids, and [`EventSettings::cache_bytes`] of what reports read.

mod ahead;
mod answer;
mod archive;
mod batch;
mod blocks;
mod cache;
mod close;
mod closed;
mod codec;
mod day_finder;
mod desk;
mod file;
mod group;
mod ids;
mod intake;
mod keeper;
mod kept;
mod log;
mod open;
mod order;
mod rezone;
mod seal;
mod shared;
mod shelf;
mod subject;
mod tail;
#[cfg(test)]
mod tests;
mod writer;

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use parking_lot::Mutex;
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio::task::JoinHandle;
use usher_core::{Clock, Entropy, StoreError};
use usher_cube::{RollupSet, Zone};
use usher_reports::{Api, Event, EventJournal};

pub use archive::Archive;
pub use close::RollupSets;
use desk::Desk;
use group::{Command, Then};
use keeper::{Keeper, Task};
use shared::Shared;

/// How long noted events wait for others before they are written.
const LINGER: Duration = Duration::from_millis(250);

/// Appends and notes that may wait; a note beyond is dropped and counted, an append waits.
const WAITING_MAX: usize = 16_384;

/// Reports computed at the same time; others wait.
const READERS: usize = 2;

/// Reports that are computed or wait for it; more are refused.
const REPORTS_MAX: usize = 256;

/// How events are kept.
#[derive(Clone, Debug)]
pub struct EventSettings {
    /// The report zone; its days are what is closed and let go.
    pub zone: Zone,
    /// Older events are not kept.
    pub retention: Duration,
    /// The roll-ups that reports may ask for.
    pub rollups: RollupSets,
    /// A roll-up is made if it has at most one row for so many events.
    pub facts_per_row: u64,
    /// The log is written into files when it has so many events …
    pub seal_rows: usize,
    /// … or when its oldest event has waited for so long.
    pub seal_after: Duration,
    /// A day is closed so long after its end.
    pub grace: Duration,
    /// The log of a day that is over is written into files when nothing has come for so long.
    pub quiet: Duration,
    /// Ids held in memory at most; those of days in use are held in any case.
    pub ids_max: usize,
    /// What is kept in memory of files, in bytes.
    pub cache_bytes: usize,
}

impl Default for EventSettings {
    /// 25 months (`wolap.md` §10) of days at UTC−8, without roll-ups.
    fn default() -> Self {
        Self {
            zone: Zone::default(),
            retention: Duration::from_hours(24 * 761),
            rollups: RollupSets::default(),
            facts_per_row: 8,
            seal_rows: 250_000,
            seal_after: Duration::from_mins(10),
            grace: Duration::from_hours(1),
            quiet: Duration::from_secs(10),
            ids_max: 4_000_000,
            cache_bytes: 96 * 1024 * 1024,
        }
    }
}

impl EventSettings {
    fn sets(&self, api: Api) -> &[RollupSet] {
        match api {
            Api::Esm => &self.rollups.esm,
            Api::Cmu => &self.rollups.cmu,
        }
    }
}

/// The embedded store of events: journal, warehouse and archive in one.
///
/// One process at a time: a lock file sees to it.
pub struct LocalEvents {
    shared: Arc<Shared>,
    /// To the one who writes and syncs.
    sender: mpsc::Sender<Command>,
    /// To the one who only writes.
    quick: mpsc::Sender<Command>,
    #[cfg(test)]
    desk: Arc<Desk>,
    keeper: Keeper,
    entropy: Arc<dyn Entropy>,
    readers: Semaphore,
    waiting: Semaphore,
    /// The writer and the lock, until the store is closed.
    open: Mutex<Option<(JoinHandle<()>, Arc<File>)>>,
    /// Noted events that found no room.
    dropped: AtomicU64,
}

impl std::fmt::Debug for LocalEvents {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("LocalEvents").field("shared", &self.shared).finish_non_exhaustive()
    }
}

impl LocalEvents {
    /// Opens the store in `directory`, creating it if need be. Must be called inside a tokio runtime.
    pub fn open(
        directory: &Path,
        settings: EventSettings,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
    ) -> Result<Self, StoreError> {
        let lock = Arc::new(open::lock(directory)?);
        let logs = directory.join("log");
        let (shared, number) = open::recover(directory, &logs, settings, (clock, &entropy))?;
        let (sender, inbox) = mpsc::channel(WAITING_MAX);
        let hands = Hands { shared: Arc::clone(&shared), logs, lock: Arc::clone(&lock) };
        let keeper = Keeper::start(hands.clone(), sender.downgrade()).map_err(unavailable)?;
        let writer = writer::Writer::new(hands, keeper.clone(), Arc::clone(&entropy), number);
        let desk = Arc::new(Desk::new(writer, Arc::clone(&shared)));
        let writing = tokio::spawn(desk::run(Arc::clone(&desk), inbox));
        let (quick, handed_in) = mpsc::channel(WAITING_MAX);
        let quickly = desk::write_together(Arc::clone(&desk), handed_in, sender.clone());
        tokio::spawn(quickly);
        Ok(Self {
            shared,
            sender,
            quick,
            #[cfg(test)]
            desk,
            keeper,
            entropy,
            readers: Semaphore::new(READERS),
            waiting: Semaphore::new(REPORTS_MAX),
            open: Mutex::new(Some((writing, lock))),
            dropped: AtomicU64::new(0),
        })
    }

    /// The zone of the store in `directory`; nothing when there is none.
    pub fn zone(directory: &Path) -> Result<Option<Zone>, StoreError> {
        let kept = kept::Kept::read(directory).map_err(unavailable)?;
        let zone = kept.map(|kept| Zone::parse(&kept.zone)).transpose();
        zone.map_err(|error| unavailable(io::Error::other(error)))
    }

    /// Appends a group of events or nothing of it, also across a crash. Returns how many were new.
    pub async fn import(&self, events: Vec<Event>) -> Result<usize, StoreError> {
        self.send(events, Then::Continue).await
    }

    /// Waits until everything handed over so far, notes included, is on disk.
    pub async fn flush(&self) -> Result<(), StoreError> {
        // What is only written goes another way.
        self.write(Vec::new()).await?;
        self.send(Vec::new(), Then::Continue).await.map(|_| ())
    }

    /// Writes the log into files, lets old days go, and closes every day that is over, without waiting
    /// for what may still come.
    pub async fn settle(&self) -> Result<(), StoreError> {
        self.send(Vec::new(), Then::Seal).await?;
        let (done, answer) = oneshot::channel();
        self.keeper.send(Task::Settle { done });
        answer.await.map_err(|_| stopped())?
    }

    /// Flushes and lets go of the directory; everything after is refused.
    pub async fn close(&self) -> Result<(), StoreError> {
        let Some((writing, lock)) = self.open.lock().take() else {
            return Ok(());
        };
        let flushed = self.write(Vec::new()).await;
        let closed = self.send(Vec::new(), Then::Close).await.map(|_| ());
        let written = writing.await.map_err(|_| stopped());
        let keeper = self.keeper.clone();
        let kept = tokio::task::spawn_blocking(move || keeper.stop()).await.map_err(|_| stopped());
        drop(lock);
        flushed.and(closed).and(written).and(kept)
    }

    async fn send(&self, events: Vec<Event>, then: Then) -> Result<usize, StoreError> {
        deliver(&self.sender, events, then).await
    }
}

/// Sends `events` and waits until they are dealt with; returns how many were new.
async fn deliver(
    to: &mpsc::Sender<Command>,
    events: Vec<Event>,
    then: Then,
) -> Result<usize, StoreError> {
    let (done, answer) = oneshot::channel();
    let command = Command { events, done: Some(done), then };
    to.send(command).await.map_err(|_| stopped())?;
    answer.await.map_err(|_| stopped())?
}

/// What the writer and the keeper need to work.
#[derive(Clone)]
struct Hands {
    shared: Arc<Shared>,
    /// Where the logs are.
    logs: PathBuf,
    /// The directory is ours until the last of them is gone.
    #[expect(dead_code, reason = "it is held, not used")]
    lock: Arc<File>,
}

impl Drop for LocalEvents {
    /// A store that is not closed in good order is left as after a crash, but nobody works on it any more.
    fn drop(&mut self) {
        self.keeper.stop();
    }
}

fn stopped() -> StoreError {
    StoreError::Unavailable("the event journal has stopped".to_owned())
}

#[expect(clippy::needless_pass_by_value, reason = "it is what `map_err` hands over")]
fn unavailable(error: io::Error) -> StoreError {
    StoreError::Unavailable(format!("events: {error}"))
}

#[async_trait]
impl EventJournal for LocalEvents {
    async fn append(&self, events: Vec<Event>) -> Result<(), StoreError> {
        self.send(events, Then::Continue).await.map(|_| ())
    }

    async fn write(&self, events: Vec<Event>) -> Result<(), StoreError> {
        deliver(&self.quick, events, Then::Continue).await.map(|_| ())
    }

    fn note(&self, event: Event) {
        let command = Command { events: vec![event], done: None, then: Then::Continue };
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
