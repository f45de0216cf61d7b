//! Answers everybody whose change is in a group that was written.
//!
//! This happens in a task of the runtime: it is woken from outside once for a group, and wakes the others
//! itself, which costs a push to its own queue each. A thread of its own would have to lock the runtime's
//! common queue, and often wake one of its threads, for each of them.

use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot};
use usher_core::StoreError;

/// Who waits for a write.
pub(super) type Waiting = oneshot::Sender<Result<(), StoreError>>;

/// A group that was written, and how that went.
type Written = (Vec<Waiting>, Result<(), StoreError>);

/// Where the writer says how a group went. It holds what requests wait for, and so is bounded as they are.
pub(super) struct Answers(mpsc::UnboundedSender<Written>);

impl Answers {
    /// Starts answering in `runtime`.
    pub(super) fn start(runtime: &Handle) -> Self {
        let (groups, mut inbox) = mpsc::unbounded_channel::<Written>();
        runtime.spawn(async move {
            while let Some((group, outcome)) = inbox.recv().await {
                for waiting in group {
                    // The caller went away: its change is kept all the same.
                    let _answered = waiting.send(outcome.clone());
                }
            }
        });
        Self(groups)
    }

    /// Answers `group`. Without a runtime nobody waits any more.
    pub(super) fn give(&self, group: Vec<Waiting>, outcome: Result<(), StoreError>) {
        let _given = self.0.send((group, outcome));
    }
}
