//! Explanations of the last days on disk, bounded in time and space.
//!
//! Written down by whoever files them, and kept by one thread; what waits for it is bounded, and more is
//! dropped. Each slice of time is a keyspace of its own, so that forgetting one costs nothing. A killed
//! process may lose what waits, a machine that loses power some seconds more: nobody was promised any.

mod block;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver, SyncSender};
use std::thread::Thread;
use std::time::Duration;

use async_trait::async_trait;
use fjall::config::CompressionPolicy;
use fjall::{CompressionType, Database, Keyspace, KeyspaceCreateOptions, PersistMode};
use parking_lot::{Mutex, RwLock};
use tokio::sync::oneshot;
use usher_core::{Clock, StoreError, Timestamp, TraceId};
use usher_entitle::{Explanation, Explanations};

use block::Block;

/// Blocks waiting for the writer: 4 MB.
const BLOCKS_MAX: usize = 128;

/// Jobs waiting for the writer.
const JOBS_MAX: usize = 256;

/// How long the writer rests when it has written everything. Whoever files meanwhile need not wake it,
/// which would cost more than filing.
const REST: Duration = Duration::from_millis(20);

/// Slices that the space is divided into: forgetting one frees this part of it.
const SLICES: u32 = 16;

/// How much is kept.
#[derive(Clone, Copy, Debug)]
pub struct ExplanationSettings {
    /// For how long.
    pub retention: Duration,
    /// In how many bytes, roughly.
    pub space: u64,
}

/// The embedded [`Explanations`].
pub struct LocalExplanations {
    /// What was filed since the writer last looked.
    pending: Arc<Mutex<Vec<Block>>>,
    jobs: SyncSender<Job>,
    writer: Thread,
    slices: Arc<RwLock<Vec<Slice>>>,
    dropped: AtomicU64,
}

/// What the writer is to do when it has kept what waits.
enum Job {
    /// Nothing.
    Continue,
    /// Say so.
    Catch(oneshot::Sender<()>),
    /// The same, and stop.
    Close(oneshot::Sender<()>),
}

/// What was filed from one moment on, until the next slice begins.
#[derive(Clone)]
struct Slice {
    since: Timestamp,
    keyspace: Keyspace,
}

impl std::fmt::Debug for LocalExplanations {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("LocalExplanations").finish_non_exhaustive()
    }
}

impl LocalExplanations {
    /// Opens the explanations in `directory`, creating it if need be.
    pub fn open(
        directory: &Path,
        settings: ExplanationSettings,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, StoreError> {
        let database = Database::builder(directory)
            .cache_size(4 * 1024 * 1024)
            .worker_threads(1)
            .max_journaling_size(64 * 1024 * 1024)
            .journal_compression(CompressionType::None)
            .manual_journal_persist(true)
            .open()
            .map_err(|error| unavailable(&error))?;
        let slices = Arc::new(RwLock::new(known_slices(&database)?));
        let (jobs, queue) = mpsc::sync_channel(JOBS_MAX);
        let pending = Arc::<Mutex<Vec<Block>>>::default();
        let filled = slices.read().last().map_or(0, |slice| slice.keyspace.disk_space());
        let mut archivist = Archivist {
            pending: Arc::clone(&pending),
            database,
            slices: Arc::clone(&slices),
            filled,
            settings,
            clock,
        };
        let writer = std::thread::Builder::new()
            .name("explanations".to_owned())
            .spawn(move || archivist.run(&queue))
            .map_err(|error| StoreError::Unavailable(error.to_string()))?;
        let writer = writer.thread().clone();
        Ok(Self { pending, jobs, writer, slices, dropped: AtomicU64::new(0) })
    }

    /// Writes what is waiting and stops.
    pub async fn close(&self) {
        self.wait(Job::Close).await;
    }

    /// Notes that an explanation found no room. One line for the first and for every further thousand.
    fn drop_one(&self) {
        let dropped = self.dropped.fetch_add(1, Ordering::Relaxed);
        if dropped.is_multiple_of(1_000) {
            tracing::warn!(dropped = dropped + 1, "more explanations than can be kept");
        }
    }

    /// Queues a job and waits until it is done, or the writer is gone.
    async fn wait(&self, job: impl FnOnce(oneshot::Sender<()>) -> Job + Send + 'static) {
        let (done, finished) = oneshot::channel();
        let (jobs, writer) = (self.jobs.clone(), self.writer.clone());
        // Sending waits for room in the queue.
        let deliver = move || {
            let is_sent = jobs.send(job(done)).is_ok();
            writer.unpark();
            is_sent
        };
        let sent = tokio::task::spawn_blocking(deliver).await;
        if matches!(sent, Ok(true)) {
            // An error means that the thread stopped meanwhile: nothing more will be written.
            let _finished = finished.await;
        }
    }
}

#[async_trait]
impl Explanations for LocalExplanations {
    fn wanted(&self) -> bool {
        true
    }

    /// Writing it down is done here, so that what it is made of is freed by the thread that made it.
    fn file(&self, explanation: Explanation) {
        let mut blocks = self.pending.lock();
        if blocks.len() >= BLOCKS_MAX {
            drop(blocks);
            return self.drop_one();
        }
        let is_first = blocks.is_empty();
        let write = |text: &mut Vec<u8>| rmp_serde::encode::write_named(text, &explanation);
        let filed = Block::add(&mut blocks, explanation.trace, write);
        drop(blocks);
        match filed {
            // When there is no room for a job, those that are there do as well.
            Ok(()) if is_first => drop(self.jobs.try_send(Job::Continue)),
            Ok(()) => {}
            Err(error) => tracing::warn!(%error, "an explanation could not be kept"),
        }
    }

    async fn find(&self, trace: TraceId) -> Result<Option<Explanation>, StoreError> {
        self.wait(Job::Catch).await;
        let slices = self.slices.read().clone();
        let search = move || {
            for slice in slices.iter().rev() {
                for block in slice.keyspace.range(block::keys(trace)) {
                    let value = block.value().map_err(|error| unavailable(&error))?;
                    if let Some(text) = block::text_of(trace, &value) {
                        let read = rmp_serde::from_slice(&text);
                        return read.map(Some).map_err(|_| corrupt(trace));
                    }
                }
            }
            Ok(None)
        };
        let searched = tokio::task::spawn_blocking(search).await;
        searched.map_err(|error| StoreError::Unavailable(error.to_string()))?
    }
}

/// The thread's own things.
struct Archivist {
    pending: Arc<Mutex<Vec<Block>>>,
    database: Database,
    slices: Arc<RwLock<Vec<Slice>>>,
    /// Bytes that went into the last slice; what rests in memory is not on disk yet.
    filled: u64,
    settings: ExplanationSettings,
    clock: Arc<dyn Clock>,
}

impl Archivist {
    fn run(&mut self, queue: &Receiver<Job>) {
        while let Ok(first) = queue.recv() {
            let mut waiting = Vec::new();
            let mut closing = false;
            for job in std::iter::once(first).chain(queue.try_iter()) {
                match job {
                    Job::Continue => {}
                    Job::Catch(done) => waiting.push(done),
                    Job::Close(done) => {
                        waiting.push(done);
                        closing = true;
                        break;
                    }
                }
            }
            let blocks = std::mem::take(&mut *self.pending.lock());
            if let Err(error) = self.write(blocks) {
                tracing::warn!(%error, "explanations could not be kept");
            }
            for done in waiting {
                // When the receiver is gone, nobody waits any more.
                let _ = done.send(());
            }
            if closing {
                return;
            }
            std::thread::park_timeout(REST);
        }
    }

    /// Writes `blocks`, so that they survive this process.
    fn write(&mut self, blocks: Vec<Block>) -> Result<(), StoreError> {
        let mut batch = self.database.batch();
        for block in blocks {
            let slice = self.current()?;
            let (key, value) = block.into_entry();
            self.filled += u64::try_from(value.len()).unwrap_or(u64::MAX);
            batch.insert(&slice.keyspace, key.as_slice(), value);
        }
        batch.commit().map_err(|error| unavailable(&error))?;
        self.database.persist(PersistMode::Buffer).map_err(|error| unavailable(&error))
    }

    /// The slice to write to. A new one begins when the last is full or old; then those that are over
    /// go.
    fn current(&mut self) -> Result<Slice, StoreError> {
        let now = self.clock.now();
        let last = self.slices.read().last().cloned();
        if let Some(slice) = last {
            // Slices are named by when they begin.
            let full = self.filled >= self.settings.space / u64::from(SLICES) && now > slice.since;
            let old = now.since(slice.since) >= self.settings.retention / SLICES;
            if !full && !old {
                return Ok(slice);
            }
        }
        let slice = Slice { since: now, keyspace: keyspace(&self.database, &name_of(now))? };
        self.filled = 0;
        let over = {
            let mut slices = self.slices.write();
            slices.push(slice.clone());
            self.take_over(&mut slices, now)
        };
        for slice in over {
            self.database.delete_keyspace(slice.keyspace).map_err(|error| unavailable(&error))?;
        }
        Ok(slice)
    }

    /// Takes those away whose last explanation is too old, or that exceed the space.
    fn take_over(&self, slices: &mut Vec<Slice>, now: Timestamp) -> Vec<Slice> {
        let ended = |at: usize| slices.get(at + 1).map(|next| next.since);
        let is_old =
            |at: &usize| ended(*at).is_some_and(|end| now.since(end) >= self.settings.retention);
        let old = (0..slices.len()).take_while(is_old).count();
        let excess = slices.len().saturating_sub(usize::try_from(SLICES).unwrap_or(usize::MAX));
        slices.drain(..old.max(excess)).collect()
    }
}

fn known_slices(database: &Database) -> Result<Vec<Slice>, StoreError> {
    let mut slices = Vec::new();
    for name in database.list_keyspace_names() {
        if let Ok(since) = name.parse() {
            let keyspace = keyspace(database, &name)?;
            slices.push(Slice { since: Timestamp::from_millis(since), keyspace });
        }
    }
    slices.sort_by_key(|slice| slice.since);
    Ok(slices)
}

/// Slices are named by when they begin.
fn name_of(since: Timestamp) -> String {
    since.as_millis().to_string()
}

fn keyspace(database: &Database, name: &str) -> Result<Keyspace, StoreError> {
    let options = || {
        KeyspaceCreateOptions::default()
            .max_memtable_size(8 * 1024 * 1024)
            .expect_point_read_hits(false)
            // Blocks are compressed before they come here.
            .data_block_compression_policy(CompressionPolicy::disabled())
    };
    database.keyspace(name, options).map_err(|error| unavailable(&error))
}

fn unavailable(error: &fjall::Error) -> StoreError {
    StoreError::Unavailable(error.to_string())
}

fn corrupt(trace: TraceId) -> StoreError {
    StoreError::Corrupt { what: "explanation", id: trace.to_string() }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use usher_core::Entropy;
    use usher_entitle::{Purpose, ViewerNote};
    use usher_testkit::ManualClock;

    use super::*;

    const DAY: Duration = Duration::from_hours(24);

    struct Count(AtomicU64);

    impl Entropy for Count {
        fn fill(&self, bytes: &mut [u8]) {
            let number = self.0.fetch_add(1, Ordering::Relaxed).to_be_bytes();
            bytes.iter_mut().rev().zip(number.iter().rev()).for_each(|(to, from)| *to = *from);
        }
    }

    struct Desk {
        directory: PathBuf,
        clock: Arc<ManualClock>,
        entropy: Count,
        store: LocalExplanations,
    }

    impl Desk {
        fn open(directory: PathBuf, clock: Arc<ManualClock>, space: u64) -> Self {
            let settings = ExplanationSettings { retention: DAY, space };
            let time = Arc::clone(&clock) as Arc<dyn Clock>;
            let store = LocalExplanations::open(&directory, settings, time).unwrap();
            Self { directory, clock, entropy: Count(AtomicU64::new(1)), store }
        }

        async fn reopened(self) -> Self {
            self.store.close().await;
            let Self { directory, clock, store, .. } = self;
            drop(store);
            Self::open(directory, clock, 1 << 20)
        }

        /// Files an explanation with `padding` bytes of text and returns its trace.
        fn file(&self, padding: usize) -> TraceId {
            let at = self.clock.now();
            let trace = TraceId::new(&self.entropy, at);
            self.store.file(Explanation {
                trace,
                at,
                took_ms: 3,
                purpose: Purpose::Authorize,
                service_provider: "REF30".into(),
                mvpd: "OpCo".into(),
                proxy: None,
                application: None,
                client: "client".into(),
                platform: noise(trace, padding),
                catalog: at,
                viewer: ViewerNote::default(),
                resources: Vec::new(),
                exchanges: Vec::new(),
            });
            trace
        }

        async fn has(&self, trace: TraceId) -> bool {
            let found = self.store.find(trace).await.unwrap();
            found.is_some_and(|explanation| explanation.trace == trace)
        }
    }

    /// Text that does not compress.
    fn noise(trace: TraceId, length: usize) -> String {
        let mut state =
            trace.as_bytes().iter().fold(7_u64, |it, byte| it.wrapping_mul(31) + u64::from(*byte));
        let mut next = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            char::from(b'!' + u8::try_from(state % 90).unwrap_or(0))
        };
        (0..length).map(|_| next()).collect()
    }

    #[tokio::test]
    async fn what_was_filed_is_found_also_after_a_restart() {
        let directory = tempfile::tempdir().unwrap();
        let desk = Desk::open(directory.path().join("x"), Arc::default(), 1 << 20);
        let traces: Vec<_> = (0..100).map(|_| desk.file(10)).collect();
        for trace in &traces {
            assert!(desk.has(*trace).await);
        }
        let desk = desk.reopened().await;
        for trace in &traces {
            assert!(desk.has(*trace).await);
        }
        assert!(!desk.has(TraceId::from_bytes([9; 16])).await);
    }

    #[tokio::test]
    async fn what_was_written_survives_the_process() {
        let directory = tempfile::tempdir().unwrap();
        let desk = Desk::open(directory.path().join("x"), Arc::default(), 1 << 20);
        let trace = desk.file(10);
        assert!(desk.has(trace).await);
        // As the system would keep it if this process were killed now.
        let left = directory.path().join("left");
        copy(&desk.directory, &left);
        let after = Desk::open(left, Arc::clone(&desk.clock), 1 << 20);
        assert!(after.has(trace).await);
    }

    fn copy(from: &Path, to: &Path) {
        std::fs::create_dir_all(to).unwrap();
        for entry in std::fs::read_dir(from).unwrap() {
            let (entry, to) =
                (entry.as_ref().unwrap(), to.join(entry.as_ref().unwrap().file_name()));
            if entry.file_type().unwrap().is_dir() {
                copy(&entry.path(), &to);
            } else {
                std::fs::copy(entry.path(), to).unwrap();
            }
        }
    }

    #[tokio::test]
    async fn what_is_too_old_is_forgotten() {
        let directory = tempfile::tempdir().unwrap();
        let desk = Desk::open(directory.path().join("x"), Arc::default(), 1 << 20);
        let old = desk.file(10);
        assert!(desk.has(old).await);
        desk.clock.advance(DAY / 2);
        let middle = desk.file(10);
        assert!(desk.has(old).await && desk.has(middle).await);
        desk.clock.advance(DAY);
        let new = desk.file(10);
        assert!(desk.has(new).await);
        assert!(!desk.has(old).await);
        let desk = desk.reopened().await;
        assert!(!desk.has(old).await && desk.has(new).await);
    }

    #[tokio::test]
    async fn space_is_bounded_and_the_newest_stay() {
        const SPACE: u64 = 16 << 20;
        let directory = tempfile::tempdir().unwrap();
        let desk = Desk::open(directory.path().join("x"), Arc::default(), SPACE);
        let first = desk.file(10);
        assert!(desk.has(first).await);
        let mut last = first;
        for _ in 0..32 {
            for _ in 0..16 {
                last = desk.file(64 * 1024);
            }
            desk.clock.advance(Duration::from_secs(1));
            assert!(desk.has(last).await, "the writer keeps up when it is waited for");
        }
        assert!(desk.has(last).await);
        assert!(!desk.has(first).await, "32 MiB do not fit");
        let kept: u64 = desk.store.slices.read().iter().map(|it| it.keyspace.disk_space()).sum();
        assert!(kept <= SPACE * 2, "{kept}");
    }
}
