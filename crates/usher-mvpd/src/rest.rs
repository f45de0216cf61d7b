//! Authorization over REST (`mvpd` §7.6): one GET per resource, the answer read by a table.

use std::net::IpAddr;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};
use url::Url;
use usher_core::Secret;
use usher_entitle::{DenyReason, MvpdFailure, MvpdOutcome};
use usher_registry::RestAuthz;

use crate::peer::{Answer, PeerError, Peers, exchange};
use crate::resource::Resource;
use crate::{path, text};

/// One question.
pub(crate) struct Question<'q> {
    pub(crate) user_id: &'q str,
    pub(crate) resource: &'q Resource,
    pub(crate) client_ip: Option<IpAddr>,
    pub(crate) bearer: Option<&'q Secret<String>>,
}

/// Asks the decision point.
pub(crate) async fn ask(
    peers: &Peers,
    endpoint: &RestAuthz,
    question: &Question<'_>,
) -> Result<MvpdOutcome, PeerError> {
    let mut request = peers.get(&address(&endpoint.url, question))?;
    if let Some(bearer) = question.bearer {
        request = request.bearer_auth(bearer.expose());
    }
    let answer = exchange(request.header("Accept", "application/json")).await?;
    Ok(outcome(endpoint, &answer))
}

/// The parameter names are the contract's, letter for letter.
fn address(decision_point: &Url, question: &Question<'_>) -> Url {
    let mut url = decision_point.clone();
    let mut query = url.query_pairs_mut();
    query
        .append_pair("uuID", question.user_id)
        .append_pair("mrss", &STANDARD.encode(&question.resource.mrss));
    if let Some(ip) = question.client_ip {
        query.append_pair("IPAddress", &ip.to_string());
    }
    drop(query);
    url
}

/// What `answer` means: 200 is evaluated, 401 and 403 deny, the rest is no answer. A reason or a
/// status with an entry in the endpoint's table means what that entry says (`mvpd` §7.5).
fn outcome(endpoint: &RestAuthz, answer: &Answer) -> MvpdOutcome {
    let body = serde_json::from_slice::<Value>(&answer.body).unwrap_or_default();
    let plain = match answer.status {
        200 => match path::text(&body, &endpoint.decision_path) {
            Some(decision) if endpoint.permit_values.contains(&decision) => {
                return MvpdOutcome::Permit { ttl: ttl(endpoint, &body), attributes: Map::new() };
            }
            Some(_) => Meaning::Denied(DenyReason::NotEntitled),
            None => Meaning::Failed(MvpdFailure::BadAnswer),
        },
        401 | 403 => Meaning::Denied(DenyReason::NotEntitled),
        _ => Meaning::Failed(MvpdFailure::BadAnswer),
    };
    match mapped(endpoint, &body, answer.status).unwrap_or(plain) {
        Meaning::Failed(failure) => MvpdOutcome::Failed(failure),
        Meaning::Denied(reason) => {
            let message = path::text(&body, &endpoint.message_path);
            MvpdOutcome::Deny { reason, details: message.as_deref().and_then(text::details) }
        }
    }
}

/// Whole seconds. A lifetime that is none is as good as unsaid.
fn ttl(endpoint: &RestAuthz, body: &Value) -> Option<Duration> {
    path::text(body, &endpoint.ttl_path)?.trim().parse().ok().map(Duration::from_secs)
}

/// What something other than a permit comes down to.
#[derive(Clone, Copy)]
enum Meaning {
    Denied(DenyReason),
    Failed(MvpdFailure),
}

fn mapped(endpoint: &RestAuthz, body: &Value, status: u16) -> Option<Meaning> {
    let by_reason =
        path::text(body, &endpoint.reason_path).and_then(|reason| endpoint.status_map.get(&reason));
    let code = by_reason.or_else(|| endpoint.status_map.get(&status.to_string()))?;
    meaning(code)
}

/// The item codes of `mvpd` §7.7 that a table may name.
fn meaning(code: &str) -> Option<Meaning> {
    Some(match code {
        "authorization_denied_by_mvpd" | "preauthorization_denied_by_mvpd" => {
            Meaning::Denied(DenyReason::NotEntitled)
        }
        "authorization_denied_by_parental_controls" => {
            Meaning::Denied(DenyReason::ParentalControls)
        }
        "authorization_denied_by_hba_policies" => Meaning::Denied(DenyReason::NotAtHome),
        "authorization_denied_by_session_invalidated" => {
            Meaning::Denied(DenyReason::SessionInvalidated)
        }
        "identity_not_recognized_by_mvpd" => Meaning::Denied(DenyReason::UnknownViewer),
        "network_connection_timeout" => Meaning::Failed(MvpdFailure::ConnectionTimeout),
        "network_received_error" => Meaning::Failed(MvpdFailure::BadAnswer),
        "maximum_execution_time_exceeded" => Meaning::Failed(MvpdFailure::BudgetExceeded),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn endpoint() -> RestAuthz {
        serde_json::from_value(json!({
            "url": "https://pdp.example/decide?v=2",
            "status_map": {
                "kids": "authorization_denied_by_parental_controls",
                "gone": "authorization_denied_by_session_invalidated",
                "who": "identity_not_recognized_by_mvpd",
                "away": "authorization_denied_by_hba_policies",
                "later": "network_received_error",
                "409": "authorization_denied_by_session_invalidated",
            },
        }))
        .unwrap()
    }

    fn answered(status: u16, body: &str) -> MvpdOutcome {
        outcome(&endpoint(), &Answer { status, body: body.as_bytes().to_vec() })
    }

    fn denied(reason: DenyReason, details: Option<&str>) -> MvpdOutcome {
        MvpdOutcome::Deny { reason, details: details.map(str::to_owned) }
    }

    fn permit(ttl: Option<u64>) -> MvpdOutcome {
        MvpdOutcome::Permit { ttl: ttl.map(Duration::from_secs), attributes: Map::new() }
    }

    #[test]
    fn only_a_200_with_a_permitting_value_permits() {
        assert_eq!(answered(200, r#"{"decision":"Permit","ttl":3600}"#), permit(Some(3600)));
        assert_eq!(answered(200, r#"{"decision":"Permit","ttl":"60"}"#), permit(Some(60)));
        assert_eq!(answered(200, r#"{"decision":"Permit","ttl":-1}"#), permit(None));
        assert_eq!(answered(200, r#"{"decision":"Permit"}"#), permit(None));
        assert_eq!(
            answered(200, r#"{"decision":"permit"}"#),
            denied(DenyReason::NotEntitled, None)
        );
        assert_eq!(
            answered(403, r#"{"decision":"Permit"}"#),
            denied(DenyReason::NotEntitled, None)
        );
        assert_eq!(answered(201, r#"{"decision":"Permit"}"#), FAILED);
    }

    #[test]
    fn a_denial_tells_its_reason_and_its_text() {
        use DenyReason::{
            NotAtHome, NotEntitled, ParentalControls, SessionInvalidated, UnknownViewer,
        };
        for (reason, expected) in [
            ("kids", ParentalControls),
            ("gone", SessionInvalidated),
            ("who", UnknownViewer),
            ("away", NotAtHome),
            ("anything", NotEntitled),
        ] {
            let body = json!({"decision": "Deny", "reason": reason, "message": "No\nway"});
            assert_eq!(answered(200, &body.to_string()), denied(expected, Some("No way")));
            assert_eq!(answered(403, &body.to_string()), denied(expected, Some("No way")));
        }
        assert_eq!(answered(401, "not JSON"), denied(NotEntitled, None));
        assert_eq!(answered(409, ""), denied(SessionInvalidated, None));
    }

    const FAILED: MvpdOutcome = MvpdOutcome::Failed(MvpdFailure::BadAnswer);

    #[test]
    fn anything_else_is_no_answer() {
        for (status, body) in [
            (200, ""),
            (200, "[]"),
            (200, "<html>"),
            (200, "{}"),
            (200, r#"{"decision":{}}"#),
            (200, r#"{"decision":"Deny","reason":"later"}"#),
            (204, ""),
            (302, ""),
            (404, r#"{"decision":"Permit"}"#),
            (500, r#"{"decision":"Permit"}"#),
        ] {
            assert_eq!(answered(status, body), FAILED, "{status} {body}");
        }
    }

    #[test]
    fn mvpd_25_the_question_carries_the_three_documented_parameters() {
        let resource = Resource::parse("acme-one").unwrap();
        let question = Question {
            user_id: "u+1/=&",
            resource: &resource,
            client_ip: Some([198, 51, 100, 23].into()),
            bearer: None,
        };
        let url = address(&endpoint().url, &question);
        let pairs: Vec<_> = url.query_pairs().into_owned().collect();
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(
            pairs,
            [
                pair("v", "2"),
                pair("uuID", "u+1/=&"),
                pair("mrss", &STANDARD.encode(&resource.mrss)),
                pair("IPAddress", "198.51.100.23"),
            ]
        );
    }
}
