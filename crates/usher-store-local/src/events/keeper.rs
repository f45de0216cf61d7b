//! The one who keeps the files: writes the log into them, closes days, lets old days go.
//!
//! A thread of its own, because this work takes seconds and nobody waits for it. All changes of the
//! manifest are made here, one after the other, each prepared completely and then made true in one step.

use std::collections::{BTreeSet, VecDeque};
use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use jiff::civil::Date;
use parking_lot::Mutex;
use tokio::sync::mpsc::WeakSender;
use tokio::sync::oneshot;
use usher_core::StoreError;
use usher_reports::Trace;

use super::group::{Command, Then};
use super::kept::Kept;
use super::log::Log;
use super::shared::Shared;
use super::subject::Renaming;
use super::tail::Chunk;
use super::{Hands, unavailable};

/// How often the keeper looks for something to do.
const EVERY: Duration = Duration::from_secs(1);

/// Something to do.
pub(super) enum Task {
    /// Write chunks into files; they are all of the log up to this one.
    Seal { chunks: Vec<Arc<Chunk>>, log: u64 },
    /// Close everything that is over.
    Settle { done: oneshot::Sender<Result<(), StoreError>> },
    /// Give somebody a new name.
    Rekey(Box<Renaming>),
    /// Nothing any more.
    Stop,
}

/// Whether days wait for what may still come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Haste {
    /// They do.
    WhenDue,
    /// They do not.
    AtOnce,
}

/// What was found of somebody.
pub(super) type Traced = Result<Vec<Trace>, StoreError>;

/// A keeper that is at work.
#[derive(Clone, Debug)]
pub(super) struct Keeper {
    tasks: Sender<Task>,
    working: Arc<Mutex<Option<JoinHandle<()>>>>,
}

/// What the keeper works with.
pub(super) struct Work {
    pub(super) shared: Arc<Shared>,
    hands: Hands,
    /// The writer, who may be asked to hand the log over.
    writer: WeakSender<Command>,
    /// Chunks that could not be written into files yet, and their log.
    pending: Option<(Vec<Arc<Chunk>>, u64)>,
    /// People who get a new name.
    renamings: VecDeque<Box<Renaming>>,
}

impl Keeper {
    /// Sets a keeper to work.
    pub(super) fn start(hands: Hands, writer: WeakSender<Command>) -> io::Result<Self> {
        let (tasks, inbox) = channel();
        let shared = Arc::clone(&hands.shared);
        let work = Work { shared, hands, writer, pending: None, renamings: VecDeque::new() };
        let working = std::thread::Builder::new()
            .name("events-keeper".to_owned())
            .spawn(move || work.run(&inbox))?;
        Ok(Self { tasks, working: Arc::new(Mutex::new(Some(working))) })
    }

    pub(super) fn send(&self, task: Task) {
        if self.tasks.send(task).is_err() {
            tracing::error!("the keeper of the event files has stopped");
        }
    }

    /// Waits until everything asked for is done, and ends.
    pub(super) fn stop(&self) {
        // Who has stopped already hears nothing.
        let _ = self.tasks.send(Task::Stop);
        if let Some(working) = self.working.lock().take()
            && working.join().is_err()
        {
            tracing::error!("the keeper of the event files failed");
        }
    }
}

impl Work {
    fn run(mut self, inbox: &Receiver<Task>) {
        let mut wait = EVERY;
        loop {
            match inbox.recv_timeout(wait) {
                Ok(Task::Stop) | Err(RecvTimeoutError::Disconnected) => return,
                Ok(task) => {
                    self.work(task);
                    wait = Duration::ZERO;
                }
                Err(RecvTimeoutError::Timeout) => {
                    let is_done = self.look_around().unwrap_or_else(|error| {
                        tracing::error!(%error, "the event files could not be tended");
                        true
                    });
                    wait = if is_done { EVERY } else { Duration::ZERO };
                }
            }
        }
    }

    fn work(&mut self, task: Task) {
        match task {
            Task::Seal { chunks, log } => {
                self.pending = Some((chunks, log));
                if let Err(error) = self.seal_pending() {
                    tracing::error!(%error, "events could not be written into files yet");
                }
            }
            Task::Settle { done } => {
                // Who no longer waits does not need the answer.
                let _ = done.send(self.settle());
            }
            Task::Rekey(renaming) => self.renamings.push_back(renaming),
            Task::Stop => {}
        }
    }

    /// Does one thing that is due. Whether there is nothing more to do.
    fn look_around(&mut self) -> Result<bool, StoreError> {
        self.seal_pending()?;
        self.purge()?;
        self.ask_for_seal();
        if let Some(renaming) = self.renamings.pop_front() {
            if let Some(renaming) = self.rename_next(renaming) {
                self.renamings.push_front(renaming);
            }
            return Ok(false);
        }
        self.close_next(Haste::WhenDue)
    }

    /// Writes into files what waits for it, and closes every day that is over.
    fn settle(&mut self) -> Result<(), StoreError> {
        self.seal_pending()?;
        self.purge()?;
        while !self.close_next(Haste::AtOnce)? {}
        Ok(())
    }

    fn seal_pending(&mut self) -> Result<(), StoreError> {
        let Some((chunks, log)) = self.pending.take() else { return Ok(()) };
        let sealed = self.seal(&chunks, log);
        if sealed.is_err() {
            self.pending = Some((chunks, log));
        }
        sealed
    }

    /// Asks the writer to hand over a log that has become old, or that holds up a day that is over.
    fn ask_for_seal(&self) {
        let now = self.shared.clock.now();
        let settings = &self.shared.settings;
        let (since, latest) = self.shared.with(|state| (state.tail.since, state.tail.latest));
        let is_old = since.is_some_and(|since| now.since(since) >= settings.seal_after);
        let is_quiet = since.is_some() && now.since(latest) >= settings.quiet;
        let holds_up = is_quiet && self.tail_days().iter().any(|day| self.is_over(*day));
        if (is_old || holds_up)
            && let Some(writer) = self.writer.upgrade()
        {
            // A full inbox means that events come, and with them the next occasion.
            let _ = writer.try_send(Command { events: Vec::new(), done: None, then: Then::Seal });
        }
    }

    /// The days with events that are in no file.
    pub(super) fn tail_days(&self) -> BTreeSet<Date> {
        self.shared.with(|state| state.tail.days(&self.shared.settings.zone))
    }

    /// Makes `kept` what the store holds, and lets go of the files it no longer names.
    pub(super) fn commit(
        &self,
        kept: Kept,
        publish: impl FnOnce(&mut super::shared::State),
    ) -> Result<(), StoreError> {
        kept.commit().map_err(unavailable)?;
        self.shared.with(|state| {
            state.kept = Arc::new(kept);
            publish(state);
        });
        Ok(())
    }

    /// What the store holds now, to be changed.
    pub(super) fn kept(&self) -> Kept {
        self.shared.with(|state| Kept::clone(&state.kept))
    }

    /// Removes the logs up to `log`.
    pub(super) fn remove_logs(&self, log: u64) -> Result<(), StoreError> {
        for number in Log::numbers(&self.hands.logs).map_err(unavailable)? {
            if number <= log {
                std::fs::remove_file(Log::path(&self.hands.logs, number)).map_err(unavailable)?;
            }
        }
        Ok(())
    }
}
