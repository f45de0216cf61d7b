//! Group commit: one thread writes whatever is waiting, syncs once, delivers the events, answers.
//!
//! The queue is as long as there are requests waiting for it: each waits for its own write. After a
//! failed write the database refuses all further ones, and so do we: a person has to look.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};

use fjall::{Database, Keyspace, PersistMode};
use parking_lot::Mutex;
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use usher_core::StoreError;
use usher_reports::{Event, EventJournal};

use super::image::unavailable;

/// Most writes in one group: bounds the wait of the first of them.
const GROUP_MAX: usize = 1024;

pub(super) struct Writer {
    queue: Mutex<Queue>,
    written: Arc<AtomicU64>,
}

/// Numbering and sending are one step, so that numbers arrive in order.
struct Queue {
    jobs: Sender<Job>,
    last: u64,
}

enum Job {
    Write(Write),
    Close(oneshot::Sender<()>),
}

struct Write {
    ticket: u64,
    key: Vec<u8>,
    value: Vec<u8>,
    events: Vec<Event>,
    done: oneshot::Sender<Result<(), StoreError>>,
}

impl Writer {
    /// Starts the thread. `last` is the highest number in the outbox, whose entries up to there have
    /// been delivered.
    pub(super) fn spawn(
        database: Database,
        [subjects, outbox]: [Keyspace; 2],
        journal: Arc<dyn EventJournal>,
        last: u64,
    ) -> Result<Self, StoreError> {
        let (jobs, queue) = mpsc::channel();
        let written = Arc::new(AtomicU64::new(last));
        let delivered = outbox_keys(&outbox)?;
        let scribe = Scribe {
            database,
            subjects,
            outbox,
            journal,
            runtime: Handle::current(),
            written: Arc::clone(&written),
            delivered,
        };
        std::thread::Builder::new()
            .name("activity-writer".to_owned())
            .spawn(move || scribe.run(&queue))
            .map_err(|error| StoreError::Unavailable(error.to_string()))?;
        Ok(Self { queue: Mutex::new(Queue { jobs, last }), written })
    }

    /// Queues one write. Writes of one subject are queued under its shard's lock: the last one wins.
    pub(super) fn write(
        &self,
        key: Vec<u8>,
        value: Vec<u8>,
        events: Vec<Event>,
    ) -> Result<(u64, oneshot::Receiver<Result<(), StoreError>>), StoreError> {
        let (done, written) = oneshot::channel();
        let mut queue = self.queue.lock();
        let ticket = queue.last + 1;
        let write = Write { ticket, key, value, events, done };
        queue.jobs.send(Job::Write(write)).map_err(|_| gone())?;
        queue.last = ticket;
        Ok((ticket, written))
    }

    /// Whether a write is on disk.
    pub(super) fn is_written(&self, ticket: u64) -> bool {
        self.written.load(Ordering::Acquire) >= ticket
    }

    pub(super) async fn close(&self) {
        let (done, closed) = oneshot::channel();
        let sent = self.queue.lock().jobs.send(Job::Close(done));
        if sent.is_ok() {
            // An error means that the thread is gone already, which is what was asked for.
            let _closed = closed.await;
        }
    }
}

pub(super) fn gone() -> StoreError {
    StoreError::Unavailable("the activity writer has stopped".to_owned())
}

fn outbox_keys(outbox: &Keyspace) -> Result<Vec<Vec<u8>>, StoreError> {
    let keys = outbox.iter().map(|guard| guard.key().map(|key| key.to_vec()));
    keys.collect::<Result<_, _>>().map_err(|error| unavailable(&error))
}

/// The thread's own things.
struct Scribe {
    database: Database,
    subjects: Keyspace,
    outbox: Keyspace,
    journal: Arc<dyn EventJournal>,
    runtime: Handle,
    written: Arc<AtomicU64>,
    /// Outbox entries the journal has; removed with the next group.
    delivered: Vec<Vec<u8>>,
}

impl Scribe {
    fn run(mut self, queue: &Receiver<Job>) {
        while let Ok(first) = queue.recv() {
            let mut group = Vec::new();
            let mut closing = None;
            for job in std::iter::once(first).chain(queue.try_iter()) {
                match job {
                    Job::Write(write) => group.push(write),
                    Job::Close(done) => closing = Some(done),
                }
                if closing.is_some() || group.len() >= GROUP_MAX {
                    break;
                }
            }
            self.write_group(group);
            if let Some(done) = closing {
                drop(self);
                // Nobody waits any more: fine.
                let _closed = done.send(());
                return;
            }
        }
    }

    fn write_group(&mut self, mut group: Vec<Write>) {
        let outcome = self.commit(&group).and_then(|()| self.deliver(&mut group));
        if let Err(error) = &outcome {
            tracing::error!(%error, "stream activity could not be written");
        } else if let Some(highest) = group.iter().map(|write| write.ticket).max() {
            self.written.fetch_max(highest, Ordering::Release);
        }
        for write in group {
            // The caller went away: its change is kept all the same.
            let _answered = write.done.send(outcome.clone());
        }
    }

    fn commit(&mut self, group: &[Write]) -> Result<(), StoreError> {
        let mut batch = self.database.batch().durability(Some(PersistMode::SyncData));
        for key in self.delivered.drain(..) {
            batch.remove(&self.outbox, key);
        }
        for write in group {
            batch.insert(&self.subjects, write.key.as_slice(), write.value.as_slice());
            if !write.events.is_empty() {
                let events = serde_json::to_vec(&write.events)
                    .map_err(|error| StoreError::Unavailable(error.to_string()))?;
                batch.insert(&self.outbox, write.ticket.to_be_bytes(), events);
            }
        }
        batch.commit().map_err(|error| unavailable(&error))
    }

    /// Hands the group's events to the journal. Should that fail they stay in the outbox, from where
    /// the next start delivers them.
    fn deliver(&mut self, group: &mut [Write]) -> Result<(), StoreError> {
        let mut events = Vec::new();
        let mut keys = Vec::new();
        for write in group.iter_mut().filter(|write| !write.events.is_empty()) {
            events.append(&mut write.events);
            keys.push(write.ticket.to_be_bytes().to_vec());
        }
        if !events.is_empty() {
            self.runtime.block_on(self.journal.append(events))?;
            self.delivered.extend(keys);
        }
        Ok(())
    }
}
