//! Rules as clients parse them (`access-variants` §1.3).

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use indexmap::IndexMap;
use serde_json::{Map, Value, json};
use usher_core::Timestamp;
use usher_entitle::{DegradationRule, Measure, RuleStanding};

/// An answer about rules of one measure: one object, a list when there are several, nothing for none.
pub(super) fn answer(rules: &[DegradationRule], now: Timestamp) -> Response {
    let mut measures = measures(rules.iter(), now);
    match measures.len() {
        0 => StatusCode::NO_CONTENT.into_response(),
        1 => Json(json!({ "degradation-measure": measures.remove(0) })).into_response(),
        _ => Json(json!({ "degradation-measure": measures })).into_response(),
    }
}

/// An answer about rules of every measure.
pub(super) fn overview(rules: &[DegradationRule], now: Timestamp) -> Response {
    let of = |measure| measures(rules.iter().filter(|rule| rule.key.measure == measure), now);
    Json(json!({
        "authnRules": of(Measure::AuthnAll),
        "authzRules": of(Measure::AuthzAll),
        "authzNoneRules": of(Measure::AuthzNone),
    }))
    .into_response()
}

/// What came into force together for one channel and MVPD is one measure with several targets.
fn measures<'r>(rules: impl Iterator<Item = &'r DegradationRule>, now: Timestamp) -> Vec<Value> {
    let mut together: IndexMap<_, Vec<&DegradationRule>> = IndexMap::new();
    for rule in rules {
        let key = &rule.key;
        let group = (&key.service_provider, &key.mvpd, key.measure, rule.activated_at, rule.ttl);
        together.entry((group, &rule.message, rule.standing(now))).or_default().push(rule);
    }
    together.into_values().filter_map(|rules| measure(&rules, now)).collect()
}

fn measure(rules: &[&DegradationRule], now: Timestamp) -> Option<Value> {
    let rule = rules.first()?;
    let standing = rule.standing(now);
    let mut members = Map::new();
    members.insert("id".to_owned(), json!(rule.key.measure.id()));
    members.insert("programmer".to_owned(), json!({ "id": rule.key.service_provider.as_str() }));
    members.insert("mvpd".to_owned(), json!({ "id": rule.key.mvpd.as_str() }));
    stand(&mut members, standing);
    members.insert("ttl".to_owned(), json!(rule.ttl.as_secs()));
    members.insert("activation-time".to_owned(), json!(rule.activated_at.as_secs()));
    if let Some(message) = &rule.message {
        members.insert("err-msg".to_owned(), json!(message));
    }
    let targets: Vec<_> = rules.iter().filter_map(|rule| rule.key.target.as_deref()).collect();
    if !targets.is_empty() {
        let name = if rule.key.measure == Measure::AuthzNone { "channel" } else { "resource" };
        let targets = targets.into_iter().map(|id| target(id, standing));
        members.insert(name.to_owned(), targets.collect());
    }
    Some(members.into())
}

fn target(id: &str, standing: RuleStanding) -> Value {
    let mut members = Map::from_iter([("id".to_owned(), json!(id))]);
    stand(&mut members, standing);
    members.into()
}

fn stand(members: &mut Map<String, Value>, standing: RuleStanding) {
    let word = match standing {
        RuleStanding::Applied => "APPLIED",
        RuleStanding::Expired => "EXPIRED",
        RuleStanding::Removed => "REMOVED",
    };
    let applied = standing == RuleStanding::Applied;
    members.insert("degradation-measure-enable".to_owned(), json!(applied));
    members.insert("degradation-measure-status".to_owned(), json!(word));
}
