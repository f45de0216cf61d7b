//! One shard: subjects in memory and a queue of what is due.
//!
//! The queue holds each subject at most a few times, never later than it is due. Heartbeats do not
//! touch it: an entry that comes up early is put back. So a heartbeat costs no queue operation, and a
//! subject is looked at about once per activity window.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::time::Duration;

use tokio::sync::oneshot;
use usher_core::{StoreError, Timestamp};
use usher_reports::Event;
use usher_streams::{Activity, Change, Decide, Subject};

use super::image::Image;

/// When to look again at a subject that could rest but whose last write is not on disk yet.
const WRITE_PATIENCE: Duration = Duration::from_secs(1);

#[derive(Default)]
pub(super) struct Shard {
    /// Boxed: the table is half empty at times, and its slots should be small then.
    subjects: HashMap<Subject, Box<Entry>>,
    due: BinaryHeap<Reverse<(Timestamp, Subject)>>,
}

#[derive(Default)]
struct Entry {
    activity: Activity,
    /// The earliest queue entry of this subject.
    queued: Option<Timestamp>,
    /// The last write of this subject.
    ticket: u64,
}

/// What is left to do for a change once the lock is released.
pub(super) enum Kept {
    Nothing,
    InMemory(Vec<Event>),
    Queued(oneshot::Receiver<Result<(), StoreError>>),
}

impl Shard {
    pub(super) fn len(&self) -> usize {
        self.subjects.len()
    }

    /// Takes in an activity read from the image.
    pub(super) fn admit(&mut self, subject: Subject, activity: Activity) {
        let mut entry = Box::new(Entry { activity, ..Entry::default() });
        entry.queue(&subject, &mut self.due, true);
        self.subjects.insert(subject, entry);
    }

    pub(super) fn change(
        &mut self,
        subject: &Subject,
        decide: &mut Decide<'_>,
        image: Option<&Image>,
    ) -> Result<Kept, StoreError> {
        if let Some(entry) = self.subjects.get_mut(subject) {
            let change = decide(subject, &mut entry.activity);
            let kept = entry.keep(subject, change, image);
            entry.queue(subject, &mut self.due, image.is_some());
            return kept;
        }
        let resting = image.map(|image| image.load(subject)).transpose()?.flatten();
        let mut entry =
            Box::new(Entry { activity: resting.unwrap_or_default(), ..Entry::default() });
        let change = decide(subject, &mut entry.activity);
        if matches!(change, Change::None) {
            return Ok(Kept::Nothing);
        }
        let kept = entry.keep(subject, change, image);
        entry.queue(subject, &mut self.due, image.is_some());
        self.subjects.insert(subject.clone(), entry);
        kept
    }

    /// Handles the next queue entry that has come up by `now`; `None` when there is none.
    pub(super) fn sweep_one(
        &mut self,
        now: Timestamp,
        decide: &mut Decide<'_>,
        image: Option<&Image>,
    ) -> Option<Result<Kept, StoreError>> {
        let Reverse((at, _)) = self.due.peek()?;
        if *at > now {
            return None;
        }
        let Reverse((at, subject)) = self.due.pop()?;
        let Some(entry) = self.subjects.get_mut(&subject) else { return Some(Ok(Kept::Nothing)) };
        if entry.queued != Some(at) {
            return Some(Ok(Kept::Nothing));
        }
        entry.queued = None;
        let change = match entry.activity.next_expiry() {
            Some(expiry) if expiry <= now => decide(&subject, &mut entry.activity),
            _ => Change::None,
        };
        let kept = entry.keep(&subject, change, image);
        if entry.is_dispensable(now, image) {
            self.subjects.remove(&subject);
        } else {
            entry.queue_after(now, &subject, &mut self.due, image.is_some());
        }
        Some(kept)
    }
}

type Due = BinaryHeap<Reverse<(Timestamp, Subject)>>;

impl Entry {
    fn keep(
        &mut self,
        subject: &Subject,
        change: Change,
        image: Option<&Image>,
    ) -> Result<Kept, StoreError> {
        match (change, image) {
            (Change::None | Change::Volatile, _) => Ok(Kept::Nothing),
            (Change::Durable(events), None) => Ok(Kept::InMemory(events)),
            (Change::Durable(events), Some(image)) => {
                let (ticket, written) = image.write(subject, &self.activity, events)?;
                self.ticket = ticket;
                Ok(Kept::Queued(written))
            }
        }
    }

    /// When somebody has to look at this subject.
    fn due(&self, is_durable: bool) -> Timestamp {
        let over = if is_durable { Activity::rests_from } else { Activity::forgotten_from };
        self.activity.next_expiry().or_else(|| over(&self.activity)).unwrap_or_default()
    }

    fn queue(&mut self, subject: &Subject, due: &mut Due, is_durable: bool) {
        self.queue_after(Timestamp::default(), subject, due, is_durable);
    }

    /// Queues the subject for when it is due, but later than `now`.
    fn queue_after(&mut self, now: Timestamp, subject: &Subject, due: &mut Due, is_durable: bool) {
        let mut at = self.due(is_durable);
        if at <= now {
            at = now + WRITE_PATIENCE;
        }
        if self.queued.is_none_or(|queued| at < queued) {
            self.queued = Some(at);
            due.push(Reverse((at, subject.clone())));
        }
    }

    /// Whether nothing is lost by forgetting this subject here.
    fn is_dispensable(&self, now: Timestamp, image: Option<&Image>) -> bool {
        let is_written = image.is_none_or(|image| image.is_written(self.ticket));
        self.activity.live().is_empty() && self.due(image.is_some()) <= now && is_written
    }
}
