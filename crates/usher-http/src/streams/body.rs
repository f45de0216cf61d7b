//! JSON bodies of the API (`concurrency` §5.5, §8).

use std::borrow::Cow;

use indexmap::IndexMap;
use serde::Serialize;
use usher_core::Timestamp;
use usher_registry::Obligation as Duty;
use usher_streams::{Conflict, Listed, Listing, Metadata, Terminator, Violation};

use super::settings::{PolicyNames, StreamSettings};

/// The body of 400, 409 and 410 answers.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct EvaluationResult<'a> {
    associated_advice: Vec<Advice<'a>>,
    obligations: Vec<Obligation>,
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "kebab-case", rename_all_fields = "camelCase")]
enum Advice<'a> {
    RuleViolation {
        message: &'a str,
        policy_name: Cow<'a, str>,
        rule_name: &'a str,
        attribute: &'a str,
        threshold: u32,
        #[serde(skip_serializing_if = "<[String]>::is_empty")]
        scope: &'a [String],
        conflicts: IndexMap<&'a str, Vec<ConflictSession<'a>>>,
    },
    RemoteTermination {
        message: &'a str,
        terminator: TerminatorSession<'a>,
    },
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ConflictSession<'a> {
    termination_code: String,
    metadata: Attributes<'a>,
    channel: &'a str,
    started_at: String,
    device_name: &'a str,
    application_name: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct TerminatorSession<'a> {
    channel: &'a str,
    started_at: String,
    device_name: &'a str,
    application_name: &'a str,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
struct Obligation {
    namespace: &'static str,
    action: &'static str,
    arguments: &'static [&'static str],
}

/// The client's copy of the metadata list is out of date.
const REFRESH: Obligation =
    Obligation { namespace: "adobe.primetime.cm", action: "refresh", arguments: &["metadata"] };

/// The viewer is to be signed out.
const LOGOUT: Obligation =
    Obligation { namespace: "adobe.primetime.authentication", action: "logout", arguments: &[] };

/// Shown for a channel or device nobody named.
const UNKNOWN: &str = "Unknown";

impl EvaluationResult<'static> {
    /// Required metadata is missing.
    pub(super) fn missing_metadata() -> Self {
        Self { associated_advice: Vec::new(), obligations: vec![REFRESH] }
    }
}

impl<'a> EvaluationResult<'a> {
    /// Rules are violated. An obligation several rules ask for is stated once.
    pub(super) fn denied(violations: &'a [Violation], settings: &StreamSettings) -> Self {
        let mut obligations = Vec::new();
        for duty in violations.iter().filter_map(|violation| violation.obligation) {
            let obligation = match duty {
                Duty::Logout => LOGOUT,
            };
            if !obligations.contains(&obligation) {
                obligations.push(obligation);
            }
        }
        let advice = violations.iter().map(|it| rule_violation(it, settings.policy_names));
        Self { associated_advice: advice.collect(), obligations }
    }

    /// Another start ended the stream.
    pub(super) fn killed(terminator: &'a Terminator, settings: &'a StreamSettings) -> Self {
        let terminator = TerminatorSession {
            channel: terminator.channel.as_deref().unwrap_or(UNKNOWN),
            started_at: iso(terminator.started_at),
            device_name: terminator.device_name.as_deref().unwrap_or(UNKNOWN),
            application_name: &terminator.application_name,
        };
        let message = &settings.termination_message;
        let advice = Advice::RemoteTermination { message, terminator };
        Self { associated_advice: vec![advice], obligations: Vec::new() }
    }
}

fn rule_violation(violation: &Violation, names: PolicyNames) -> Advice<'_> {
    let policy_name = match names {
        PolicyNames::Plain => Cow::from(&violation.policy),
        PolicyNames::WithOwner => format!("{}/{}", violation.owner, violation.policy).into(),
    };
    let conflicts = violation
        .conflicts
        .iter()
        .map(|(value, streams)| (value.as_str(), streams.iter().map(conflict_session).collect()));
    Advice::RuleViolation {
        message: &violation.message,
        policy_name,
        rule_name: &violation.rule,
        attribute: &violation.attribute,
        threshold: violation.threshold,
        scope: &violation.scope,
        conflicts: conflicts.collect(),
    }
}

fn conflict_session(stream: &Conflict) -> ConflictSession<'_> {
    ConflictSession {
        termination_code: stream.code.to_string(),
        metadata: attributes(&stream.metadata),
        channel: stream.metadata.get("channel").unwrap_or(UNKNOWN),
        started_at: iso(stream.started_at),
        device_name: stream.metadata.get("deviceName").unwrap_or(UNKNOWN),
        application_name: &stream.application_name,
    }
}

/// The answer to "what is running?".
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RunningStreams<'a> {
    running_streams: Vec<RunningStream<'a>>,
    /// Stated only when there is nothing else to state.
    #[serde(skip_serializing_if = "Option::is_none")]
    other_streams: Option<usize>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RunningStream<'a> {
    session_id: String,
    start_time: i64,
    application_id: &'a str,
    application_name: &'a str,
    termination_code: String,
    metadata: Attributes<'a>,
}

impl<'a> RunningStreams<'a> {
    pub(super) fn new(listing: &'a Listing) -> Self {
        Self {
            running_streams: listing.streams.iter().map(running_stream).collect(),
            other_streams: listing.streams.is_empty().then_some(listing.others),
        }
    }
}

fn running_stream(stream: &Listed) -> RunningStream<'_> {
    RunningStream {
        session_id: stream.id.to_string(),
        start_time: stream.started_at.as_millis(),
        application_id: stream.application.as_str(),
        application_name: &stream.application_name,
        termination_code: stream.code.to_string(),
        metadata: attributes(&stream.metadata),
    }
}

type Attributes<'a> = IndexMap<&'a str, &'a str>;

fn attributes(metadata: &Metadata) -> Attributes<'_> {
    metadata.iter().collect()
}

/// ISO 8601 in UTC with three fractional digits.
fn iso(instant: Timestamp) -> String {
    jiff::Timestamp::from_millisecond(instant.as_millis())
        .unwrap_or_default()
        .strftime("%Y-%m-%dT%H:%M:%S%.3fZ")
        .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_always_have_three_fractional_digits() {
        let printed = |millis| iso(Timestamp::from_millis(millis));
        assert_eq!(printed(1_773_512_405_417), "2026-03-14T18:20:05.417Z");
        assert_eq!(printed(1_773_512_405_000), "2026-03-14T18:20:05.000Z");
    }
}
