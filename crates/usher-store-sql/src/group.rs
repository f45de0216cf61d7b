//! Group commit: what is waiting to be written goes to the disk together.
//!
//! A durable commit costs one wait for the disk, however much is in it. Whoever comes first writes for
//! everybody who is waiting; those who come meanwhile form the next group. There is no task in the
//! background, and nobody waits for company.

use std::future::Future;

use parking_lot::Mutex;
use tokio::sync::oneshot::error::TryRecvError;
use tokio::sync::{Mutex as Turn, oneshot};
use usher_core::StoreError;

/// Records written in one transaction; also what one caller may have to write for others.
const GROUP_MAX: usize = 256;

/// Records that may wait. More is overload, and its caller is told at once.
const WAITING_MAX: usize = 4_096;

type Outcome = Result<(), StoreError>;

/// Collects records of kind `T` into groups.
#[derive(Debug)]
pub(crate) struct Group<T> {
    waiting: Mutex<Vec<(T, oneshot::Sender<Outcome>)>>,
    turn: Turn<()>,
}

impl<T: Send + 'static> Group<T> {
    pub(crate) fn new() -> Self {
        Self { waiting: Mutex::new(Vec::new()), turn: Turn::new(()) }
    }

    /// Hands `record` over and returns its outcome. `write` writes a group in one transaction, and
    /// answers each record's outcome in the same order.
    pub(crate) async fn submit<F>(&self, record: T, write: impl Fn(Vec<T>) -> F) -> Outcome
    where
        F: Future<Output = Vec<Outcome>> + Send + 'static,
    {
        let mut outcome = self.enqueue(record)?;
        loop {
            let _turn = self.turn.lock().await;
            match outcome.try_recv() {
                Ok(outcome) => return outcome,
                Err(TryRecvError::Closed) => return Err(unavailable("the write was given up")),
                // Still waiting, so the next group is not empty: each turn makes progress.
                Err(TryRecvError::Empty) => self.write_next(&write).await,
            }
        }
    }

    async fn write_next<F>(&self, write: impl Fn(Vec<T>) -> F)
    where
        F: Future<Output = Vec<Outcome>> + Send + 'static,
    {
        let (records, callers): (Vec<T>, Vec<_>) = self.next_group().into_iter().unzip();
        let written = write(records);
        // A task of its own: this caller may give up, those it writes for have not.
        let writing = tokio::spawn(async move {
            for (caller, outcome) in callers.into_iter().zip(written.await) {
                // Whoever gave up does not need to know.
                let _ = caller.send(outcome);
            }
        });
        // A task that failed has dropped its callers, which is how they learn of it.
        let _ = writing.await;
    }

    fn enqueue(&self, record: T) -> Result<oneshot::Receiver<Outcome>, StoreError> {
        let mut waiting = self.waiting.lock();
        if waiting.len() >= WAITING_MAX {
            return Err(unavailable("too many writes are waiting"));
        }
        let (sender, outcome) = oneshot::channel();
        waiting.push((record, sender));
        Ok(outcome)
    }

    /// The records that have waited longest.
    fn next_group(&self) -> Vec<(T, oneshot::Sender<Outcome>)> {
        let mut waiting = self.waiting.lock();
        let size = waiting.len().min(GROUP_MAX);
        waiting.drain(..size).collect()
    }
}

fn unavailable(why: &str) -> StoreError {
    StoreError::Unavailable(why.to_owned())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use tokio::sync::Semaphore;

    use super::*;

    #[tokio::test]
    async fn those_who_wait_are_written_together_and_each_gets_its_own_outcome() {
        let (group, writes) = (Arc::new(Group::new()), Arc::new(AtomicUsize::new(0)));
        let callers: Vec<_> = (0..1_000)
            .map(|number| {
                let (group, writes) = (Arc::clone(&group), Arc::clone(&writes));
                tokio::spawn(async move {
                    let write = |records: Vec<u32>| {
                        writes.fetch_add(1, Ordering::Relaxed);
                        let outcome = |odd| if odd { Ok(()) } else { Err(StoreError::Conflict) };
                        let outcomes = records.into_iter().map(|number| outcome(number % 2 == 1));
                        let outcomes = outcomes.collect();
                        async move {
                            tokio::task::yield_now().await;
                            outcomes
                        }
                    };
                    (number, group.submit(number, write).await)
                })
            })
            .collect();
        for caller in callers {
            let (number, outcome) = caller.await.unwrap();
            assert_eq!(outcome.is_ok(), number % 2 == 1);
        }
        assert!((4..=20).contains(&writes.load(Ordering::Relaxed)), "{writes:?}");
    }

    #[tokio::test]
    async fn a_caller_that_gives_up_does_not_take_others_with_it() {
        let group = Arc::new(Group::new());
        let gate = Arc::new(Semaphore::new(0));
        let submit = |number: u32| {
            let (group, gate) = (Arc::clone(&group), Arc::clone(&gate));
            let write = move |records: Vec<u32>| {
                let gate = Arc::clone(&gate);
                async move {
                    let _open = gate.acquire().await;
                    records.iter().map(|_| Ok(())).collect()
                }
            };
            tokio::spawn(async move { group.submit(number, write).await })
        };
        let (leader, follower) = (submit(1), submit(2));
        tokio::task::yield_now().await;
        leader.abort();
        gate.add_permits(1);
        assert_eq!(follower.await.unwrap(), Ok(()));
    }
}
