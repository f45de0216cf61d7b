//! Authorization over REST (`mvpd` §7.6): one GET per resource, the answer read by a table.

use std::net::IpAddr;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::{Method, RequestBuilder};
use serde_json::{Map, Value};
use url::Url;
use usher_entitle::MvpdOutcome;
use usher_registry::{Meaning, RestAuthz};
use usher_saml::Resource;

use crate::meaning;
use crate::path;
use crate::peer::{Answer, PeerError, Way};

/// One question.
pub(crate) struct Question<'q> {
    pub(crate) user_id: &'q str,
    pub(crate) resource: &'q Resource,
    pub(crate) client_ip: Option<IpAddr>,
}

/// The question as a request.
pub(crate) fn request(
    way: &Way,
    endpoint: &RestAuthz,
    question: &Question<'_>,
) -> Result<RequestBuilder, PeerError> {
    let request = way.request(Method::GET, &address(&endpoint.url, question))?;
    Ok(request.header("Accept", "application/json"))
}

/// The question in words.
pub(crate) fn asked(question: &Question<'_>) -> String {
    let ip = if question.client_ip.is_some() { "&IPAddress=***" } else { "" };
    format!("GET ?uuID=***&mrss={}{ip}", question.resource.channel)
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
pub(crate) fn outcome(endpoint: &RestAuthz, answer: &Answer) -> MvpdOutcome {
    let body = serde_json::from_slice::<Value>(&answer.body).unwrap_or_default();
    let plain = match answer.status {
        200 => match path::text(&body, &endpoint.decision_path) {
            Some(decision) if endpoint.permit_values.contains(&decision) => {
                return MvpdOutcome::Permit { ttl: ttl(endpoint, &body), attributes: Map::new() };
            }
            Some(_) => Meaning::AuthorizationDeniedByMvpd,
            None => Meaning::NetworkReceivedError,
        },
        401 | 403 => Meaning::AuthorizationDeniedByMvpd,
        _ => Meaning::NetworkReceivedError,
    };
    let reason = path::text(&body, &endpoint.reason_path);
    let signs = [reason.unwrap_or_default(), answer.status.to_string()];
    let signs = signs.iter().map(String::as_str);
    let meaning = meaning::of(&endpoint.status_map, signs).unwrap_or(plain);
    meaning::outcome(meaning, path::text(&body, &endpoint.message_path).as_deref())
}

/// Whole seconds. A lifetime that is none is as good as unsaid.
fn ttl(endpoint: &RestAuthz, body: &Value) -> Option<Duration> {
    path::text(body, &endpoint.ttl_path)?.trim().parse().ok().map(Duration::from_secs)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use usher_entitle::{DenyReason, MvpdFailure};

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
