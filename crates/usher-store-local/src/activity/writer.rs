//! Group commit: one thread writes whatever is waiting, syncs once, answers.
//!
//! A group is the subjects' new images and one outbox entry with all their events; from then on both
//! survive a crash, and the answers leave. [`delivery`](super::delivery) takes the events to the journal
//! in its own time. The queue is as long as there are requests waiting for it: each waits for its own
//! write. After a failed write the database refuses all further ones, and so do we: a person has to look.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};

use fjall::{Database, OwnedWriteBatch, PersistMode};
use parking_lot::Mutex;
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use usher_core::StoreError;
use usher_reports::{Event, EventJournal};

use super::answers::{Answers, Waiting};
use super::delivery::{Delivery, Sink};
use super::image::{Keyspaces, Place, unavailable};
use super::memtables::{Memtable, Turnover};
use super::outbox;

/// Most writes in one group: bounds the wait of the first of them.
const GROUP_MAX: usize = 1024;

pub(super) struct Writer {
    queue: Mutex<Queue>,
    written: Arc<AtomicU64>,
    delivery: Delivery,
}

/// Numbering and sending are one step, so that numbers arrive in order.
struct Queue {
    jobs: Sender<Job>,
    last: u64,
}

/// One subject's new value.
pub(super) struct Write {
    pub(super) key: Vec<u8>,
    /// Where the old value is.
    pub(super) from: Place,
    /// Where the new value goes.
    pub(super) to: Place,
    pub(super) value: Vec<u8>,
}

enum Job {
    Write(Box<Numbered>),
    Close(oneshot::Sender<()>),
}

struct Numbered {
    ticket: u64,
    write: Write,
    events: Vec<Event>,
    done: Waiting,
}

impl Writer {
    /// Starts the thread. Must be called inside a tokio runtime. `last` is the highest number in the outbox, whose entries up to there have
    /// been delivered.
    pub(super) fn spawn(
        database: Database,
        keyspaces: Keyspaces,
        journal: Arc<dyn EventJournal>,
        last: u64,
    ) -> Result<Self, StoreError> {
        let (jobs, queue) = mpsc::channel();
        let written = Arc::new(AtomicU64::new(last));
        let outbox = keyspaces.outbox.iter().map(|guard| guard.key().map(|key| key.to_vec()));
        let delivered = outbox.collect::<Result<_, _>>().map_err(|error| unavailable(&error))?;
        let (delivery, sink) = Delivery::start(journal, last);
        let scribe = Scribe {
            database,
            live: Memtable::new(keyspaces.live),
            resting: Memtable::new(keyspaces.resting),
            outbox: Memtable::new(keyspaces.outbox),
            turnover: Turnover::default(),
            sink,
            answers: Answers::start(&Handle::current()),
            written: Arc::clone(&written),
            delivered,
            on_their_way: VecDeque::new(),
        };
        std::thread::Builder::new()
            .name("activity-writer".to_owned())
            .spawn(move || scribe.run(&queue))
            .map_err(|error| StoreError::Unavailable(error.to_string()))?;
        Ok(Self { queue: Mutex::new(Queue { jobs, last }), written, delivery })
    }

    /// Queues one write. Writes of one subject are queued under its shard's lock: the last one wins.
    pub(super) fn write(
        &self,
        write: Write,
        events: Vec<Event>,
    ) -> Result<(u64, oneshot::Receiver<Result<(), StoreError>>), StoreError> {
        let (done, written) = oneshot::channel();
        let mut numbered = Box::new(Numbered { ticket: 0, write, events, done });
        let mut queue = self.queue.lock();
        let ticket = queue.last + 1;
        numbered.ticket = ticket;
        queue.jobs.send(Job::Write(numbered)).map_err(|_| gone())?;
        queue.last = ticket;
        Ok((ticket, written))
    }

    /// Whether a write is on disk.
    pub(super) fn is_written(&self, ticket: u64) -> bool {
        self.written.load(Ordering::Acquire) >= ticket
    }

    /// Waits until the events of everything written so far are in the journal.
    pub(super) async fn settle(&self) -> Result<(), StoreError> {
        self.delivery.reaches(self.written.load(Ordering::Acquire)).await
    }

    pub(super) async fn close(&self) {
        if let Err(error) = self.settle().await {
            tracing::error!(%error, "the last stream events stay in the outbox until the next start");
        }
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

fn unwritable() -> StoreError {
    StoreError::Unavailable("stream events cannot be written down".to_owned())
}

/// The thread's own things.
struct Scribe {
    database: Database,
    live: Memtable,
    resting: Memtable,
    outbox: Memtable,
    turnover: Turnover,
    sink: Sink,
    answers: Answers,
    written: Arc<AtomicU64>,
    /// Outbox entries the journal has; removed with the next group.
    delivered: Vec<Vec<u8>>,
    /// Outbox entries the journal does not have yet, by the ticket of their group.
    on_their_way: VecDeque<u64>,
}

impl Scribe {
    fn run(mut self, queue: &Receiver<Job>) {
        while let Ok(first) = queue.recv() {
            let mut group = Vec::new();
            let mut closing = None;
            for job in std::iter::once(first).chain(queue.try_iter()) {
                match job {
                    Job::Write(write) => group.push(*write),
                    Job::Close(done) => closing = Some(done),
                }
                if closing.is_some() || group.len() >= GROUP_MAX {
                    break;
                }
            }
            self.write_group(group);
            if let Some(done) = closing {
                self.leave();
                // Nobody waits any more: fine.
                let _closed = done.send(());
                return;
            }
        }
    }

    /// Removes what the journal has, so that the next start does not deliver it again.
    fn leave(mut self) {
        let mut batch = self.database.batch().durability(Some(PersistMode::SyncData));
        self.remove_delivered(&mut batch);
        if let Err(error) = batch.commit() {
            tracing::error!(%error, "delivered stream events stay in the outbox");
        }
    }

    fn remove_delivered(&mut self, batch: &mut OwnedWriteBatch) {
        while self.on_their_way.front().is_some_and(|ticket| *ticket <= self.sink.delivered()) {
            let ticket = self.on_their_way.pop_front();
            self.delivered.extend(ticket.map(|ticket| ticket.to_be_bytes().to_vec()));
        }
        for key in self.delivered.drain(..) {
            self.outbox.remove(batch, &key);
        }
    }

    fn write_group(&mut self, mut group: Vec<Numbered>) {
        let Some(last) = group.last().map(|write| write.ticket) else { return };
        let events = group.iter_mut().flat_map(|write| std::mem::take(&mut write.events));
        let events: Vec<_> = events.collect();
        let outcome = self.commit(&mut group, last, &events);
        if let Err(error) = &outcome {
            tracing::error!(%error, "stream activity could not be written");
        } else {
            self.written.store(last, Ordering::Release);
        }
        let outcome = outcome.and_then(|()| self.sink.take(last, events));
        self.answers.give(group.into_iter().map(|write| write.done).collect(), outcome);
        let memtables = [&mut self.live, &mut self.resting, &mut self.outbox];
        if let Err(error) = self.turnover.tend(&self.database, memtables) {
            tracing::error!(%error, "stream activity stays in memory");
        }
    }

    /// Makes a group and its events durable.
    fn commit(
        &mut self,
        group: &mut [Numbered],
        last: u64,
        events: &[Event],
    ) -> Result<(), StoreError> {
        let mut batch = self.database.batch().durability(Some(PersistMode::SyncData));
        self.remove_delivered(&mut batch);
        for Numbered { write, .. } in group {
            if write.from != write.to
                && let Some(old) = self.memtable(write.from)
            {
                old.remove(&mut batch, &write.key);
            }
            let value = std::mem::take(&mut write.value);
            if let Some(new) = self.memtable(write.to) {
                new.insert(&mut batch, &write.key, value);
            }
        }
        if !events.is_empty() {
            let entry = outbox::write(events).ok_or_else(unwritable)?;
            self.outbox.insert(&mut batch, &last.to_be_bytes(), entry);
            self.on_their_way.push_back(last);
        }
        batch.commit().map_err(|error| unavailable(&error))
    }

    const fn memtable(&mut self, place: Place) -> Option<&mut Memtable> {
        match place {
            Place::Nowhere => None,
            Place::Live => Some(&mut self.live),
            Place::Resting => Some(&mut self.resting),
        }
    }
}
