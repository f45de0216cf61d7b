//! Keeping a stream alive (`concurrency` §11.5).

use usher_core::{ApplicationId, StoreError, Timestamp};
use usher_registry::StreamApplication;
use usher_reports::Event;

use crate::activity::Activity;
use crate::evaluate::{Judge, Violation};
use crate::events::Reporter;
use crate::news::Grain;
use crate::start::Outcome;
use crate::store::Change;
use crate::stream::{End, Ended, Pace, Stream, Terminator};
use crate::throttle::{Quota, Window};
use crate::{OverLimits, SessionId, Submission};

/// A heartbeat was accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Beat {
    /// When.
    pub at: Timestamp,
    /// When the next one is expected, in whole seconds.
    pub expires: Timestamp,
}

/// Why a heartbeat was not accepted.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum BeatError {
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
    /// The stream is over; when another start killed it: which one.
    #[error("the stream is over")]
    Gone(Option<Terminator>),
    /// The metadata is too much; nothing was changed.
    #[error(transparent)]
    OverLimits(#[from] OverLimits),
    /// Rules are violated; the stream is over now.
    #[error("{} rules are violated", .0.len())]
    Denied(Vec<Violation>),
    /// The store did not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Everything a heartbeat is decided from, besides the subject's activity.
pub(crate) struct Heartbeat<'a> {
    pub(crate) reporter: Reporter<'a>,
    pub(crate) application: &'a StreamApplication,
    pub(crate) id: SessionId,
    pub(crate) submission: &'a Submission,
    pub(crate) pace: Pace,
    pub(crate) quota: Option<Quota>,
    pub(crate) grain: Grain,
    pub(crate) now: Timestamp,
}

/// Why a call that names a stream cannot reach it.
pub(crate) enum Unreachable {
    Throttled { until: Timestamp },
    Foreign,
    Gone(Option<Terminator>),
}

impl Activity {
    /// Accepts a heartbeat, or says why not.
    pub(crate) fn beat(&mut self, ask: &Heartbeat<'_>) -> Outcome<Beat, BeatError> {
        let expired = self.expire_and_report(ask.reporter, ask.now);
        if let Err(error) = self.reach(ask.id, ask.application, ask.quota, ask.now) {
            return Outcome::refused(error.into(), Change::kept(expired));
        }
        let Some(stream) = self.live.iter_mut().find(|stream| stream.id == ask.id) else {
            return Outcome::refused(BeatError::Gone(None), Change::kept(expired));
        };
        let update = match stream.metadata.merged(ask.submission) {
            Ok(update) => update,
            Err(error) => return Outcome::refused(error.into(), Change::kept(expired)),
        };
        let is_changed = update.is_some();
        if let Some(metadata) = update {
            stream.metadata = metadata;
        }
        let violations = self.violations_of(ask.id, ask.reporter.0);
        if violations.is_empty() {
            self.accept(ask, is_changed, expired)
        } else {
            self.dismiss(ask, violations, expired)
        }
    }

    fn violations_of(&self, id: SessionId, judge: Judge<'_>) -> Vec<Violation> {
        let active: Vec<_> = self.live.iter().collect();
        let stream = self.live.iter().find(|stream| stream.id == id);
        stream.map(|stream| judge.violations(stream, &active)).unwrap_or_default()
    }

    fn accept(
        &mut self,
        ask: &Heartbeat<'_>,
        is_changed: bool,
        expired: Vec<Event>,
    ) -> Outcome<Beat, BeatError> {
        let changes = self.changes;
        let aside = self.live.iter_mut().find(|stream| stream.id == ask.id).and_then(|stream| {
            stream.last_activity = stream.last_activity.max(ask.now);
            stream.heard = stream.heard.max(ask.now);
            stream.pace = ask.pace;
            let told = ask.grain.telling(stream.id.started_at(), ask.now, changes);
            let is_news = std::mem::replace(&mut stream.told, told) != told;
            is_news.then(|| ask.reporter.beat(stream))
        });
        let change = if is_changed { Change::Durable(expired) } else { Change::kept(expired) };
        let beat = Beat { at: ask.now, expires: ask.pace.announced(ask.now) };
        Outcome { answer: Ok(beat), change, aside }
    }

    fn dismiss(
        &mut self,
        ask: &Heartbeat<'_>,
        violations: Vec<Violation>,
        mut events: Vec<Event>,
    ) -> Outcome<Beat, BeatError> {
        let ended = self.end(ask.id, ask.now, End::Dismissed);
        events.extend(ended.map(|it| ask.reporter.dismissed(&it, ask.now, &violations)));
        Outcome::refused(BeatError::Denied(violations), Change::Durable(events))
    }

    /// Whether `application` may act on the stream `id` now; counts the call. Expects
    /// [`Activity::expire`] to have run.
    ///
    /// An id this record knows nothing of was issued and forgotten: the caller has checked its seal.
    pub(crate) fn reach(
        &mut self,
        id: SessionId,
        application: &StreamApplication,
        quota: Option<Quota>,
        now: Timestamp,
    ) -> Result<(), Unreachable> {
        let live = self.live.iter_mut().find(|stream| stream.id == id).map(Stream::reachable);
        let known = live
            .or_else(|| self.ended.iter_mut().find(|ended| ended.id == id).map(Ended::reachable));
        let Some((calls, owner, end)) = known else { return Err(Unreachable::Gone(None)) };
        calls.admit(now, quota).map_err(|until| Unreachable::Throttled { until })?;
        if *owner != application.id {
            return Err(Unreachable::Foreign);
        }
        match end {
            None => Ok(()),
            Some(End::Killed(terminator)) => {
                Err(Unreachable::Gone(Some(Terminator::clone(terminator))))
            }
            Some(End::Stopped | End::Expired | End::Dismissed) => Err(Unreachable::Gone(None)),
        }
    }
}

/// The parts of a stream that decide whether it can be reached.
type Reachable<'s> = (&'s mut Window, &'s ApplicationId, Option<&'s End>);

impl Stream {
    const fn reachable(&mut self) -> Reachable<'_> {
        (&mut self.calls, &self.application, None)
    }
}

impl Ended {
    const fn reachable(&mut self) -> Reachable<'_> {
        (&mut self.calls, &self.application, Some(&self.end))
    }
}

impl From<Unreachable> for BeatError {
    fn from(error: Unreachable) -> Self {
        match error {
            Unreachable::Throttled { until } => Self::Throttled { until },
            Unreachable::Foreign => Self::Foreign,
            Unreachable::Gone(terminator) => Self::Gone(terminator),
        }
    }
}
