//! Reports from facts in memory, rebuilt from the journal at start-up.
//!
//! **Bounds.** An event costs 24 bytes here, plus its shape (about 120 bytes for each distinct
//! combination of dimension values), plus 20 to 40 bytes for each distinct user and session; the
//! journal remembers its id in about 30. At most [`WarehouseSettings::events_max`] events of each API
//! are held; beyond, the oldest leave memory (with a warning) and stay in the journal. Events older than
//! the retention are not counted.
//!
//! **Freshness.** New events wait in a queue that the next report takes in first, so the journal never
//! waits for a report to finish, and a report always shows everything acknowledged before it.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use parking_lot::{Mutex, RwLock, RwLockWriteGuard};
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;
use usher_core::{Clock, StoreError, Timestamp};
use usher_reports::{AnswerError, Event, Ledger, Plan, Table, Warehouse};

/// Events that wait before they are taken in as soon as no report is being computed.
const QUEUE_SOFT: usize = 4_096;

/// Events that wait at most; then the journal waits for the reports being computed.
const QUEUE_MAX: usize = 262_144;

/// Reports computed at the same time; others wait.
const READERS: usize = 2;

/// Bounds of the warehouse.
#[derive(Clone, Copy, Debug)]
pub struct WarehouseSettings {
    /// Older events are not counted.
    pub retention: Duration,
    /// Most events of each API held in memory.
    pub events_max: usize,
}

impl Default for WarehouseSettings {
    /// 25 months (`wolap.md` §10) of at most four million events.
    fn default() -> Self {
        Self { retention: Duration::from_hours(24 * 761), events_max: 4_000_000 }
    }
}

/// The embedded [`Warehouse`].
pub struct LocalWarehouse {
    books: Arc<Books>,
    readers: Semaphore,
}

impl std::fmt::Debug for LocalWarehouse {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let settings = &self.books.settings;
        out.debug_struct("LocalWarehouse").field("settings", settings).finish_non_exhaustive()
    }
}

/// What the journal writes to and reports read from.
struct Books {
    settings: WarehouseSettings,
    clock: Arc<dyn Clock>,
    queue: Mutex<Vec<Event>>,
    ledger: RwLock<Ledger>,
}

impl LocalWarehouse {
    /// An empty warehouse. `LocalJournal::open` fills it.
    pub fn new(settings: WarehouseSettings, clock: Arc<dyn Clock>) -> Self {
        let (queue, ledger) = (Mutex::default(), RwLock::default());
        let books = Arc::new(Books { settings, clock, queue, ledger });
        Self { books, readers: Semaphore::new(READERS) }
    }

    /// Takes durable, distinct events in.
    pub(crate) fn take_in(&self, events: Vec<Event>) {
        let books = &self.books;
        let waiting = {
            let mut queue = books.queue.lock();
            queue.extend(events);
            queue.len()
        };
        if waiting >= QUEUE_MAX {
            books.settle(books.ledger.write());
        } else if waiting >= QUEUE_SOFT
            && let Some(ledger) = books.ledger.try_write()
        {
            books.settle(ledger);
        }
    }

    /// Lets go of what is older than the retention. Returns the instant the retention reaches back to.
    pub(crate) fn forget(&self) -> Timestamp {
        let cutoff = self.books.cutoff();
        self.books.ledger.write().forget_before(cutoff);
        cutoff
    }
}

impl Books {
    fn cutoff(&self) -> Timestamp {
        self.clock.now() - self.settings.retention
    }

    /// Books the queue. It is emptied under the ledger's lock: who finds it empty and then reads the
    /// ledger sees all of it.
    fn settle(&self, mut ledger: RwLockWriteGuard<'_, Ledger>) {
        let cutoff = self.cutoff();
        let events = std::mem::take(&mut *self.queue.lock());
        for event in events.iter().filter(|event| event.at() >= cutoff) {
            ledger.book(event);
        }
        let gone = ledger.shrink_to(self.settings.events_max);
        if gone > 0 {
            tracing::warn!(events = gone, "the oldest events left the reports: memory is bounded");
        }
    }

    fn answer(&self, plan: &Plan) -> Result<Table, AnswerError> {
        if !self.queue.lock().is_empty() {
            self.settle(self.ledger.write());
        }
        Ok(self.ledger.read().answer(plan)?)
    }
}

#[async_trait]
impl Warehouse for LocalWarehouse {
    async fn answer(&self, plan: Plan) -> Result<Table, AnswerError> {
        let stopped = |what: &str| StoreError::Unavailable(what.to_owned());
        let _turn = self.readers.acquire().await.map_err(|_| stopped("reports are closed"))?;
        let books = Arc::clone(&self.books);
        let answer = spawn_blocking(move || books.answer(&plan));
        answer.await.map_err(|_| stopped("the report was given up"))?
    }
}
