//! How viewers sign in at the provider (`mvpd` §5, §6).

use std::time::Duration;

use indexmap::IndexMap;
use serde::Deserialize;
use url::Url;

use super::endpoints::{Endpoint, Protocol};
use super::mapping::Mapping;
use crate::duration;

/// A way to sign in.
pub type AuthnEndpoint = Endpoint<AuthnProtocol>;

/// How viewers sign in.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "protocol", rename_all = "snake_case")]
pub enum AuthnProtocol {
    /// OAuth 2.0 or OpenID Connect (`mvpd` §6).
    Oauth2(Box<OAuthEndpoint>),
    /// SAML 2.0 (`mvpd` §5).
    Saml2(Box<SamlEndpoint>),
}

impl Protocol for AuthnProtocol {
    fn name(&self) -> &'static str {
        match self {
            Self::Oauth2(_) => "oauth2",
            Self::Saml2(_) => "saml2",
        }
    }
}

/// An OAuth 2.0 / OpenID Connect provider.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OAuthEndpoint {
    /// Expected `iss` of its id tokens.
    pub issuer: String,
    /// Where the browser goes.
    pub authorization_url: Url,
    /// Where codes become tokens.
    pub token_url: Url,
    /// Where the user id and metadata come from when the id token lacks them.
    #[serde(default)]
    pub userinfo_url: Option<Url>,
    /// Keys of its id tokens.
    #[serde(default)]
    pub jwks_url: Option<Url>,
    /// Where refresh tokens are given back at logout (RFC 7009).
    #[serde(default)]
    pub revocation_url: Option<Url>,
    /// Requested scope.
    #[serde(default = "openid")]
    pub scope: String,
    /// Send a PKCE challenge.
    #[serde(default = "yes")]
    pub pkce: bool,
    /// How usher proves at the token endpoint who it is.
    #[serde(default)]
    pub client_authentication: ClientAuthentication,
    /// How long refresh tokens last; no sign-in may last longer (`mvpd` O5).
    #[serde(default, deserialize_with = "duration::optional")]
    pub refresh_ttl: Option<Duration>,
    /// Keep a refresh token that replaces the one of the sign-in (`mvpd` O1).
    #[serde(default = "yes")]
    pub accept_rotation: bool,
    /// The parameter that asks for home-based authentication; its value is `true`.
    #[serde(default = "hba_flag")]
    pub hba_parameter: String,
    /// The parameter that tells which brand asks, for providers that want to know.
    #[serde(default)]
    pub requestor_parameter: Option<String>,
    /// The claim that holds the user id.
    #[serde(default = "sub")]
    pub user_id_claim: String,
    /// Claims that become metadata.
    #[serde(default)]
    pub claims: IndexMap<String, Mapping>,
}

/// How a client proves who it is (RFC 6749 §2.3.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClientAuthentication {
    /// In the `Authorization` header.
    #[default]
    Basic,
    /// In the form.
    Post,
}

/// A SAML 2.0 identity provider.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SamlEndpoint {
    /// The provider's entity id.
    pub entity_id: String,
    /// Where authentication requests go.
    pub sso_url: Url,
    /// How they get there.
    #[serde(default)]
    pub sso_binding: Binding,
    /// Pinned certificates, PEM. Several may be valid at once, so that a provider can change its own.
    #[serde(default)]
    pub certificates: Vec<String>,
    /// Where the provider publishes its metadata; looked at by `usher mvpd check`, trusted by nobody.
    #[serde(default)]
    pub metadata_url: Option<Url>,
    /// Our entity id at this provider, when not the deployment's.
    #[serde(default)]
    pub sp_entity_id: Option<String>,
    /// Which part of an answer must be signed.
    #[serde(default)]
    pub signed: SignedPart,
    /// Accept RSA-SHA1 signatures.
    #[serde(default)]
    pub allow_sha1: bool,
    /// Refuse assertions that are not encrypted.
    #[serde(default)]
    pub require_encrypted_assertion: bool,
    /// Refuse answers nobody asked for.
    #[serde(default = "yes")]
    pub block_unsolicited: bool,
    /// How far the provider's clock may be off, 0 to 10 minutes.
    #[serde(default = "two_minutes", deserialize_with = "duration::required")]
    pub skew: Duration,
    /// The format wanted of name identifiers.
    #[serde(default = "persistent")]
    pub name_id_format: String,
    /// The way of signing in that is asked for.
    #[serde(default)]
    pub authn_context: Option<String>,
    /// Who may stand as issuer of an answer about a proxied MVPD (`mvpd` §12.1).
    #[serde(default)]
    pub proxy_issuer: ProxyIssuer,
    /// The attribute whose value stands for the viewer in authorization queries.
    #[serde(default)]
    pub subject_token_attribute: Option<String>,
    /// Attributes that become metadata.
    #[serde(default)]
    pub attributes: IndexMap<String, Mapping>,
}

/// How a SAML request travels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Binding {
    /// In the query.
    #[default]
    Redirect,
    /// In a form that submits itself.
    Post,
}

/// Which part of a SAML answer must be signed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SignedPart {
    /// The assertion or the response around it.
    #[default]
    Either,
    /// The assertion.
    Assertion,
    /// Both.
    Both,
}

/// Who may stand as issuer of an answer about a proxied MVPD.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProxyIssuer {
    /// The proxied MVPD.
    #[default]
    Proxied,
    /// The proxy.
    Proxy,
    /// Either.
    Either,
}

fn openid() -> String {
    "openid".to_owned()
}
fn sub() -> String {
    "sub".to_owned()
}
fn hba_flag() -> String {
    "hba_flag".to_owned()
}
fn persistent() -> String {
    "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent".to_owned()
}
const fn two_minutes() -> Duration {
    Duration::from_mins(2)
}
const fn yes() -> bool {
    true
}
