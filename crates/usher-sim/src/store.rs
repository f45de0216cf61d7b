//! A store, a disk and a journal that do one step at a time, when the simulation says so, and can stop
//! between any two of them.
//!
//! A change is decided, waits for its group to be written, waits for its answer; its events wait in the
//! outbox for the journal, and their outbox entry waits to be removed. What is on the disk survives a
//! crash, everything else does not.

use std::collections::{BTreeMap, HashSet, VecDeque};
use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;

use async_trait::async_trait;
use parking_lot::Mutex;
use usher_core::{StoreError, Timestamp};
use usher_reports::{Event, EventJournal};
use usher_streams::{Activity, ActivityStore, Change, Decide, Names, Stream, Subject};

use crate::witness::Witness;

/// What survives.
#[derive(Debug, Default)]
pub(crate) struct Disk {
    images: BTreeMap<Subject, Vec<u8>>,
    outbox: BTreeMap<u64, Vec<Event>>,
    journal: Vec<Event>,
    ids: HashSet<String>,
    /// The last write that is on it.
    pub(crate) written: u64,
}

impl Disk {
    fn append(&mut self, events: Vec<Event>) {
        let new = events
            .into_iter()
            .filter(|it| it.id().is_empty() || self.ids.insert(it.id().to_owned()));
        self.journal.extend(new);
    }

    pub(crate) fn journal(&self) -> &[Event] {
        &self.journal
    }

    /// Everything that was made durable, delivered or not.
    pub(crate) fn events(&self) -> impl Iterator<Item = &Event> {
        self.journal.iter().chain(self.outbox.values().flatten())
    }
}

/// The disk and what a process that uses it has in memory.
pub(crate) struct SimStore {
    state: Mutex<State>,
    witness: Arc<Mutex<Witness>>,
}

struct State {
    disk: Disk,
    memory: BTreeMap<Subject, Activity>,
    queue: VecDeque<Pending>,
    last: u64,
    /// Events handed over that a crash forgets.
    noted: Vec<Event>,
    broken: bool,
    /// How often the next changes wait before they are decided.
    delays: u32,
}

struct Pending {
    ticket: u64,
    subject: Subject,
    image: Vec<u8>,
    events: Vec<Event>,
    done: Done,
}

/// Where an answer appears.
type Done = Arc<Mutex<Option<Result<(), StoreError>>>>;

/// How a group's write goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// Written and answered.
    Written,
    /// Written, but the process stops before it answers.
    WrittenUnanswered,
    /// Not written, and the database refuses everything from now on.
    Failed,
    /// As before, but the bytes reached the disk all the same.
    FailedButWritten,
}

impl SimStore {
    /// A process that starts on `disk`: delivers the outbox, gives live streams a fresh window.
    pub(crate) fn on(mut disk: Disk, now: Timestamp, witness: Arc<Mutex<Witness>>) -> Self {
        for (_, events) in std::mem::take(&mut disk.outbox) {
            disk.append(events);
        }
        let mut names = Names::default();
        let mut memory = BTreeMap::new();
        for (subject, image) in &disk.images {
            let mut activity =
                Activity::from_image(image, &mut names).expect("an image reads back");
            activity.revive(now);
            memory.insert(subject.clone(), activity);
        }
        let last = disk.written;
        let (queue, noted) = (VecDeque::new(), Vec::new());
        let state = State { disk, memory, queue, last, noted, broken: false, delays: 0 };
        Self { state: Mutex::new(state), witness }
    }

    /// The process stops here and now; what is left is the disk.
    pub(crate) fn crash(&self) -> Disk {
        std::mem::take(&mut self.state.lock().disk)
    }

    /// Lets the next changes wait `times` polls each before they are decided.
    pub(crate) fn delay(&self, times: u32) {
        self.state.lock().delays = times;
    }

    /// Whether something waits to be written.
    pub(crate) fn is_waiting(&self) -> bool {
        !self.state.lock().queue.is_empty()
    }

    pub(crate) fn is_broken(&self) -> bool {
        self.state.lock().broken
    }

    /// Writes the first `count` waiting changes as one group. A broken disk takes nothing more.
    pub(crate) fn write(&self, count: usize, fate: Fate) {
        let mut state = self.state.lock();
        if state.broken {
            return;
        }
        let count = count.min(state.queue.len());
        let group: Vec<_> = state.queue.drain(..count).collect();
        let Some(last) = group.last().map(|it| it.ticket) else { return };
        let outcome = match fate {
            Fate::Written | Fate::WrittenUnanswered => Ok(()),
            Fate::Failed | Fate::FailedButWritten => {
                state.broken = true;
                Err(StoreError::Unavailable("the disk is broken".to_owned()))
            }
        };
        let mut events = Vec::new();
        for Pending { subject, image, events: own, done, .. } in group {
            if fate != Fate::Failed {
                state.disk.images.insert(subject, image);
                events.extend(own);
            }
            if fate != Fate::WrittenUnanswered {
                *done.lock() = Some(outcome.clone());
            }
        }
        if fate != Fate::Failed {
            state.disk.outbox.insert(last, events);
            state.disk.written = last;
        }
    }

    /// Takes the events of the first `count` groups to the journal. `leaves` them in the outbox, too,
    /// as if the process stopped before it removed them.
    pub(crate) fn deliver(&self, count: usize, leaves: Leaves) {
        let mut state = self.state.lock();
        let keys: Vec<_> = state.disk.outbox.keys().take(count).copied().collect();
        for key in keys {
            let events = match leaves {
                Leaves::Nothing => state.disk.outbox.remove(&key),
                Leaves::Copies => state.disk.outbox.get(&key).cloned(),
            };
            state.disk.append(events.unwrap_or_default());
        }
    }

    /// Writes what was noted.
    pub(crate) fn flush(&self) {
        let mut state = self.state.lock();
        let noted = std::mem::take(&mut state.noted);
        state.disk.append(noted);
    }

    /// Looks at what is on the disk.
    pub(crate) fn with_disk<T>(&self, look: impl FnOnce(&Disk) -> T) -> T {
        look(&self.state.lock().disk)
    }

    /// Every subject in memory with its activity.
    pub(crate) fn for_each(&self, mut look: impl FnMut(&Subject, &Activity)) {
        self.state.lock().memory.iter().for_each(|(subject, activity)| look(subject, activity));
    }
}

/// What delivering leaves in the outbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Leaves {
    Nothing,
    Copies,
}

impl State {
    /// Decides one change and queues what must be durable.
    fn decide(
        &mut self,
        subject: &Subject,
        decide: &mut Decide<'_>,
        witness: &mut Witness,
    ) -> Result<Option<Done>, StoreError> {
        if self.broken {
            return Err(StoreError::Unavailable("the disk is broken".to_owned()));
        }
        let activity = self.memory.entry(subject.clone()).or_default();
        let before: Vec<_> = activity.live().iter().map(Stream::id).collect();
        let change = decide(subject, activity);
        let newcomer = activity.live().iter().map(Stream::id).find(|id| !before.contains(id));
        let Change::Durable(events) = change else {
            witness.decided(subject, newcomer, None);
            return Ok(None);
        };
        self.last += 1;
        let ticket = self.last;
        let mut image = Vec::new();
        activity.append_image(&mut image).expect("an activity can be written");
        let done = Done::default();
        let answer = Arc::clone(&done);
        self.queue.push_back(Pending { ticket, subject: subject.clone(), image, events, done });
        witness.decided(subject, newcomer, Some(ticket));
        Ok(Some(answer))
    }
}

async fn answered(done: Option<Done>) -> Result<(), StoreError> {
    let Some(done) = done else { return Ok(()) };
    poll_fn(|_| done.lock().take().map_or(Poll::Pending, Poll::Ready)).await
}

#[async_trait]
impl ActivityStore for SimStore {
    async fn change(&self, subject: &Subject, decide: &mut Decide<'_>) -> Result<(), StoreError> {
        let mut delays = self.state.lock().delays;
        poll_fn(|_| {
            delays = delays.saturating_sub(1);
            if delays == 0 { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
        let done = self.state.lock().decide(subject, decide, &mut self.witness.lock())?;
        answered(done).await
    }

    async fn sweep(&self, now: Timestamp, decide: &mut Decide<'_>) -> Result<usize, StoreError> {
        let due: Vec<_> = {
            let state = self.state.lock();
            let is_due = |activity: &Activity| activity.next_expiry().is_some_and(|at| at <= now);
            let due = state.memory.iter().filter(|(_, activity)| is_due(activity));
            due.map(|(subject, _)| subject.clone()).collect()
        };
        for subject in &due {
            // Nobody waits for what a sweep found: a later write answers for it.
            self.state.lock().decide(subject, decide, &mut self.witness.lock())?;
        }
        Ok(due.len())
    }

    fn has_room(&self) -> bool {
        true
    }

    async fn settle(&self) -> Result<(), StoreError> {
        Ok(())
    }
}

#[async_trait]
impl EventJournal for SimStore {
    async fn append(&self, events: Vec<Event>) -> Result<(), StoreError> {
        self.state.lock().disk.append(events);
        Ok(())
    }

    fn note(&self, event: Event) {
        self.state.lock().noted.push(event);
    }
}
