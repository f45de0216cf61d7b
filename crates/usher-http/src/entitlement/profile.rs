//! `GET /api/v2/{sp}/profiles/{mvpd}` (`pass-rest-v2` §9.1, §9.3).

use axum::extract::State;
use serde_json::{Map, Value, json};
use usher_entitle::{Attribute, ProfileKind, ProfileView, SsoMethod};

use super::answer::Json;
use super::call::DeviceCall;
use super::problem::Problem;
use crate::App;

/// A device's profile at one provider.
pub(super) async fn get(
    State(app): State<App>,
    DeviceCall { call, device, path }: DeviceCall,
) -> Result<Json, Problem> {
    let profile = app.entitlement.profile(&call, device, path.get("mvpd")).await?;
    Ok(Json(body(profile.as_slice())))
}

/// Profiles by provider.
pub(super) fn body(profiles: &[ProfileView]) -> Value {
    let each = |profile: &ProfileView| (profile.mvpd.to_string(), entry(profile));
    json!({ "profiles": profiles.iter().map(each).collect::<Map<_, _>>() })
}

fn entry(profile: &ProfileView) -> Value {
    let (issuer, kind) = match profile.kind {
        ProfileKind::Regular => (profile.mvpd.as_str(), "regular"),
        ProfileKind::Shared(SsoMethod::Platform) => (profile.mvpd.as_str(), "platformSSO"),
        ProfileKind::Shared(SsoMethod::ServiceToken) => (profile.mvpd.as_str(), "serviceTokenSSO"),
        ProfileKind::Framework(partner) => (partner.as_str(), "appleSSO"),
        ProfileKind::Temporary => ("Adobe", "temporary"),
        ProfileKind::Degraded => ("Adobe", "degraded"),
    };
    let attributes: Map<_, _> =
        profile.attributes.iter().map(|(name, value)| (name.clone(), attribute(value))).collect();
    json!({
        "notBefore": profile.not_before.as_millis(),
        "notAfter": profile.not_after.as_millis(),
        "issuer": issuer,
        "type": kind,
        "attributes": attributes,
    })
}

fn attribute(attribute: &Attribute) -> Value {
    match attribute {
        Attribute::Plain(value) => json!({ "value": value, "state": "plain" }),
        Attribute::Encrypted(cipher) => json!({ "value": cipher, "state": "enc" }),
        Attribute::Unencryptable => {
            json!({ "error": "invalid_configuration_user_metadata_certificate" })
        }
    }
}
