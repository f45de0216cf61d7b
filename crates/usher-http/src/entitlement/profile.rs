//! `GET /api/v2/{sp}/profiles/{mvpd}` (`pass-rest-v2` §9.1, §9.3).

use indexmap::IndexMap;
use serde::{Serialize, Serializer};
use serde_json::Value;
use usher_entitle::{Attribute, Attributes, ProfileKind, ProfileView, SsoMethod};

use super::answer::Json;
use super::call::DeviceCall;
use super::problem::Problem;
use crate::App;

/// A device's profile at one provider.
pub(super) async fn get(
    app: &App,
    DeviceCall { call, device, about }: DeviceCall,
) -> Result<Json, Problem> {
    let profile = app.entitlement.profile(&call, device, &about).await?;
    Ok(Json::of(&Body::of(profile.as_slice())))
}

/// Profiles by provider.
#[derive(Serialize)]
pub(super) struct Body<'p> {
    profiles: IndexMap<&'p str, Entry<'p>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Entry<'p> {
    not_before: i64,
    not_after: i64,
    issuer: &'p str,
    r#type: &'static str,
    #[serde(serialize_with = "shown")]
    attributes: &'p Attributes,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Shown<'p> {
    Plain { value: &'p Value, state: &'static str },
    Encrypted { value: &'p str, state: &'static str },
    Unencryptable { error: &'static str },
}

impl<'p> Body<'p> {
    pub(super) fn of(profiles: &'p [ProfileView]) -> Self {
        let each = |profile: &'p ProfileView| (profile.mvpd.as_str(), entry(profile));
        Self { profiles: profiles.iter().map(each).collect() }
    }
}

fn entry(profile: &ProfileView) -> Entry<'_> {
    let (issuer, kind) = match profile.kind {
        ProfileKind::Regular => (profile.mvpd.as_str(), "regular"),
        ProfileKind::Shared(SsoMethod::Platform) => (profile.mvpd.as_str(), "platformSSO"),
        ProfileKind::Shared(SsoMethod::ServiceToken) => (profile.mvpd.as_str(), "serviceTokenSSO"),
        ProfileKind::Framework(partner) => (partner.as_str(), "appleSSO"),
        ProfileKind::Temporary => ("Adobe", "temporary"),
        ProfileKind::Degraded => ("Adobe", "degraded"),
    };
    Entry {
        not_before: profile.not_before.as_millis(),
        not_after: profile.not_after.as_millis(),
        issuer,
        r#type: kind,
        attributes: &profile.attributes,
    }
}

fn shown<S: Serializer>(attributes: &Attributes, target: S) -> Result<S::Ok, S::Error> {
    target.collect_map(attributes.iter().map(|(name, attribute)| (name, Shown::from(attribute))))
}

impl<'p> From<&'p Attribute> for Shown<'p> {
    fn from(attribute: &'p Attribute) -> Self {
        match attribute {
            Attribute::Plain(value) => Self::Plain { value, state: "plain" },
            Attribute::Encrypted(cipher) => Self::Encrypted { value: cipher, state: "enc" },
            Attribute::Unencryptable => {
                Self::Unencryptable { error: "invalid_configuration_user_metadata_certificate" }
            }
        }
    }
}
