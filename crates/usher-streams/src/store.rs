//! Where subjects' streams live.

use async_trait::async_trait;
use usher_core::{StoreError, Timestamp};
use usher_reports::Event;

use crate::{Activity, Subject};

/// What a decision did to an activity.
#[derive(Debug)]
#[must_use]
pub enum Change {
    /// Nothing; the activity is as it was.
    None,
    /// Something that a restart may forget: a heartbeat, a call counted.
    Volatile,
    /// Something that must not be forgotten, and the events that say so.
    Durable(Vec<Event>),
}

/// A decision over one subject's activity: looks, may change it in place, says what it did.
///
/// It must depend on nothing but its arguments, the time and what it captured: an adapter that compares and
/// swaps calls it again with fresh state after a conflict, and only the last call counts.
pub type Decide<'d> = dyn FnMut(&Subject, &mut Activity) -> Change + Send + 'd;

/// Every subject's activity, one atomic step at a time.
///
/// Two ways to keep these promises are meant: run the decision under a short lock (embedded), or
/// load a versioned record, decide on the copy and compare-and-set it, a bounded number of times
/// (shared).
#[async_trait]
pub trait ActivityStore: Send + Sync + 'static {
    /// Applies `decide` to the activity of `subject`, an empty one if there is none.
    ///
    /// Decisions over one subject happen one after the other, each seeing what the one before left.
    /// After a [`Change::Durable`] this returns only when the activity *and* its events would
    /// survive a crash; its events reach the journal soon, in the order of their decisions and exactly
    /// once even when the caller goes away.
    /// [`StoreError::Unavailable`]: whether the change was kept is unknown; until a restart the
    /// store goes on as if it was, which never admits too many streams.
    async fn change(&self, subject: &Subject, decide: &mut Decide<'_>) -> Result<(), StoreError>;

    /// Applies `decide` to activities with a stream whose time was up by the second before `now`, a
    /// bounded number of them, and returns how many there were; zero: none is left.
    async fn sweep(&self, now: Timestamp, decide: &mut Decide<'_>) -> Result<usize, StoreError>;

    /// Whether there is memory for more streams.
    fn has_room(&self) -> bool;

    /// Waits until the events of every change answered so far are in the journal.
    async fn settle(&self) -> Result<(), StoreError>;
}
