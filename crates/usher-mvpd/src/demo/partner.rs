//! The platform partner of the demo world: what the framework on a viewer's box would do.
//!
//! It has the viewer signed in at OpCo, tells applications what it knows of the viewer as they pass it on in
//! `AP-Partner-Framework-Status`, and brings their requests to the provider (`mvpd` §5.9).

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use usher_saml::XmlError;
use usher_saml::binding::from_post_value;
use usher_saml::idp::{RequestRejection, read_posted_request};

use super::saml::SamlRequestError;
use super::subscribers::signed_in;
use super::{DemoProviders, SamlSide};

/// How the partner calls OpCo (`mapping_id` in the catalog).
const OPCO: &str = "opco-partner";
/// How long a sign-in at the framework lasts.
const SIGN_IN: Duration = Duration::from_hours(24 * 30);

/// What the framework shall say.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct FrameworkWish {
    /// What the viewer allows, such as `granted` or `denied`; `granted` when not given.
    pub access: Option<String>,
    /// The provider, as the partner calls it; OpCo when not given, none when empty.
    pub provider: Option<String>,
    /// The end of the sign-in in milliseconds; in 30 days when not given, none when empty.
    pub expires: Option<String>,
}

/// Why a request is not carried to the provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CarryError {
    /// It is no request of usher.
    #[error(transparent)]
    Request(#[from] SamlRequestError),
    /// Name and password do not belong together.
    #[error("nobody has this name and password")]
    Viewer,
}

impl From<XmlError> for CarryError {
    fn from(error: XmlError) -> Self {
        Self::Request(error.into())
    }
}

impl From<RequestRejection> for CarryError {
    fn from(rejection: RequestRejection) -> Self {
        Self::Request(rejection.into())
    }
}

impl DemoProviders {
    /// The value of `AP-Partner-Framework-Status`.
    pub fn framework_status(&self, wish: &FrameworkWish) -> String {
        let soon = || (self.clock.now() + SIGN_IN).as_millis().to_string();
        let given = |value: &Option<String>, usual: String| {
            Some(value.clone().unwrap_or(usual)).filter(|value| !value.is_empty())
        };
        let mut provider = Map::new();
        if let Some(id) = given(&wish.provider, OPCO.to_owned()) {
            provider.insert("id".to_owned(), id.into());
            let expires = given(&wish.expires, soon());
            provider.extend(expires.map(|end| ("expirationDate".to_owned(), Value::from(end))));
        }
        let mut permission = Map::new();
        let access = given(&wish.access, "granted".to_owned());
        permission.extend(access.map(|word| ("accessStatus".to_owned(), Value::from(word))));
        let status = json!({
            "frameworkPermissionInfo": permission,
            "frameworkProviderInfo": provider,
        });
        STANDARD.encode(status.to_string())
    }
}

impl SamlSide<'_> {
    /// Brings a request of an application (`authenticationRequest.request`) here for a subscriber, and the
    /// answer back: a `SAMLResponse`.
    pub fn carried(
        &self,
        request: &str,
        username: &str,
        password: &str,
    ) -> Result<String, CarryError> {
        let document = from_post_value(request)?;
        let view = read_posted_request(&document, &self.sso_url(), self.service())?;
        let subscriber = signed_in(username, password).ok_or(CarryError::Viewer)?;
        Ok(self.response_to(view, subscriber).ok_or(SamlRequestError::Unkept)?)
    }
}
