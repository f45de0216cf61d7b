//! How this deployment wants entitlement to behave, beyond what the catalog says.

use std::time::Duration;

use usher_core::Secret;

/// The form of media tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MediaTokenFormat {
    /// The documented one: base64 of a signature and an XML element (`pass-rest-v2` §16).
    Xml,
    /// A compact JWS (contracts README, clarification 22).
    Jws,
}

/// Settings of the entitlement service.
#[derive(Clone, Debug)]
pub struct EntitlementConfig {
    /// Lifetime of an authentication session and its code.
    pub code_ttl: Duration,
    /// Lifetime of codes that link devices.
    pub link_code_ttl: Duration,
    /// Lifetime of media tokens.
    pub media_token_ttl: Duration,
    /// Form of media tokens.
    pub media_token_format: MediaTokenFormat,
    /// Lifetime of permits, whatever catalog and provider say.
    pub authz_ttl: Option<Duration>,
    /// Lifetime of sign-ins, whatever catalog and provider say.
    pub profile_ttl: Option<Duration>,
    /// Length of trials of temporary passes, whatever the catalog says.
    pub pass_duration: Option<Duration>,
    /// How long ended trials are remembered; for ever when absent.
    pub pass_retention: Option<Duration>,
    /// Whether the rule `AuthzAll` permits only viewers who are signed in.
    pub authz_all_requires_profile: bool,
    /// Time for everything a decision asks of a TV provider.
    pub mvpd_deadline: Duration,
    /// `iss` of media tokens in JWS form.
    pub issuer: String,
    /// The data centre, `dc` in reports.
    pub region: String,
    /// Origin under which browsers reach this server, without a trailing slash.
    pub base_url: String,
    /// Turns viewers' ids into pseudonyms for tokens and reports. Changing it makes everybody new.
    pub pseudonym_key: Secret<[u8; 32]>,
}
