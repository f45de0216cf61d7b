//! One shard: subjects in memory and a calendar of what is due.
//!
//! The calendar holds each subject at most a few times, never later than it is due. Heartbeats do not
//! touch it: an entry that comes up early is put back. So a heartbeat costs no calendar entry, and a
//! subject is looked at about once per activity window.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use hashbrown::HashTable;
use tokio::sync::oneshot;
use usher_core::{StoreError, Timestamp};
use usher_reports::Event;
use usher_streams::{Activity, Change, Decide, Subject};

use super::calendar::{Calendar, Second};
use super::image::{Image, Place};

/// When to look again at a subject that could rest but whose last write is not on disk yet.
const WRITE_PATIENCE: Duration = Duration::from_secs(1);

/// What a subject takes besides its streams: entry, text, table and calendar, rounded up.
const ENTRY_BYTES: u32 = 256;

#[derive(Default)]
pub(super) struct Shard {
    /// Boxed: the table is half empty at times, and its slots should be small then.
    subjects: HashTable<Box<Entry>>,
    calendar: Calendar,
    /// How many subjects have left: who read an image while the shard was unlocked sees whether it may
    /// be out of date.
    departures: u64,
}

struct Entry {
    subject: Subject,
    activity: Activity,
    /// The last write of this subject.
    ticket: u64,
    /// The earliest calendar entry of this subject.
    due: Second,
    /// Bytes it is counted with.
    weight: u32,
    /// Where its image is.
    place: Place,
}

/// A subject and its hash.
#[derive(Clone, Copy)]
pub(super) struct Key<'k> {
    pub(super) hash: u64,
    pub(super) subject: &'k Subject,
}

/// What shards have in common.
pub(super) struct Common<'s> {
    pub(super) hashes: &'s RandomState,
    pub(super) image: Option<&'s Image>,
    /// Bytes of all subjects in memory.
    pub(super) bytes: &'s AtomicU64,
    pub(super) bytes_max: u64,
}

/// What is left to do for a change once the lock is released.
pub(super) enum Kept {
    Nothing,
    InMemory(Vec<Event>),
    Queued(oneshot::Receiver<Result<(), StoreError>>),
}

/// An activity as it lies on disk, for a subject that is not in memory.
pub(super) struct Resting {
    pub(super) activity: Option<Activity>,
    /// The shard's departures before it was read.
    pub(super) departures: u64,
}

impl Common<'_> {
    pub(super) fn has_room(&self) -> bool {
        self.bytes.load(Ordering::Relaxed) < self.bytes_max
    }

    fn weigh(&self, from: u32, to: u32) {
        // Wraps around when it shrinks, and back again: the sum is right.
        self.bytes.fetch_add(u64::from(to).wrapping_sub(from.into()), Ordering::Relaxed);
    }
}

impl Shard {
    pub(super) fn len(&self) -> usize {
        self.subjects.len()
    }

    pub(super) const fn departures(&self) -> u64 {
        self.departures
    }

    /// Takes in an activity read from the image.
    pub(super) fn admit(
        &mut self,
        hash: u64,
        subject: Subject,
        activity: Activity,
        common: &Common<'_>,
    ) {
        let mut entry = Box::new(Entry::new(subject, activity, Place::Live));
        entry.reweigh(common);
        self.insert(hash, entry, common);
    }

    /// Applies `decide` to a subject in memory; nothing when it is not there.
    pub(super) fn change(
        &mut self,
        Key { hash, subject }: Key<'_>,
        decide: &mut Decide<'_>,
        common: &Common<'_>,
    ) -> Option<Result<Kept, StoreError>> {
        let entry = self.subjects.find_mut(hash, |entry| entry.subject == *subject)?;
        let change = decide(subject, &mut entry.activity);
        let kept = entry.keep(change, common);
        entry.schedule(hash, &mut self.calendar, common.image.is_some());
        Some(kept)
    }

    /// Applies `decide` to a subject that is not in memory, and takes it in if that changed something.
    /// Nothing when `resting` may be out of date.
    pub(super) fn change_resting(
        &mut self,
        Key { hash, subject }: Key<'_>,
        resting: Resting,
        decide: &mut Decide<'_>,
        common: &Common<'_>,
    ) -> Option<Result<Kept, StoreError>> {
        if resting.departures != self.departures {
            return None;
        }
        let place = if resting.activity.is_some() { Place::Resting } else { Place::Nowhere };
        let activity = resting.activity.unwrap_or_default();
        let mut entry = Box::new(Entry::new(subject.clone(), activity, place));
        let change = decide(subject, &mut entry.activity);
        let is_memorable = match &change {
            Change::None => false,
            // Calls counted: a service that runs out of memory counts fewer.
            Change::Volatile => common.has_room(),
            Change::Durable(_) => true,
        };
        if !is_memorable {
            return Some(Ok(Kept::Nothing));
        }
        let kept = entry.keep(change, common);
        entry.reweigh(common);
        self.insert(hash, entry, common);
        Some(kept)
    }

    fn insert(&mut self, hash: u64, mut entry: Box<Entry>, common: &Common<'_>) {
        entry.schedule(hash, &mut self.calendar, common.image.is_some());
        self.subjects.insert_unique(hash, entry, |entry| common.hashes.hash_one(&entry.subject));
    }

    /// Handles the next calendar entry that has come up by `now`; `None` when there is none.
    pub(super) fn sweep_one(
        &mut self,
        now: Timestamp,
        decide: &mut Decide<'_>,
        common: &Common<'_>,
    ) -> Option<Result<Kept, StoreError>> {
        let (second, hash) = self.calendar.due(Second::of(now))?;
        let Ok(mut found) = self.subjects.find_entry(hash, |entry| entry.due == second) else {
            return Some(Ok(Kept::Nothing));
        };
        let entry = found.get_mut();
        entry.due = Second::NEVER;
        let change = match entry.activity.next_expiry() {
            Some(expiry) if expiry <= now => decide(&entry.subject, &mut entry.activity),
            Some(_) | None => Change::None,
        };
        let kept = entry.keep(change, common);
        if entry.is_dispensable(now, common) {
            common.weigh(entry.weight, 0);
            self.departures += 1;
            found.remove();
        } else {
            entry.schedule_after(now, hash, &mut self.calendar, common.image.is_some());
        }
        Some(kept)
    }
}

impl Entry {
    fn new(subject: Subject, activity: Activity, place: Place) -> Self {
        Self { subject, activity, ticket: 0, due: Second::NEVER, weight: 0, place }
    }

    fn keep(&mut self, change: Change, common: &Common<'_>) -> Result<Kept, StoreError> {
        let Change::Durable(events) = change else { return Ok(Kept::Nothing) };
        self.reweigh(common);
        let Some(image) = common.image else { return Ok(Kept::InMemory(events)) };
        let (ticket, written) =
            image.write(&self.subject, &self.activity, &mut self.place, events)?;
        self.ticket = ticket;
        Ok(Kept::Queued(written))
    }

    fn reweigh(&mut self, common: &Common<'_>) {
        let weight = ENTRY_BYTES.saturating_add(self.activity.heap_bytes());
        common.weigh(self.weight, weight);
        self.weight = weight;
    }

    /// When somebody has to look at this subject.
    fn due_at(&self, is_durable: bool) -> Timestamp {
        let over = if is_durable { Activity::rests_from } else { Activity::forgotten_from };
        self.activity.next_expiry().or_else(|| over(&self.activity)).unwrap_or_default()
    }

    fn schedule(&mut self, hash: u64, calendar: &mut Calendar, is_durable: bool) {
        self.schedule_after(Timestamp::default(), hash, calendar, is_durable);
    }

    /// Notes the subject for when it is due, but later than `now`.
    fn schedule_after(
        &mut self,
        now: Timestamp,
        hash: u64,
        calendar: &mut Calendar,
        is_durable: bool,
    ) {
        let mut at = self.due_at(is_durable);
        if at <= now {
            at = now + WRITE_PATIENCE;
        }
        let second = Second::not_before(at);
        if second < self.due {
            self.due = second;
            calendar.note(second, hash);
        }
    }

    /// Whether nothing is lost by forgetting this subject here.
    fn is_dispensable(&self, now: Timestamp, common: &Common<'_>) -> bool {
        let is_written = common.image.is_none_or(|image| image.is_written(self.ticket));
        let is_over = self.due_at(common.image.is_some()) <= now;
        self.activity.live().is_empty() && is_over && is_written
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_small() {
        // Beside it: its text (32), a slot of the table (up to 21) and of the calendar (up to 16).
        assert!(size_of::<Entry>() <= 96, "{}", size_of::<Entry>());
    }
}
