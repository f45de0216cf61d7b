//! What the edge itself needs to know; services have settings of their own.

use url::Url;
use usher_core::Secret;
use usher_jose::{Certificate, VerificationKey};

use crate::reports::ReportHosts;
use crate::streams::StreamSettings;
use crate::throttle::ThrottleSettings;

/// Settings of the HTTP edge.
#[derive(Clone, Debug)]
pub struct HttpSettings {
    /// Origin under which clients reach this server, without a trailing slash.
    pub base_url: Url,
    /// `helpUrl` of error answers.
    pub help_url: String,
    /// Bearer token of the admin API.
    pub admin_token: Secret<String>,
    /// The environment's name in the admin API's paths.
    pub environment: String,
    /// Whether the single-sign-on service answers under the names of the documented tables, too.
    pub sso_table_names: bool,
    /// How often a device may call.
    pub throttle: ThrottleSettings,
    /// Hosts on which reports have no prefix.
    pub report_hosts: ReportHosts,
    /// How stream limiting answers.
    pub streams: StreamSettings,
    /// Published keys of JWS media tokens, the current one first.
    pub media_token_keys: Vec<VerificationKey>,
    /// Published certificate of media tokens in the documented form.
    pub media_token_certificate: Certificate,
    /// Our SAML metadata document.
    pub saml_metadata: String,
}
