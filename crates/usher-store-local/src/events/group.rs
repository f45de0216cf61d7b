//! What is written together.

use tokio::sync::{mpsc, oneshot};
use tokio::time::sleep;
use usher_core::StoreError;
use usher_reports::Event;

use super::LINGER;

/// Events after which a group is written even if more are waiting.
const EVENTS_MAX: usize = 16_384;

/// Events of one caller; `done` is told how many of them were new.
#[derive(Debug)]
pub(super) struct Command {
    pub(super) events: Vec<Event>,
    pub(super) done: Option<oneshot::Sender<Result<usize, StoreError>>>,
    pub(super) then: Then,
}

/// What happens after the events of a command are durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Then {
    /// Nothing.
    Continue,
    /// Everything in the log is handed over to be written into files.
    Seal,
    /// The log is closed.
    Close,
}

/// Commands that become one record.
#[derive(Debug, Default)]
pub(super) struct Group {
    pub(super) commands: Vec<Command>,
    events: usize,
    is_awaited: bool,
    pub(super) seals: bool,
    pub(super) is_last: bool,
}

impl Group {
    /// Waits for a command and takes those that wait with it; an empty group when it is `overdue` first.
    /// Nothing when no more can come.
    pub(super) async fn gather(
        inbox: &mut mpsc::Receiver<Command>,
        overdue: impl Future<Output = ()>,
    ) -> Option<Self> {
        let mut group = Self::default();
        tokio::select! {
            first = inbox.recv() => group.add(first?),
            () = overdue => return Some(group),
        }
        let linger = sleep(LINGER);
        tokio::pin!(linger);
        while group.events < EVENTS_MAX && !group.is_last {
            let more = if group.is_awaited {
                inbox.try_recv().ok()
            } else {
                tokio::select! {
                    more = inbox.recv() => more,
                    () = &mut linger => None,
                }
            };
            match more {
                Some(command) => group.add(command),
                None => break,
            }
        }
        Some(group)
    }

    fn add(&mut self, command: Command) {
        self.events += command.events.len();
        self.is_awaited |= command.done.is_some();
        self.seals |= command.then == Then::Seal;
        self.is_last |= command.then == Then::Close;
        self.commands.push(command);
    }
}
