//! TV providers and how to talk to them (`mvpd` §3).

use std::time::Duration;

use indexmap::IndexMap;
use serde::Deserialize;
use url::Url;
use usher_core::MvpdId;

use crate::duration;
use crate::integration::MetadataRule;
use crate::settings::{Platform, SettingsTable};
use crate::sso::SsoScope;

/// A pay-TV provider.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mvpd {
    /// Its id, unique in the catalog.
    pub id: MvpdId,
    /// The name viewers see.
    pub display_name: String,
    /// Its logo, 112×33 pixels.
    pub logo_url: Url,
    /// Direct, proxy, proxied or a temporary pass.
    #[serde(default)]
    pub kind: Kind,
    /// The proxy that stands between (for [`Kind::Proxied`]).
    #[serde(default)]
    pub proxy: Option<MvpdId>,
    /// Its id at the proxy, when different.
    #[serde(default)]
    pub provider_id: Option<String>,
    /// How its viewers sign in.
    #[serde(default)]
    pub authn: Option<AuthnEndpoint>,
    /// How it is asked whether they may watch.
    #[serde(default)]
    pub authz: Option<AuthzEndpoint>,
    /// How several resources are asked for at once.
    #[serde(default)]
    pub preflight: Preflight,
    /// How viewers sign out.
    #[serde(default)]
    pub logout: LogoutMode,
    /// For temporary passes.
    #[serde(default)]
    pub temp_pass: Option<TempPassSettings>,
    /// Settings integrations inherit.
    #[serde(default)]
    pub settings: SettingsTable,
    /// The metadata keys it delivers.
    #[serde(default)]
    pub metadata: IndexMap<String, MetadataRule>,
    /// How far its sign-ins are shared; by default between all channels by platform identity, and within
    /// a media company by service token.
    #[serde(default)]
    pub sso_scope: Option<SsoScope>,
    /// How platform partners know it.
    #[serde(default)]
    pub partner: IndexMap<Platform, PartnerPlatform>,
}

/// What stands behind an MVPD id.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A provider we talk to ourselves.
    #[default]
    Direct,
    /// A provider that speaks for others.
    Proxy,
    /// A provider behind a proxy.
    Proxied,
    /// No provider at all: temporary access.
    TempPass,
}

/// How viewers sign in.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "protocol", rename_all = "snake_case")]
pub enum AuthnEndpoint {
    /// OAuth 2.0 or OpenID Connect (`mvpd` §6).
    Oauth2(Box<OAuthEndpoint>),
    /// SAML 2.0 (`mvpd` §5).
    Saml2(SamlEndpoint),
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
    /// Requested scope.
    #[serde(default = "openid")]
    pub scope: String,
    /// Send a PKCE challenge.
    #[serde(default = "yes")]
    pub pkce: bool,
    /// The claim that holds the user id.
    #[serde(default = "sub")]
    pub user_id_claim: String,
    /// Claims that become metadata: claim name to metadata key.
    #[serde(default)]
    pub claims: IndexMap<String, String>,
}

/// A SAML 2.0 identity provider.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SamlEndpoint {
    /// The provider's entity id.
    pub entity_id: String,
    /// Where authentication requests go.
    pub sso_url: Url,
    /// Pinned certificates, PEM.
    #[serde(default)]
    pub certificates: Vec<String>,
}

/// How an MVPD is asked whether a viewer may watch.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "protocol", rename_all = "snake_case")]
pub enum AuthzEndpoint {
    /// `GET ?uuID=&mrss=&IPAddress=` (`mvpd` §7.6).
    Rest(RestAuthz),
    /// XACML in SAML in SOAP (`mvpd` §7.3).
    XacmlSoap(XacmlAuthz),
}

/// REST authorization with a table that says where the answer stands.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RestAuthz {
    /// The decision point.
    pub url: Url,
    /// JSON member with the decision, dots between levels.
    #[serde(default = "decision")]
    pub decision_path: String,
    /// Values of that member that permit.
    #[serde(default = "permit")]
    pub permit_values: Vec<String>,
    /// JSON member with the lifetime of the permit in seconds.
    #[serde(default = "ttl")]
    pub ttl_path: String,
    /// JSON member with a text for the viewer.
    #[serde(default = "message")]
    pub message_path: String,
    /// JSON member with a machine-readable reason.
    #[serde(default = "reason")]
    pub reason_path: String,
    /// Reasons that mean something else than a plain denial: reason to error code (`mvpd` §7.5).
    #[serde(default)]
    pub status_map: IndexMap<String, String>,
}

/// XACML authorization.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct XacmlAuthz {
    /// The decision point.
    pub url: Url,
}

/// How several resources are asked for at once (`mvpd` §8).
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Preflight {
    /// The algorithm.
    #[serde(default)]
    pub mode: PreflightMode,
}

/// Preauthorization algorithms.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PreflightMode {
    /// One call per resource, in parallel.
    #[default]
    ForkJoin,
    /// One call with all resources.
    MultiChannel,
    /// From the line-up delivered at sign-in.
    Lineup,
    /// Permit everything.
    None,
}

/// How viewers sign out at the provider (`mvpd` §5.7, §6.5).
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(tag = "mode", rename_all = "snake_case")]
pub enum LogoutMode {
    /// It has no logout.
    #[default]
    None,
    /// The browser is sent to a URL with a return address.
    Redirect {
        /// Where to send it.
        url: Url,
        /// Name of the parameter that carries the return address.
        #[serde(default = "redirect_uri")]
        return_parameter: String,
    },
    /// SAML single logout.
    SamlSlo {
        /// Where logout requests go.
        url: Url,
    },
}

/// Limits of a temporary pass (`access-variants` §2). Checked when used, not when loaded: a broken
/// set-up answers `invalid_configuration_temporary_access`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TempPassSettings {
    /// How long a trial lasts from the first authorization.
    #[serde(default, deserialize_with = "duration::optional")]
    pub ttl: Option<Duration>,
    /// Distinct resources of a promotional pass.
    #[serde(default)]
    pub resources_max: Option<u32>,
    /// Member of `AP-TempPass-Identity` that identifies the viewer of a promotional pass.
    #[serde(default)]
    pub identity_key: Option<String>,
}

/// How a platform partner knows an MVPD.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PartnerPlatform {
    /// `SUPPORTED` or `PICKER`.
    pub boarding_status: String,
    /// Its id at the partner.
    pub mapping_id: String,
    /// Whether the partner's picker lists it.
    #[serde(default)]
    pub display_in_picker: bool,
    /// SAML attributes to ask for.
    #[serde(default)]
    pub attributes: Vec<String>,
}

fn openid() -> String {
    "openid".to_owned()
}
fn sub() -> String {
    "sub".to_owned()
}
fn decision() -> String {
    "decision".to_owned()
}
fn permit() -> Vec<String> {
    vec!["Permit".to_owned()]
}
fn ttl() -> String {
    "ttl".to_owned()
}
fn message() -> String {
    "message".to_owned()
}
fn reason() -> String {
    "reason".to_owned()
}
fn redirect_uri() -> String {
    "redirect_uri".to_owned()
}
const fn yes() -> bool {
    true
}
