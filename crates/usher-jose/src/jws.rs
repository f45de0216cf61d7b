//! JSON Web Signatures in compact serialisation (RFC 7515), signed and verified.
//!
//! [`verify`] promises only that the bytes were signed by one of the given keys with an allowed
//! algorithm. Claims such as `iss` and `exp` are the caller's business. `alg: none`, symmetric
//! algorithms, `crit` and the JSON serialisations are refused (RFC 8725 §3).

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::encoding::{base64url, base64url_decode};
use crate::jwk::{VerificationKey, VerificationKeys};
use crate::key::{KeyError, SigningKey};

/// The longest token that is looked at, in bytes (`dcr` §12 SEC-5).
pub const TOKEN_BYTES_MAX: usize = 16 * 1024;

/// The signature algorithms usher signs and verifies with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Algorithm {
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    Rs256,
    /// ECDSA on P-256 with SHA-256.
    Es256,
}

impl Algorithm {
    /// The `alg` of RFC 7518 §3.1.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Es256 => "ES256",
        }
    }
}

/// What the header of a token says.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Header {
    /// The algorithm.
    pub alg: String,
    /// What kind of token this is.
    pub typ: Option<String>,
    /// The name of the key.
    pub kid: Option<String>,
    /// Extensions that must be understood. None are, so tokens with this member are refused.
    crit: Option<Value>,
}

impl Header {
    pub(crate) fn of(key: &SigningKey, typ: Option<&str>, kid: Kid) -> Self {
        let kid = (kid == Kid::Named).then(|| key.kid());
        Self::new(key.algorithm().name(), typ, kid)
    }

    pub(crate) fn new(alg: &str, typ: Option<&str>, kid: Option<&str>) -> Self {
        Self {
            alg: alg.to_owned(),
            typ: typ.map(str::to_owned),
            kid: kid.map(str::to_owned),
            crit: None,
        }
    }

    /// The header as it stands in front of tokens.
    pub(crate) fn encoded(&self) -> EncodedHeader {
        let members =
            [("alg", Some(&self.alg)), ("typ", self.typ.as_ref()), ("kid", self.kid.as_ref())];
        let said = members
            .into_iter()
            .filter_map(|(name, text)| Some((name.to_owned(), text?.as_str().into())));
        EncodedHeader(base64url(Value::Object(said.collect()).to_string()))
    }
}

/// A header as it stands in front of tokens: the same for all that one key signs for one purpose.
#[derive(Clone, Debug)]
pub struct EncodedHeader(String);

/// A token whose signature was checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// Its header.
    pub header: Header,
    /// Its payload, byte by byte.
    pub payload: Vec<u8>,
}

impl Verified {
    /// The payload read as a JSON object.
    pub fn claims<T: DeserializeOwned>(&self) -> Result<T, JwsError> {
        object(&self.payload).ok_or(JwsError::Claims)
    }
}

/// Why a token is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JwsError {
    /// Longer than [`TOKEN_BYTES_MAX`].
    #[error("the token is too long")]
    TooLong,
    /// Not three base64url parts with a JSON object in front.
    #[error("not a compact JWS")]
    Malformed,
    /// The header asks for extensions.
    #[error("the token requires extensions that are not supported")]
    Critical,
    /// The algorithm is not among the allowed ones.
    #[error("the token is signed with an algorithm that is not allowed")]
    Algorithm,
    /// No key of the set made this signature.
    #[error("the signature is not by a known key")]
    Signature,
    /// The payload is not what was expected.
    #[error("the payload is not the expected JSON object")]
    Claims,
}

/// Whether the header of a new token names the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kid {
    /// `kid` is the key's thumbprint.
    Named,
    /// No `kid`.
    Omitted,
}

/// `payload` signed by `key`, with `typ` and `kid` in the header as asked.
pub fn sign(
    key: &SigningKey,
    typ: Option<&str>,
    kid: Kid,
    payload: &impl Serialize,
) -> Result<String, KeyError> {
    let signed = signing_input(&Header::of(key, typ, kid).encoded(), payload)?;
    let signature = key.sign_sha256(signed.as_bytes())?;
    Ok(attach(signed, &signature))
}

/// Checks that `token` was signed by one of `keys` with one of the `allowed` algorithms.
pub fn verify(
    token: &str,
    keys: &VerificationKeys,
    allowed: &[Algorithm],
) -> Result<Verified, JwsError> {
    let parts = Parts::of(token)?;
    let algorithm = allowed
        .iter()
        .find(|algorithm| algorithm.name() == parts.header.alg)
        .ok_or(JwsError::Algorithm)?;
    keys.candidates(*algorithm, parts.header.kid.as_deref())
        .any(|key| key.verify_sha256(parts.signed.as_bytes(), &parts.signature))
        .then(|| Verified { header: parts.header.clone(), payload: parts.payload })
        .ok_or(JwsError::Signature)
}

/// Checks that `token` was signed by `key` with one of the `allowed` algorithms, whatever name it gives
/// to its key.
pub fn verify_with(
    token: &str,
    key: &VerificationKey,
    allowed: &[Algorithm],
) -> Result<Verified, JwsError> {
    let parts = Parts::of(token)?;
    let by_key = key.algorithm().name() == parts.header.alg && allowed.contains(&key.algorithm());
    if !by_key {
        return Err(JwsError::Algorithm);
    }
    if key.verify_sha256(parts.signed.as_bytes(), &parts.signature) {
        Ok(Verified { header: parts.header, payload: parts.payload })
    } else {
        Err(JwsError::Signature)
    }
}

/// What `token` says in its header, *unchecked*: good for choosing the keys to check it with.
pub fn unverified_header(token: &str) -> Result<Header, JwsError> {
    Parts::of(token).map(|parts| parts.header)
}

/// What `token` claims, *unchecked*: good for choosing the keys to check it with.
pub fn unverified_claims<T: DeserializeOwned>(token: &str) -> Result<T, JwsError> {
    object(&Parts::of(token)?.payload).ok_or(JwsError::Claims)
}

/// A token taken apart, not yet checked.
pub(crate) struct Parts<'t> {
    pub(crate) header: Header,
    pub(crate) payload: Vec<u8>,
    pub(crate) signature: Vec<u8>,
    /// What the signature is over.
    pub(crate) signed: &'t str,
}

impl<'t> Parts<'t> {
    pub(crate) fn of(token: &'t str) -> Result<Self, JwsError> {
        if token.len() > TOKEN_BYTES_MAX {
            return Err(JwsError::TooLong);
        }
        let (signed, signature) = token.rsplit_once('.').ok_or(JwsError::Malformed)?;
        let (header, payload) = signed.split_once('.').ok_or(JwsError::Malformed)?;
        let decoded = |part| base64url_decode(part).ok_or(JwsError::Malformed);
        let header: Header = object(&decoded(header)?).ok_or(JwsError::Malformed)?;
        if header.crit.is_some() {
            return Err(JwsError::Critical);
        }
        Ok(Self { header, payload: decoded(payload)?, signature: decoded(signature)?, signed })
    }
}

/// `json` as an object. The explicit look at the brace is for arrays, which serde would also accept.
fn object<T: DeserializeOwned>(json: &[u8]) -> Option<T> {
    json.trim_ascii_start().starts_with(b"{").then(|| serde_json::from_slice(json).ok())?
}

pub(crate) fn signing_input(
    EncodedHeader(header): &EncodedHeader,
    payload: &impl Serialize,
) -> Result<String, KeyError> {
    let payload = serde_json::to_vec(payload).map_err(|_| KeyError::Rejected)?;
    Ok([header.as_str(), ".", &base64url(payload)].concat())
}

/// The finished token.
pub(crate) fn attach(mut signed: String, signature: &[u8]) -> String {
    signed.push('.');
    signed.push_str(&base64url(signature));
    signed
}

#[cfg(test)]
#[path = "jws_tests.rs"]
mod tests;
