//! How a provider is asked whether a viewer may watch (`mvpd` §7).

use std::time::Duration;

use indexmap::IndexMap;
use serde::Deserialize;
use url::Url;
use usher_core::Secret;

use super::endpoints::{Endpoint, Protocol};
use super::meaning::Meaning;
use crate::duration;

/// A way to ask.
pub type AuthzEndpoint = Endpoint<AuthzProtocol>;

/// How a provider is asked.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "protocol", rename_all = "snake_case")]
pub enum AuthzProtocol {
    /// `GET ?uuID=&mrss=&IPAddress=` (`mvpd` §7.6).
    Rest(Box<RestAuthz>),
    /// XACML in SAML in SOAP 1.1 (`mvpd` §7.3).
    XacmlSoap(Box<XacmlAuthz>),
    /// XACML 2.0 by itself (`mvpd` §7.2).
    XacmlPlain(Box<XacmlAuthz>),
    /// Not at all: everybody may watch everything.
    None,
}

impl Protocol for AuthzProtocol {
    fn name(&self) -> &'static str {
        match self {
            Self::Rest(_) => "rest",
            Self::XacmlSoap(_) => "xacml_soap",
            Self::XacmlPlain(_) => "xacml_plain",
            Self::None => "none",
        }
    }
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
    /// Reasons and statuses that mean something else than a plain denial or failure: to error code
    /// (`mvpd` §7.5).
    #[serde(default)]
    pub status_map: IndexMap<String, Meaning>,
    /// The way there.
    #[serde(default)]
    pub transport: Transport,
}

/// XACML authorization.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of the contract")]
pub struct XacmlAuthz {
    /// The decision point.
    pub url: Url,
    /// The issuer of its answers, when it is not the one viewers sign in at.
    #[serde(default)]
    pub entity_id: Option<String>,
    /// Its pinned certificates, PEM, when they are not those of the sign-in.
    #[serde(default)]
    pub certificates: Vec<String>,
    /// Accept RSA-SHA1 signatures.
    #[serde(default)]
    pub allow_sha1: bool,
    /// Refuse answers that are not signed. Only SOAP answers can be.
    #[serde(default = "yes")]
    pub require_signed_response: bool,
    /// Our entity id there, when not the one of the sign-in.
    #[serde(default)]
    pub sp_entity_id: Option<String>,
    /// Who the query is about.
    #[serde(default)]
    pub subject: XacmlSubject,
    /// What a resource is.
    #[serde(default)]
    pub resource_format: ResourceFormat,
    /// How the scheme of a rating ends its attribute id.
    #[serde(default)]
    pub rating_scheme_style: RatingStyle,
    /// Name the decision point's address in the query.
    #[serde(default = "yes")]
    pub destination: bool,
    /// `CombinePolicies`, for peers that expect it.
    #[serde(default)]
    pub combine_policies: Option<bool>,
    /// `InputContextOnly`, for peers that expect it.
    #[serde(default)]
    pub input_context_only: Option<bool>,
    /// The `SOAPAction` header.
    #[serde(default = "empty_action")]
    pub soap_action: String,
    /// Take the lifetime of a permit from the answer's conditions.
    #[serde(default)]
    pub ttl_from_conditions: bool,
    /// Deny what is permitted under an obligation nobody here knows.
    #[serde(default)]
    pub strict_obligations: bool,
    /// Ask about each resource by itself when an answer about several lacks some.
    #[serde(default)]
    pub retry_individually: bool,
    /// How far the provider's clock may be off, 0 to 10 minutes.
    #[serde(default = "two_minutes", deserialize_with = "duration::required")]
    pub skew: Duration,
    /// Status codes, reason codes, fault codes and HTTP statuses that mean something else than they seem:
    /// to error code (`mvpd` §7.5).
    #[serde(default)]
    pub status_map: IndexMap<String, Meaning>,
    /// The way there.
    #[serde(default)]
    pub transport: Transport,
}

/// Who a XACML query is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum XacmlSubject {
    /// The viewer's id as the provider gave it.
    #[default]
    Id,
    /// The token the provider gave with the sign-in (`subject_token_attribute`).
    Token,
    /// Nobody: the access token of the call says it.
    Nobody,
}

/// What a provider understands as a resource (`mvpd` §10).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ResourceFormat {
    /// The channel's name and nothing else.
    #[default]
    ChannelOnly,
    /// Channel, item, title and rating.
    Structured,
}

/// How the scheme of a rating ends its attribute id.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RatingStyle {
    /// `vchip`, `mpaa`.
    #[default]
    Short,
    /// `urn:v-chip`, `urn:mpaa`.
    Urn,
}

/// The way to a decision point: time, room and proofs of identity (`mvpd` §3, §8, N2, N3, N6).
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Transport {
    /// Time for a connection.
    #[serde(deserialize_with = "duration::required")]
    pub connect_timeout: Duration,
    /// Time between two pieces of an answer.
    #[serde(deserialize_with = "duration::required")]
    pub read_timeout: Duration,
    /// Time for everything; the deployment's deadline for decisions may be shorter.
    #[serde(deserialize_with = "duration::required")]
    pub deadline: Duration,
    /// Questions asked at the same time.
    pub questions_max: usize,
    /// Failures in a row after which the provider is left alone for a while.
    pub failures_max: u32,
    /// How long it is left alone.
    #[serde(deserialize_with = "duration::required")]
    pub pause: Duration,
    /// Talk to it without TLS. For laboratories; never for real viewers.
    pub allow_plain_http: bool,
    /// Certificate authorities of its TLS certificate, PEM; those of the system when none are given.
    pub certificate_authorities: Vec<String>,
    /// Our TLS certificate there, PEM, the chain included.
    pub client_certificate: Option<String>,
    /// The key of that certificate, PEM.
    pub client_key: Option<Secret<String>>,
    /// User and password for `Authorization: Basic`.
    pub basic: Option<Secret<String>>,
    /// The header that names the proxied MVPD to a proxy.
    pub proxied_header: String,
}

impl Default for Transport {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(2),
            read_timeout: Duration::from_secs(5),
            deadline: Duration::from_secs(8),
            questions_max: 50,
            failures_max: 50,
            pause: Duration::from_secs(5),
            allow_plain_http: false,
            certificate_authorities: Vec::new(),
            client_certificate: None,
            client_key: None,
            basic: None,
            proxied_header: "X-Proxied-Mvpd".to_owned(),
        }
    }
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
fn empty_action() -> String {
    "\"\"".to_owned()
}
const fn two_minutes() -> Duration {
    Duration::from_mins(2)
}
const fn yes() -> bool {
    true
}
