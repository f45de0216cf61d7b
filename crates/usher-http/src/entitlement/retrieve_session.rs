//! `GET /api/v2/{sp}/sessions/{code}` (`pass-rest-v2` §7.4).

use serde_json::{Map, Value, json};
use usher_core::{MvpdId, ServiceProviderId};
use usher_entitle::{RedirectUrl, SessionView};

use super::answer::Json;
use super::call::AnyCall;
use super::problem::Problem;
use super::session::{instant, name};
use super::{code, device};
use crate::App;

/// What is known of a session, for whoever typed its code.
pub(super) async fn get(app: &App, AnyCall { call, about }: AnyCall) -> Result<Json, Problem> {
    let session = app.entitlement.session(&call, &code::in_path(&about)?).await?;
    Ok(Json::of(&body(&call.service_provider.id, &session)))
}

fn body(channel: &ServiceProviderId, session: &SessionView) -> Value {
    let mut members = Map::new();
    let missing: Vec<_> = session.parameters.missing().into_iter().map(name).collect();
    if !missing.is_empty() {
        members.insert("missingParameters".to_owned(), json!(missing));
    }
    members.extend([
        ("existingParameters".to_owned(), existing(channel, session)),
        ("device".to_owned(), device::body(&session.origin)),
        ("notBefore".to_owned(), instant(session.not_before)),
        ("notAfter".to_owned(), instant(session.not_after)),
    ]);
    members.into()
}

fn existing(channel: &ServiceProviderId, session: &SessionView) -> Value {
    let known = [
        ("mvpd", session.parameters.mvpd.as_ref().map(MvpdId::as_str)),
        ("domainName", session.parameters.domain_name.as_deref()),
        ("redirectUrl", session.parameters.redirect_url.as_ref().map(RedirectUrl::as_str)),
        ("serviceProvider", Some(channel.as_str())),
    ];
    let known =
        known.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?.into())));
    Value::Object(known.collect())
}
