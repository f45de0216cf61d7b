//! Where events go.

use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use usher_core::StoreError;

use crate::Event;

/// Takes events for good.
#[async_trait]
pub trait EventJournal: Send + Sync + 'static {
    /// Appends `events` in order and returns once they would survive a crash.
    ///
    /// Either all of them are kept or none. An event whose id was appended before changes nothing.
    /// Waits only for the next group commit.
    async fn append(&self, events: Vec<Event>) -> Result<(), StoreError>;

    /// Appends `events` in order and returns once they would survive the end of this process; a machine
    /// that loses power may lose what was written in the last half second.
    ///
    /// Either all of them are kept or none, and an id that was appended before changes nothing, as with
    /// [`EventJournal::append`]. For events of an answer that nothing was promised about but the answer.
    async fn write(&self, events: Vec<Event>) -> Result<(), StoreError> {
        self.append(events).await
    }

    /// Hands `event` over without waiting for the disk; a crash within the next group commit may
    /// forget it. For events that the next one of their kind makes up for: heartbeats, polls.
    fn note(&self, event: Event);
}

/// A journal that only remembers, for tests of the services that write to one.
#[derive(Debug, Default)]
pub struct MemoryJournal(Mutex<Vec<Event>>);

impl MemoryJournal {
    /// Everything appended so far, and forgets it.
    pub fn take(&self) -> Vec<Event> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[async_trait]
impl EventJournal for MemoryJournal {
    async fn append(&self, events: Vec<Event>) -> Result<(), StoreError> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend(events);
        Ok(())
    }

    fn note(&self, event: Event) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(event);
    }
}
