//! Stopping a stream (`concurrency` §11.6).

use usher_core::{StoreError, Timestamp};
use usher_registry::StreamApplication;

use crate::SessionId;
use crate::activity::Activity;
use crate::beat::Unreachable;
use crate::events::Reporter;
use crate::start::Outcome;
use crate::store::Change;
use crate::stream::{End, Terminator};
use crate::throttle::Quota;

/// Why a stream was not stopped.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum StopError {
    /// No such stream was ever issued to this subject.
    #[error("this service never issued that stream to that subject")]
    NeverIssued,
    /// Too many calls for this stream.
    #[error("too many calls; accepted again from {}", .until.as_secs())]
    Throttled {
        /// When calls are accepted again, in whole seconds.
        until: Timestamp,
    },
    /// The stream belongs to another application.
    #[error("the stream belongs to another application")]
    Foreign,
    /// The stream is over already; when another start killed it: which one.
    #[error("the stream is over")]
    Gone(Option<Terminator>),
    /// The store did not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Everything a stop is decided from, besides the subject's activity.
pub(crate) struct Stop<'a> {
    pub(crate) reporter: Reporter<'a>,
    pub(crate) application: &'a StreamApplication,
    pub(crate) id: SessionId,
    pub(crate) quota: Option<Quota>,
    pub(crate) now: Timestamp,
}

impl Activity {
    /// Ends a stream at its player's wish, or says why not.
    pub(crate) fn stop(&mut self, ask: &Stop<'_>) -> Outcome<(), StopError> {
        let mut events = self.expire_and_report(ask.reporter, ask.now);
        if let Err(error) = self.reach(ask.id, ask.application, ask.quota, ask.now) {
            return Outcome::refused(error.into(), Change::kept(events));
        }
        let stopped = self.end(ask.id, ask.now, End::Stopped);
        events.extend(stopped.map(|stream| ask.reporter.stopped(&stream, ask.now)));
        Outcome { answer: Ok(()), change: Change::Durable(events), aside: None }
    }
}

impl From<Unreachable> for StopError {
    fn from(error: Unreachable) -> Self {
        match error {
            Unreachable::Throttled { until } => Self::Throttled { until },
            Unreachable::Foreign => Self::Foreign,
            Unreachable::Gone(terminator) => Self::Gone(terminator),
        }
    }
}
