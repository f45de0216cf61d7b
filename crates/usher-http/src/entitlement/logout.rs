//! `GET /api/v2/{sp}/logout/{mvpd}` (`pass-rest-v2` §11).

use serde_json::{Map, Value, json};
use url::form_urlencoded::Serializer;
use usher_core::ServiceProviderId;
use usher_entitle::{LogoutAnswer, LogoutStep};

use super::answer::Json;
use super::call::DeviceCall;
use super::problem::Problem;
use crate::{App, query};

/// Signs a device out of one provider.
pub(super) async fn get(
    app: &App,
    DeviceCall { call, device, about }: DeviceCall,
    query: &str,
) -> Result<Json, Problem> {
    let redirect_url = query::first(query, "redirectUrl");
    let answer = app.entitlement.logout(&call, device, &about, redirect_url.as_deref()).await?;
    Ok(Json::of(&body(app, &call.service_provider.id, &answer)))
}

fn body(app: &App, channel: &ServiceProviderId, answer: &LogoutAnswer) -> Value {
    let (action, kind) = match answer.step {
        LogoutStep::Visit { .. } => ("logout", "interactive"),
        LogoutStep::Complete => ("complete", "none"),
        LogoutStep::AtPartner => ("partner_logout", "partner_interactive"),
        LogoutStep::NobodySignedIn => ("invalid", "none"),
    };
    let mut entry = Map::from_iter([
        ("actionName".to_owned(), json!(action)),
        ("actionType".to_owned(), json!(kind)),
        ("mvpd".to_owned(), json!(answer.mvpd.as_str())),
    ]);
    if let LogoutStep::Visit { state } = &answer.step {
        let query = Serializer::new(String::new())
            .append_pair("requestor_id", channel.as_str())
            .append_pair("mso_id", answer.mvpd.as_str())
            .append_pair("state", state)
            .finish();
        let base = app.settings.base_url.as_str().trim_end_matches('/');
        entry.insert("url".to_owned(), json!(format!("{base}/adobe-services/logout?{query}")));
    }
    json!({ "logouts": { answer.mvpd.as_str(): entry } })
}
