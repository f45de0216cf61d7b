//! Whose word makes two devices one viewer (`pass-rest-v2` §13, `access-variants` §4).

use serde::Deserialize;
use usher_core::{MediaCompanyId, Secret};

/// The issuer of our own single-sign-on service; nobody else may use its name.
pub const OWN_SERVICE_TOKEN_ISSUER: &str = "ssoservicetoken";

/// A platform whose tokens identify an account or a device (`pass-rest-v2` §3.6).
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlatformIdentity {
    /// `iss` of its tokens, unique in the catalog.
    pub issuer: String,
    /// `aud` of its tokens, when it has to be a certain one.
    #[serde(default)]
    pub audience: Option<String>,
    /// Shared secret of tokens by HS256.
    #[serde(default)]
    pub hs256_secret: Option<Secret<String>>,
    /// Public keys of tokens by RS256 or ES256, PEM.
    #[serde(default)]
    pub public_keys: Vec<String>,
    /// Private key that its encrypted tokens are encrypted to, PKCS#8 PEM. What is inside is signed.
    #[serde(default)]
    pub decryption_key: Option<Secret<String>>,
}

/// An identity service whose tokens identify a viewer (`pass-rest-v2` §3.7).
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServiceTokenIssuer {
    /// `iss` of its tokens, unique in the catalog.
    pub issuer: String,
    /// Public keys of its tokens, PEM (keys or certificates).
    #[serde(default)]
    pub public_keys: Vec<String>,
    /// Public keys of its tokens as a JWKS document in JSON.
    #[serde(default)]
    pub jwks: Option<String>,
    /// The media companies that trust it.
    pub media_companies: Vec<MediaCompanyId>,
}

/// How far a sign-in at an MVPD is shared (`access-variants` S6).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SsoScope {
    /// Between all channels.
    Global,
    /// Between the channels of one media company.
    MediaCompany,
    /// Not at all.
    None,
}
