//! HMAC-signed tokens, which only the platform identity (`pass-rest-v2` §3.6) needs.
//!
//! A function of its own, so that no verifier of public-key tokens can be talked into treating a
//! public key as a shared secret (RFC 8725 §2.1).

use serde::Serialize;
use usher_core::Secret;

use crate::digest::{constant_time_eq, hmac_sha256};
use crate::encoding::base64url;
use crate::jws::{Header, JwsError, Parts, Verified, signing_input};
use crate::key::KeyError;

const HS256: &str = "HS256";

/// `payload` authenticated with `secret`.
pub fn sign_hs256(
    secret: &Secret<String>,
    typ: Option<&str>,
    payload: &impl Serialize,
) -> Result<String, KeyError> {
    let signed = signing_input(&Header::new(HS256, typ, None).encoded(), payload)?;
    let code = hmac_sha256(secret.expose().as_bytes(), signed.as_bytes());
    Ok(format!("{signed}.{}", base64url(code)))
}

/// Checks that `token` was authenticated with `secret`.
pub fn verify_hs256(token: &str, secret: &Secret<String>) -> Result<Verified, JwsError> {
    let parts = Parts::of(token)?;
    if parts.header.alg != HS256 {
        return Err(JwsError::Algorithm);
    }
    let expected = hmac_sha256(secret.expose().as_bytes(), parts.signed.as_bytes());
    if constant_time_eq(&expected, &parts.signature) {
        Ok(Verified { header: parts.header, payload: parts.payload })
    } else {
        Err(JwsError::Signature)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_verifies_with_its_own_secret_only() {
        let secret = Secret::new("platform secret".to_owned());
        let token = sign_hs256(&secret, Some("JWT"), &serde_json::json!({"sub": "tv"})).unwrap();
        let verified = verify_hs256(&token, &secret).unwrap();
        assert_eq!(verified.payload, br#"{"sub":"tv"}"#);
        assert_eq!(
            verify_hs256(&token, &Secret::new("another".to_owned())),
            Err(JwsError::Signature)
        );
    }

    #[test]
    fn an_unsigned_token_is_refused() {
        let token = format!("{}.{}.", base64url(br#"{"alg":"none"}"#), base64url(b"{}"));
        let secret = Secret::new(String::new());
        assert_eq!(verify_hs256(&token, &secret), Err(JwsError::Algorithm));
    }
}
