//! Starting a stream (`concurrency` §11.4).

use usher_core::{StoreError, Timestamp};
use usher_registry::StreamApplication;
use usher_reports::Event;

use crate::activity::{Activity, LIVE_STREAMS_MAX};
use crate::evaluate::{Violation, is_standard, read_by_rules};
use crate::events::Reporter;
use crate::news::{Grain, Told};
use crate::service::Caller;
use crate::store::Change;
use crate::stream::{End, Pace, Stream};
use crate::throttle::{Quota, Window};
use crate::{Metadata, Seal, SessionId, Submission, TerminationCode};

/// A stream was started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Started {
    /// Its id.
    pub id: SessionId,
    /// When the start was accepted.
    pub at: Timestamp,
    /// When the first heartbeat is expected, in whole seconds.
    pub expires: Timestamp,
}

/// Why no stream was started. Nothing was created and nothing killed.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum StartError {
    /// Too many starts of this subject.
    #[error("too many starts; accepted again from {}", .until.as_secs())]
    Throttled {
        /// When starts are accepted again, in whole seconds.
        until: Timestamp,
    },
    /// There is no memory for more streams.
    #[error("no more streams can be held in memory")]
    Full,
    /// The metadata is too much.
    #[error(transparent)]
    OverLimits(#[from] crate::OverLimits),
    /// A required attribute is absent, or not one of its standard values.
    #[error("required metadata is missing")]
    MissingMetadata,
    /// Rules of the application's policies are violated.
    #[error("{} rules are violated", .0.len())]
    Denied(Vec<Violation>),
    /// The store did not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Most salts tried for one id.
const SALTS: u32 = 4096;

/// Everything a start is decided from, besides the subject's activity.
pub(crate) struct Start<'a> {
    pub(crate) reporter: Reporter<'a>,
    pub(crate) application: &'a StreamApplication,
    pub(crate) metadata: &'a Result<Metadata, StartError>,
    pub(crate) codes: &'a [TerminationCode],
    pub(crate) pace: Pace,
    pub(crate) quota: Option<Quota>,
    pub(crate) grain: Grain,
    pub(crate) seal: &'a Seal,
    pub(crate) salt: u32,
    pub(crate) now: Timestamp,
}

/// What a decision answers, did, and wants reported although the activity did not change for good.
pub(crate) struct Outcome<T, E> {
    pub(crate) answer: Result<T, E>,
    pub(crate) change: Change,
    pub(crate) aside: Option<Event>,
}

/// The submitted metadata, when it is within limits and nothing required is missing.
pub(crate) fn checked(
    caller: &Caller,
    submission: &Submission,
    strict: bool,
) -> Result<Metadata, StartError> {
    let metadata = Metadata::default().merged(submission)?.unwrap_or_default();
    let present =
        |name: &str| metadata.get(name).is_some_and(|value| !strict || is_standard(name, value));
    if read_by_rules(&caller.snapshot, &caller.application).all(present) {
        Ok(metadata)
    } else {
        Err(StartError::MissingMetadata)
    }
}

impl Activity {
    /// Starts a stream, or says why not.
    pub(crate) fn start(&mut self, ask: &Start<'_>) -> Outcome<Started, StartError> {
        if let Err(until) = self.starts.admit(ask.now, ask.quota) {
            return Outcome::refused(StartError::Throttled { until }, Change::None);
        }
        let metadata = match ask.metadata {
            Ok(metadata) => Self::with_platform(ask, metadata),
            Err(error) => return Outcome::refused(error.clone(), Change::Volatile),
        };
        let mut events = self.expire_and_report(ask.reporter, ask.now);
        let victims = self.victims(ask);
        if let Some(until) = self.full_until(&victims) {
            return Outcome::refused(StartError::Throttled { until }, Change::kept(events));
        }
        let mut candidate = self.candidate(ask, metadata);
        let rivals = self.live.iter().filter(|stream| !victims.contains(&stream.id));
        let active: Vec<_> = rivals.chain([&candidate]).collect();
        let violations = ask.reporter.0.violations(&candidate, &active);
        self.changes = self.changes.wrapping_add(1);
        if !violations.is_empty() {
            let aside = Some(ask.reporter.denied(&candidate, &violations));
            let answer = Err(StartError::Denied(violations));
            return Outcome { answer, change: Change::kept(events), aside };
        }
        events.extend(self.kill(&victims, &candidate, ask.reporter));
        events.push(ask.reporter.started(&candidate, &victims));
        let replaced: Vec<_> = victims.iter().map(|victim| victim.code()).collect();
        candidate.metadata = candidate.metadata.superseding(&replaced);
        let started =
            Started { id: candidate.id, at: ask.now, expires: ask.pace.announced(ask.now) };
        self.take_in(candidate, ask);
        Outcome { answer: Ok(started), change: Change::Durable(events), aside: None }
    }

    /// The streams named by the codes, in their order; others the caller may not kill.
    fn victims(&self, ask: &Start<'_>) -> Vec<SessionId> {
        let mut victims = Vec::new();
        for code in ask.codes {
            let named = self.live.iter().filter(|stream| stream.id.code() == *code);
            for stream in named.filter(|it| ask.reporter.0.is_shared(ask.application, it)) {
                if !victims.contains(&stream.id) {
                    victims.push(stream.id);
                }
            }
        }
        victims
    }

    /// When there is room again, if there is none now.
    fn full_until(&self, victims: &[SessionId]) -> Option<Timestamp> {
        let is_full = self.live.len() - victims.len() >= LIVE_STREAMS_MAX;
        self.next_expiry().filter(|_| is_full)
    }

    fn candidate(&self, ask: &Start<'_>, metadata: Metadata) -> Stream {
        Stream {
            id: self.fresh_id(ask),
            application: ask.application.id.clone(),
            tenant: ask.application.tenant.clone(),
            seq: self.seq.wrapping_add(1),
            pace: ask.pace,
            last_activity: ask.now,
            heard: ask.now,
            channel_at_start: metadata.get("channel").is_some(),
            calls: Window::default(),
            told: Told::default(),
            metadata,
        }
    }

    /// The metadata of a start, with the platform that the reports will show (`wolap` §5.2).
    fn with_platform(ask: &Start<'_>, metadata: &Metadata) -> Metadata {
        let names = ["platform", "applicationPlatform"];
        let platform = names.into_iter().find_map(|name| metadata.get(name));
        metadata.on_platform(platform.or(ask.application.platform.as_deref()))
    }

    /// An id whose code no other stream of the subject has.
    ///
    /// Its start is never before that of a running stream, even when the clock went back: under
    /// "first wins" the newcomer must be the youngest.
    fn fresh_id(&self, ask: &Start<'_>) -> SessionId {
        let newest = self.live.iter().map(|stream| stream.id.started_at()).max();
        let at = newest.map_or(ask.now, |newest| newest.max(ask.now));
        let issue =
            |attempt| ask.seal.issue(ask.reporter.0.subject, at, ask.salt.wrapping_add(attempt));
        let is_free = |id: &SessionId| {
            self.live.iter().all(|it| it.id.code() != id.code())
                && self.ended.iter().all(|it| it.id != *id)
        };
        // Salts differ, so ids do, and one collision of codes is already as rare as 1024 / 2³².
        (0..SALTS).map(issue).find(is_free).unwrap_or_else(|| issue(SALTS))
    }

    fn kill(
        &mut self,
        victims: &[SessionId],
        killer: &Stream,
        reporter: Reporter<'_>,
    ) -> Vec<Event> {
        if victims.is_empty() {
            return Vec::new();
        }
        let terminator = killer.as_terminator(reporter.0.application_name(killer));
        victims
            .iter()
            .filter_map(|victim| {
                let end = End::Killed(Box::new(terminator.clone()));
                self.end(*victim, killer.id.started_at(), end)
            })
            .map(|stream| reporter.killed(&stream, killer.id))
            .collect()
    }

    fn take_in(&mut self, mut stream: Stream, ask: &Start<'_>) {
        self.seq = stream.seq;
        // Its start tells as much as a heartbeat would.
        stream.told = ask.grain.telling(stream.id.started_at(), ask.now, self.changes);
        self.admit(stream);
    }

    /// Ends what is over by now and reports it.
    pub(crate) fn expire_and_report(
        &mut self,
        reporter: Reporter<'_>,
        now: Timestamp,
    ) -> Vec<Event> {
        self.expire(now).iter().map(|(stream, at)| reporter.expired(stream, *at)).collect()
    }
}

impl Change {
    /// A step that changed nothing itself but came across `expired` streams.
    pub(crate) fn kept(expired: Vec<Event>) -> Self {
        if expired.is_empty() { Self::Volatile } else { Self::Durable(expired) }
    }
}

impl<T, E> Outcome<T, E> {
    pub(crate) const fn refused(error: E, change: Change) -> Self {
        Self { answer: Err(error), change, aside: None }
    }
}
