//! The answer to both kinds of decisions (`pass-rest-v2` §10.2).

use serde_json::{Map, Value, json};
use usher_entitle::{Call, Decision, Outcome, Playback, Purpose, Source};

use super::answer::Json;
use super::refusal;
use crate::App;

/// The decisions in their order; errors of one response share its trace.
pub(super) fn body(
    app: &App,
    call: &Call,
    mvpd: &str,
    (purpose, decisions): (Purpose, &[Decision]),
) -> Json {
    let trace = call.trace.to_string();
    let items: Vec<_> = decisions
        .iter()
        .map(|decision| {
            let mut item = common(call, mvpd, decision);
            match &decision.outcome {
                Outcome::Permit(playback) => item.extend(playback.iter().flat_map(permit)),
                Outcome::Refusal(refusal) => {
                    let code = refusal::code(refusal.reason, purpose);
                    let error = code.object(app, &trace, refusal.details.as_deref());
                    item.insert("error".to_owned(), error);
                }
            }
            Value::Object(item)
        })
        .collect();
    Json(json!({ "decisions": items }))
}

fn common(call: &Call, mvpd: &str, decision: &Decision) -> Map<String, Value> {
    let source = match decision.source {
        Source::Mvpd => "mvpd",
        Source::Dummy => "dummy",
        Source::Temporary => "temppass",
        Source::Degradation => "degradation",
    };
    Map::from_iter([
        ("resource".to_owned(), json!(decision.resource)),
        ("serviceProvider".to_owned(), json!(call.service_provider.id.as_str())),
        ("mvpd".to_owned(), json!(mvpd)),
        ("source".to_owned(), json!(source)),
        ("authorized".to_owned(), json!(matches!(decision.outcome, Outcome::Permit(_)))),
    ])
}

fn permit(playback: &Playback) -> Vec<(String, Value)> {
    let mut members = Vec::new();
    let token = json!({
        "notBefore": playback.token.not_before.as_millis(),
        "notAfter": playback.token.not_after.as_millis(),
        "serializedToken": playback.token.serialized,
    });
    members.push(("token".to_owned(), token));
    if let Some(permit) = &playback.permit {
        members.push(("notBefore".to_owned(), json!(permit.not_before.as_millis())));
        members.push(("notAfter".to_owned(), json!(permit.not_after.as_millis())));
    }
    members
}
