//! What the reports are told (`wolap` §5.2, §17.2).

use usher_core::Timestamp;
use usher_registry::Snapshot;
use usher_reports::{Event, StreamEvent, StreamEventName};

use crate::evaluate::{Judge, Violation};
use crate::stream::Stream;
use crate::{SessionId, Subject};

/// Writes the events of one subject.
#[derive(Clone, Copy)]
pub(crate) struct Reporter<'a>(pub(crate) Judge<'a>);

impl<'a> Reporter<'a> {
    pub(crate) const fn new(snapshot: &'a Snapshot, subject: &'a Subject) -> Self {
        Self(Judge { snapshot, subject })
    }

    /// A start was accepted; it ended `victims`.
    pub(crate) fn started(self, stream: &Stream, victims: &[SessionId]) -> Event {
        let at = stream.id.started_at();
        let victims: Vec<_> = victims.iter().map(|it| it.to_string().into()).collect();
        wrap(StreamEvent {
            event_id: format!("{}/started", stream.id),
            superseded: (!victims.is_empty()).then_some(victims),
            ..self.about(stream, StreamEventName::SessionStarted, at)
        })
    }

    /// A start was refused: `stream` never came to be.
    pub(crate) fn denied(self, stream: &Stream, violations: &[Violation]) -> Event {
        let at = stream.id.started_at();
        let reason = violations.first();
        wrap(StreamEvent {
            event_id: format!("{}/denied", stream.id),
            session_id: None,
            policy: reason.map(|it| it.policy.as_str().into()),
            rule: reason.map(|it| it.rule.as_str().into()),
            ..self.about(stream, StreamEventName::SessionDenied, at)
        })
    }

    /// A heartbeat was accepted.
    pub(crate) fn beat(self, stream: &Stream) -> Event {
        wrap(self.about(stream, StreamEventName::SessionHeartbeat, stream.last_activity))
    }

    /// The player stopped the stream; the request is its last activity.
    pub(crate) fn stopped(self, stream: &Stream, at: Timestamp) -> Event {
        let event = self.ended(stream, StreamEventName::SessionStopped, at);
        wrap(StreamEvent { last_activity: Some(at), ..event })
    }

    /// Nobody was heard of until `at`.
    pub(crate) fn expired(self, stream: &Stream, at: Timestamp) -> Event {
        wrap(self.ended(stream, StreamEventName::SessionExpired, at))
    }

    /// A heartbeat at `at` was refused.
    pub(crate) fn dismissed(
        self,
        stream: &Stream,
        at: Timestamp,
        violations: &[Violation],
    ) -> Event {
        let reason = violations.first();
        wrap(StreamEvent {
            policy: reason.map(|it| it.policy.as_str().into()),
            rule: reason.map(|it| it.rule.as_str().into()),
            ..self.ended(stream, StreamEventName::SessionDismissed, at)
        })
    }

    /// The start of `killer` named the stream's code. It ends before its killer starts.
    pub(crate) fn killed(self, stream: &Stream, killer: SessionId) -> Event {
        let at = killer.started_at();
        wrap(StreamEvent {
            killer_session_id: Some(killer.to_string().into()),
            ..self.ended(stream, StreamEventName::SessionKilled, at)
        })
    }

    /// A stream ends once: the id makes a second end event the same event.
    fn ended(self, stream: &Stream, event: StreamEventName, at: Timestamp) -> StreamEvent {
        StreamEvent {
            event_id: format!("{}/ended", stream.id),
            last_activity: Some(stream.last_activity),
            ..self.about(stream, event, at)
        }
    }

    fn about(self, stream: &Stream, event: StreamEventName, ts: Timestamp) -> StreamEvent {
        let channel = stream.metadata.get("channel").filter(|_| stream.channel_at_start);
        let platform = stream.metadata.platform();
        StreamEvent {
            event_id: String::new(),
            ts,
            event,
            tenant: stream.tenant.as_str().into(),
            application_id: stream.application.as_str().into(),
            mvpd: self.0.subject.idp().into(),
            account: self.0.subject.account().into(),
            application: Some(self.0.application_name(stream).into()),
            session_id: Some(stream.id.to_string().into()),
            channel: Some(channel.unwrap_or(UNKNOWN).into()),
            platform: Some(platform.unwrap_or(UNKNOWN).into()),
            superseded: None,
            policy: None,
            rule: None,
            killer_session_id: None,
            last_activity: None,
        }
    }
}

/// Reported for a channel or platform nobody named.
const UNKNOWN: &str = "Unknown";

fn wrap(event: StreamEvent) -> Event {
    Event::Stream(Box::new(event))
}
