//! The answer to both kinds of decisions (`pass-rest-v2` §10.2).

use serde::Serialize;
use serde_json::Value;
use usher_entitle::{Call, Decision, Outcome, Playback, Purpose, Source};

use super::answer::Json;
use super::refusal;
use crate::App;

#[derive(Serialize)]
struct Body<'d> {
    decisions: Vec<Item<'d>>,
}

/// One decision. Nothing is flattened into it: that would cost more than all the rest of the answer.
#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Item<'d> {
    resource: &'d str,
    service_provider: &'d str,
    mvpd: &'d str,
    source: &'static str,
    authorized: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<Token<'d>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    not_before: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    not_after: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<Value>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Token<'d> {
    not_before: i64,
    not_after: i64,
    #[serde(rename = "serializedToken")]
    serialized: &'d str,
}

/// The decisions in their order; errors of one response share its trace.
pub(super) fn body(
    app: &App,
    call: &Call,
    mvpd: &str,
    (purpose, decisions): (Purpose, &[Decision]),
) -> Json {
    let trace = call.trace.to_string();
    let items = decisions.iter().map(|decision| {
        let item = match &decision.outcome {
            Outcome::Permit(playback) => Item::permit(playback.as_ref()),
            Outcome::Refusal(refusal) => {
                let code = refusal::code(refusal.reason, purpose);
                let error = code.object(app, &trace, refusal.details.as_deref());
                Item { error: Some(error), ..Item::default() }
            }
        };
        Item {
            resource: &decision.resource,
            service_provider: call.service_provider.id.as_str(),
            mvpd,
            source: source(decision.source),
            ..item
        }
    });
    Json::of(&Body { decisions: items.collect() })
}

impl<'d> Item<'d> {
    fn permit(playback: Option<&'d Playback>) -> Self {
        let permit = playback.and_then(|playback| playback.permit.as_ref());
        let token = playback.map(|Playback { token, .. }| Token {
            not_before: token.not_before.as_millis(),
            not_after: token.not_after.as_millis(),
            serialized: &token.serialized,
        });
        Self {
            authorized: true,
            token,
            not_before: permit.map(|permit| permit.not_before.as_millis()),
            not_after: permit.map(|permit| permit.not_after.as_millis()),
            ..Self::default()
        }
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
