//! What the edge itself needs to know; services have settings of their own.

use url::Url;
use usher_jose::{Certificate, VerificationKey};

use crate::streams::StreamSettings;
use crate::throttle::ThrottleSettings;

/// Settings of the HTTP edge.
#[derive(Clone, Debug)]
pub struct HttpSettings {
    /// Origin under which clients reach this server, without a trailing slash.
    pub base_url: Url,
    /// `helpUrl` of error answers.
    pub help_url: String,
    /// How often a device may call.
    pub throttle: ThrottleSettings,
    /// How stream limiting answers.
    pub streams: StreamSettings,
    /// Published keys of JWS media tokens, the current one first.
    pub media_token_keys: Vec<VerificationKey>,
    /// Published certificate of media tokens in the documented form.
    pub media_token_certificate: Certificate,
}
