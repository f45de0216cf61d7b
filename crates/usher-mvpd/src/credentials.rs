//! What a sign-in leaves for later calls, as the entitlement service keeps it: opaque and sealed.

use serde::{Deserialize, Serialize};
use usher_core::{Secret, Timestamp};
use usher_registry::ChosenEndpoints;

/// Credentials of one profile. The tag says how they came to be, because a profile stays with its
/// protocol when the integration moves to another (`mvpd` §6.6).
#[derive(Clone, Serialize, Deserialize)]
#[serde(tag = "protocol", rename_all = "snake_case")]
pub(crate) enum Credentials {
    /// From an OAuth 2.0 or OpenID Connect sign-in.
    Oauth2(OAuthCredentials),
}

/// Tokens of the provider.
#[derive(Clone, Default, Serialize, Deserialize)]
pub(crate) struct OAuthCredentials {
    /// The endpoints that were in use at the sign-in (`mvpd` M2).
    #[serde(default)]
    pub(crate) endpoints: ChosenEndpoints,
    pub(crate) access_token: String,
    /// Nothing when the provider does not say.
    pub(crate) access_expires_at: Option<Timestamp>,
    pub(crate) refresh_token: Option<String>,
    /// A hint at logout.
    pub(crate) id_token: Option<String>,
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
    pub(crate) fn endpoints(&self) -> ChosenEndpoints {
        let Self::Oauth2(oauth) = self;
        oauth.endpoints.clone()
    }
}
