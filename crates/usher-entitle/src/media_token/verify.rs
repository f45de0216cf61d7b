//! The check a programmer's back end makes before a stream starts.

use usher_core::Timestamp;
use usher_jose::{Algorithm, VerificationKeys, jws};

use super::MediaTokenContent;
use super::jws::{Claims, TYPE};
use super::xml::Parts;

/// The longest token that is looked at, in bytes.
const TOKEN_BYTES_MAX: usize = 64 * 1024;

/// What a token must be for. What is not said is not checked.
#[derive(Clone, Copy, Debug, Default)]
pub struct Expected<'e> {
    /// The resource about to be played.
    pub resource: Option<&'e str>,
    /// The channel that plays it.
    pub service_provider: Option<&'e str>,
}

/// Why a token permits nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MediaTokenError {
    /// Not a media token of either form.
    #[error("this is not a media token")]
    Format,
    /// Changed on the way, or made by somebody else.
    #[error("the signature is not by the given key")]
    Signature,
    /// Its time is over.
    #[error("the token has expired")]
    Expired,
    /// For another resource.
    #[error("the token is for another resource")]
    Resource,
    /// For another channel.
    #[error("the token is for another service provider")]
    ServiceProvider,
}

impl MediaTokenError {
    /// The documented name of the outcome (`pass-rest-v2` §16); success is `VALID_TOKEN`.
    pub const fn status(self) -> &'static str {
        match self {
            Self::Format => "INVALID_TOKEN_FORMAT",
            Self::Signature => "INVALID_SIGNATURE",
            Self::Expired => "TOKEN_EXPIRED",
            Self::Resource => "INVALID_RESOURCE_ID",
            Self::ServiceProvider => "INVALID_REQUESTOR_ID",
        }
    }
}

/// What `token` says, provided one of `keys` signed it, it is valid at `now`, and it is for what is
/// `expected`. Takes either form of token.
pub fn verify(
    token: &str,
    keys: &VerificationKeys,
    expected: Expected<'_>,
    now: Timestamp,
) -> Result<MediaTokenContent, MediaTokenError> {
    if token.len() > TOKEN_BYTES_MAX {
        return Err(MediaTokenError::Format);
    }
    // A dot is in every compact JWS and never in base64.
    let content = if token.contains('.') { read_jws(token, keys)? } else { read_xml(token, keys)? };
    if now >= content.issue_time + content.ttl {
        Err(MediaTokenError::Expired)
    } else if expected.resource.is_some_and(|resource| resource != content.resource) {
        Err(MediaTokenError::Resource)
    } else if expected.service_provider.is_some_and(|id| id != content.service_provider.as_str()) {
        Err(MediaTokenError::ServiceProvider)
    } else {
        Ok(content)
    }
}

fn read_xml(token: &str, keys: &VerificationKeys) -> Result<MediaTokenContent, MediaTokenError> {
    let parts = Parts::of(token).ok_or(MediaTokenError::Format)?;
    let authentic = keys
        .iter()
        .filter(|key| key.algorithm() == Algorithm::Rs256)
        .any(|key| key.verify_sha256(parts.element.as_bytes(), &parts.signature));
    if !authentic {
        return Err(MediaTokenError::Signature);
    }
    parts.content().ok_or(MediaTokenError::Format)
}

fn read_jws(token: &str, keys: &VerificationKeys) -> Result<MediaTokenContent, MediaTokenError> {
    let allowed = [Algorithm::Es256, Algorithm::Rs256];
    let verified = jws::verify(token, keys, &allowed).map_err(|error| match error {
        jws::JwsError::Signature => MediaTokenError::Signature,
        jws::JwsError::TooLong
        | jws::JwsError::Malformed
        | jws::JwsError::Critical
        | jws::JwsError::Algorithm
        | jws::JwsError::Claims => MediaTokenError::Format,
    })?;
    if verified.header.typ.as_deref() != Some(TYPE) {
        return Err(MediaTokenError::Format);
    }
    verified.claims::<Claims<'_>>().map(Into::into).map_err(|_| MediaTokenError::Format)
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
