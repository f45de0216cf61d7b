//! Where events are written into the log: by one task that writes and syncs for those who wait together,
//! and by one that only writes.
//!
//! Waiting for the disk costs a request more than everything else it does for reports. So
//! [`write_together`] only writes: that survives the process. The next group, or [`SYNC_AFTER`], makes it
//! durable.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::{Notify, mpsc};
use tokio::task::{spawn_blocking, yield_now};
use tokio::time::sleep;
use usher_core::StoreError;

use super::group::{Command, Group};
use super::shared::Shared;
use super::stopped;
use super::writer::Writer;

/// How long the one who only writes waits for its turn: it keeps a thread that answers requests.
const PATIENCE: Duration = Duration::from_micros(50);

/// Commands that are written together at most.
const TOGETHER_MAX: usize = 256;

/// How long something written may stay without being durable, if no group is written before.
pub(super) const SYNC_AFTER: Duration = Duration::from_millis(100);

/// The writer, for one at a time.
pub(super) struct Desk {
    /// Nothing when the store is closed.
    writer: Mutex<Option<Writer>>,
    shared: Arc<Shared>,
    /// Told when something was written that is not durable.
    unsynced: Notify,
}

/// Writes groups, and sees that what was written without them is synced, until the journal is closed or
/// nobody can send any more.
pub(super) async fn run(desk: Arc<Desk>, mut inbox: mpsc::Receiver<Command>) {
    while let Some(group) = Group::gather(&mut inbox, desk.overdue()).await {
        let is_last = group.is_last;
        let at = Arc::clone(&desk);
        match spawn_blocking(move || at.commit(group)).await {
            Ok(()) if is_last => return,
            Ok(()) => {}
            Err(error) => {
                // A panic while writing: callers learn of it from their dropped answers.
                tracing::error!("the event journal has stopped: {error}");
                return desk.close();
            }
        }
    }
}

/// Writes what is handed in, without syncing it. A call into the system costs more than an event, so that
/// it is made for all the requests that are being answered at that moment. What would take longer goes to
/// `slow`.
pub(super) async fn write_together(
    desk: Arc<Desk>,
    mut inbox: mpsc::Receiver<Command>,
    slow: mpsc::Sender<Command>,
) {
    let mut commands = Vec::new();
    while inbox.recv_many(&mut commands, TOGETHER_MAX).await > 0 {
        yield_now().await;
        while commands.len() < TOGETHER_MAX
            && let Ok(another) = inbox.try_recv()
        {
            commands.push(another);
        }
        match desk.try_write(&mut commands) {
            Some(written) => answer(commands.drain(..), &written),
            None => {
                for command in commands.drain(..) {
                    // Nobody is there any more: the caller learns of it from its dropped answer.
                    let _ = slow.send(command).await;
                }
            }
        }
    }
}

/// Tells everybody how many of their events were new.
fn answer(commands: impl Iterator<Item = Command>, written: &Result<Vec<usize>, StoreError>) {
    for (nth, command) in commands.enumerate() {
        let count = |counts: &Vec<usize>| counts.get(nth).copied().unwrap_or_default();
        // A caller that no longer waits does not need the answer.
        let _ =
            command.done.map(|done| done.send(written.as_ref().map(count).map_err(Clone::clone)));
    }
}

impl Desk {
    pub(super) fn new(writer: Writer, shared: Arc<Shared>) -> Self {
        Self { writer: Mutex::new(Some(writer)), shared, unsynced: Notify::new() }
    }

    /// Writes these events on the spot. Nothing, and they are left alone, when that would take longer than a
    /// moment: others are at it, or files are to be read or written first.
    pub(super) fn try_write(
        &self,
        commands: &mut [Command],
    ) -> Option<Result<Vec<usize>, StoreError>> {
        let mut desk = self.writer.try_lock_for(PATIENCE)?;
        let writer = desk.as_mut()?;
        if !writer.is_ready_for(commands.iter().flat_map(|command| &command.events)) {
            return None;
        }
        let was_synced = !writer.is_unsynced();
        let written = writer.write_all(commands.iter_mut().map(|command| &mut command.events));
        if was_synced && writer.is_unsynced() {
            self.unsynced.notify_one();
        }
        Some(written)
    }

    /// Whether something was written that is not durable.
    #[cfg(test)]
    pub(super) fn is_unsynced(&self) -> bool {
        self.with(|writer| Ok(writer.is_unsynced())) == Ok(true)
    }

    /// Returns when something has waited to become durable for long enough.
    pub(super) async fn overdue(&self) {
        self.unsynced.notified().await;
        sleep(SYNC_AFTER).await;
    }

    /// Writes what is new of a group and makes it durable, with everything written before; hands the log over
    /// if the group wants it or it is due; answers everybody.
    pub(super) fn commit(&self, mut group: Group) {
        let written = self.make_durable(&mut group);
        answer(group.commands.into_iter(), &written);
        if group.is_last {
            self.close();
        } else if written.is_ok()
            && self.with(|writer| Ok(writer.is_due())) == Ok(true)
            && let Err(error) = self.seal()
        {
            tracing::error!(%error, "the event log could not be handed over");
        }
    }

    /// How many events of each command were new.
    fn make_durable(&self, group: &mut Group) -> Result<Vec<usize>, StoreError> {
        let events = group.commands.iter_mut().map(|command| &mut command.events);
        let counts = self.with(|writer| writer.write_all(events))?;
        self.sync()?;
        if group.seals {
            self.seal()?;
        }
        Ok(counts)
    }

    /// Makes durable what was written before; others may write meanwhile.
    fn sync(&self) -> Result<(), StoreError> {
        match self.with(|writer| Ok(writer.take_unsynced()))? {
            Some(log) => log.sync().or_else(|error| self.with(|writer| Err(writer.failed(error)))),
            None => Ok(()),
        }
    }

    /// Hands the log over. Waits while the one before is still being written: memory is bounded.
    fn seal(&self) -> Result<(), StoreError> {
        self.shared.wait_until_sealed();
        self.with(Writer::seal)
    }

    /// Nothing is accepted any more.
    fn close(&self) {
        *self.writer.lock() = None;
    }

    fn with<T>(
        &self,
        work: impl FnOnce(&mut Writer) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.writer.lock().as_mut().map_or_else(|| Err(stopped()), work)
    }
}
