//! What a sign-in leaves for later calls, as the entitlement service keeps it: opaque and sealed.

use serde::{Deserialize, Serialize};
use usher_core::{Secret, Timestamp};
use usher_registry::ChosenEndpoints;
use usher_saml::NameId;

/// Credentials of one profile. The tag says how they came to be, because a profile stays with its
/// protocol when the integration moves to another (`mvpd` §6.6).
#[derive(Clone, Serialize, Deserialize)]
#[serde(tag = "protocol", rename_all = "snake_case")]
pub(crate) enum Credentials {
    /// From an OAuth 2.0 or OpenID Connect sign-in.
    Oauth2(OAuthCredentials),
    /// From a SAML 2.0 sign-in.
    Saml2(SamlCredentials),
}

/// Tokens of the provider.
#[derive(Clone, Default, Serialize, Deserialize)]
pub(crate) struct OAuthCredentials {
    /// The endpoints that were in use at the sign-in (`mvpd` M2).
    #[serde(default)]
    pub(crate) endpoints: ChosenEndpoints,
    /// Where no refresh token gets another; and in what earlier versions kept.
    pub(crate) access_token: Option<String>,
    /// When the access token ends. Nothing when the provider does not say.
    pub(crate) access_expires_at: Option<Timestamp>,
    pub(crate) refresh_token: Option<String>,
    /// A hint at logout.
    pub(crate) id_token: Option<String>,
}

/// What logout and authorization repeat of the assertion.
#[derive(Clone, Default, Serialize, Deserialize)]
pub(crate) struct SamlCredentials {
    /// The endpoints that were in use at the sign-in (`mvpd` M2).
    #[serde(default)]
    pub(crate) endpoints: ChosenEndpoints,
    /// Who made the assertion.
    pub(crate) issuer: String,
    /// Our name in the request.
    pub(crate) sp_issuer: String,
    /// The subject.
    pub(crate) name_id: Option<StoredNameId>,
    /// The provider's session.
    pub(crate) session_index: Option<String>,
    /// What stands for the viewer in authorization queries, where the provider wants that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) subject_token: Option<String>,
}

/// A [`NameId`] as it is kept.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct StoredNameId {
    value: String,
    format: Option<String>,
    name_qualifier: Option<String>,
    sp_name_qualifier: Option<String>,
}

impl StoredNameId {
    /// The identifier itself.
    pub(crate) fn value(&self) -> &str {
        &self.value
    }
}

impl From<NameId> for StoredNameId {
    fn from(name_id: NameId) -> Self {
        let NameId { value, format, name_qualifier, sp_name_qualifier } = name_id;
        Self { value, format, name_qualifier, sp_name_qualifier }
    }
}

impl From<StoredNameId> for NameId {
    fn from(stored: StoredNameId) -> Self {
        let StoredNameId { value, format, name_qualifier, sp_name_qualifier } = stored;
        Self { value, format, name_qualifier, sp_name_qualifier }
    }
}

impl Credentials {
    /// The text to keep; nothing when it cannot be written, which only costs comfort later.
    pub(crate) fn seal(&self) -> Option<Secret<String>> {
        serde_json::to_string(self).ok().map(Secret::new)
    }

    /// Reads what [`Self::seal`] wrote.
    pub(crate) fn open(text: &Secret<String>) -> Option<Self> {
        serde_json::from_str(text.expose()).ok()
    }

    /// The endpoints that were in use at the sign-in.
    pub(crate) const fn endpoints(&self) -> &ChosenEndpoints {
        match self {
            Self::Oauth2(oauth) => &oauth.endpoints,
            Self::Saml2(saml) => &saml.endpoints,
        }
    }
}
