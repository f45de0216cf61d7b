//! The answer to both kinds of decisions (`pass-rest-v2` §10.2).

use serde::Serialize;
use serde_json::Value;
use usher_core::Timestamp;
use usher_entitle::{Call, Decision, Outcome, Playback, Purpose, Source};

use super::answer::Json;
use super::refusal;
use crate::App;

#[derive(Serialize)]
struct Body<'d> {
    decisions: Vec<Item<'d>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Item<'d> {
    resource: &'d str,
    service_provider: &'d str,
    mvpd: &'d str,
    source: &'static str,
    authorized: bool,
    #[serde(flatten)]
    outcome: Shown<'d>,
}

#[derive(Default, Serialize)]
struct Shown<'d> {
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<Token<'d>>,
    #[serde(flatten)]
    permit: Option<Validity>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<Value>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Validity {
    not_before: i64,
    not_after: i64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Token<'d> {
    #[serde(flatten)]
    validity: Validity,
    serialized_token: &'d str,
}

/// The decisions in their order; errors of one response share its trace.
pub(super) fn body(
    app: &App,
    call: &Call,
    mvpd: &str,
    (purpose, decisions): (Purpose, &[Decision]),
) -> Json {
    let trace = call.trace.to_string();
    let items = decisions.iter().map(|decision| Item {
        resource: &decision.resource,
        service_provider: call.service_provider.id.as_str(),
        mvpd,
        source: source(decision.source),
        authorized: matches!(decision.outcome, Outcome::Permit(_)),
        outcome: match &decision.outcome {
            Outcome::Permit(playback) => Shown::permit(playback.as_ref()),
            Outcome::Refusal(refusal) => {
                let code = refusal::code(refusal.reason, purpose);
                let error = code.object(app, &trace, refusal.details.as_deref());
                Shown { error: Some(error), ..Shown::default() }
            }
        },
    });
    Json::of(&Body { decisions: items.collect() })
}

impl<'d> Shown<'d> {
    fn permit(playback: Option<&'d Playback>) -> Self {
        let Some(Playback { permit, token }) = playback else { return Self::default() };
        let permit =
            permit.as_ref().map(|permit| Validity::new(permit.not_before, permit.not_after));
        let validity = Validity::new(token.not_before, token.not_after);
        let token = Some(Token { validity, serialized_token: &token.serialized });
        Self { token, permit, error: None }
    }
}

impl Validity {
    const fn new(not_before: Timestamp, not_after: Timestamp) -> Self {
        Self { not_before: not_before.as_millis(), not_after: not_after.as_millis() }
    }
}

const fn source(source: Source) -> &'static str {
    match source {
        Source::Mvpd => "mvpd",
        Source::Dummy => "dummy",
        Source::Temporary => "temppass",
        Source::Degradation => "degradation",
    }
}
