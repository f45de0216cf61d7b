//! JSON Web Encryption in compact serialisation (RFC 7516), as far as this field needs it.
//!
//! Encrypts with RSA-OAEP-256 and A256GCM; decrypts those, RSA-OAEP and A128GCM besides, since senders
//! choose. Compression, `crit`, direct keys and the JSON serialisations are refused (RFC 8725 §3), and
//! everything that is wrong with a token is one error, so that nobody learns from trying.

use std::fmt;

use aws_lc_rs::aead::{AES_128_GCM, AES_256_GCM, Aad, Algorithm, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::rsa::{
    OAEP_SHA1_MGF1SHA1, OAEP_SHA256_MGF1SHA256, OaepAlgorithm, OaepPrivateDecryptingKey,
    PrivateDecryptingKey,
};
use serde::Deserialize;
use usher_core::{Entropy, EntropyExt as _, Secret};

use crate::encoding::{base64url, base64url_decode};
use crate::encryption::EncryptionKey;
use crate::jws::TOKEN_BYTES_MAX;
use crate::key::{KeyError, private_der};

const TAG_BYTES: usize = 16;

/// The text is no token that was encrypted to this key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a token that was encrypted to this key")]
pub struct JweError;

/// A private RSA key that tokens are encrypted to.
pub struct DecryptionKey(OaepPrivateDecryptingKey);

impl DecryptionKey {
    /// The key in this PKCS#8 PEM text.
    pub fn from_pkcs8_pem(text: &Secret<String>) -> Result<Self, KeyError> {
        let der = private_der(text)?;
        let key = PrivateDecryptingKey::from_pkcs8(der.expose()).map_err(|_| KeyError::Rejected)?;
        OaepPrivateDecryptingKey::new(key).map(Self).map_err(|_| KeyError::Rejected)
    }

    /// The content of `token`.
    pub fn decrypt(&self, token: &str) -> Result<Vec<u8>, JweError> {
        if token.len() > TOKEN_BYTES_MAX {
            return Err(JweError);
        }
        let parts: Vec<_> = token.split('.').collect();
        let &[header, key, nonce, body, tag] = parts.as_slice() else { return Err(JweError) };
        let decoded = |part| base64url_decode(part).ok_or(JweError);
        let algorithms: Algorithms =
            serde_json::from_slice(&decoded(header)?).map_err(|_| JweError)?;
        let (wrapping, sealing) = algorithms.known().ok_or(JweError)?;
        let content_key = self.unwrap(wrapping, &decoded(key)?)?;
        let nonce = Nonce::try_assume_unique_for_key(&decoded(nonce)?).map_err(|_| JweError)?;
        let tag = decoded(tag)?;
        if tag.len() != TAG_BYTES {
            return Err(JweError);
        }
        let mut sealed = [decoded(body)?, tag].concat();
        let key = content_cipher(sealing, content_key.expose())?;
        let plain = key.open_in_place(nonce, Aad::from(header.as_bytes()), &mut sealed);
        plain.map(|plain| plain.to_vec()).map_err(|_| JweError)
    }

    fn unwrap(
        &self,
        wrapping: &'static OaepAlgorithm,
        key: &[u8],
    ) -> Result<Secret<Vec<u8>>, JweError> {
        let mut out = vec![0; self.0.min_output_size()];
        let key = self.0.decrypt(wrapping, key, &mut out, None).map_err(|_| JweError)?;
        Ok(Secret::new(key.to_vec()))
    }
}

impl fmt::Debug for DecryptionKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("DecryptionKey([secret])")
    }
}

/// The part of the header that says how.
#[derive(Deserialize)]
struct Algorithms {
    alg: String,
    enc: String,
    #[serde(default)]
    zip: Option<serde_json::Value>,
    #[serde(default)]
    crit: Option<serde_json::Value>,
}

impl Algorithms {
    fn known(&self) -> Option<(&'static OaepAlgorithm, &'static Algorithm)> {
        if self.zip.is_some() || self.crit.is_some() {
            return None;
        }
        let wrapping = match self.alg.as_str() {
            "RSA-OAEP-256" => &OAEP_SHA256_MGF1SHA256,
            "RSA-OAEP" => &OAEP_SHA1_MGF1SHA1,
            _ => return None,
        };
        let sealing = match self.enc.as_str() {
            "A256GCM" => &AES_256_GCM,
            "A128GCM" => &AES_128_GCM,
            _ => return None,
        };
        Some((wrapping, sealing))
    }
}

/// `plain` encrypted to the owner of `key`.
pub fn encrypt(
    key: &EncryptionKey,
    plain: &[u8],
    entropy: &(impl Entropy + ?Sized),
) -> Result<String, KeyError> {
    let header = base64url(r#"{"alg":"RSA-OAEP-256","enc":"A256GCM"}"#);
    let content_key = Secret::new(entropy.bytes::<32>());
    let wrapped = key.encrypt_oaep(content_key.expose())?;
    let nonce = entropy.bytes::<12>();
    let cipher =
        content_cipher(&AES_256_GCM, content_key.expose()).map_err(|_| KeyError::Rejected)?;
    let mut body = plain.to_vec();
    let tag = cipher
        .seal_in_place_separate_tag(
            Nonce::assume_unique_for_key(nonce),
            Aad::from(header.as_bytes()),
            &mut body,
        )
        .map_err(|_| KeyError::TooLong)?;
    let parts = [wrapped, nonce.to_vec(), body, tag.as_ref().to_vec()].map(base64url);
    Ok(format!("{header}.{}", parts.join(".")))
}

fn content_cipher(algorithm: &'static Algorithm, key: &[u8]) -> Result<LessSafeKey, JweError> {
    UnboundKey::new(algorithm, key).map(LessSafeKey::new).map_err(|_| JweError)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{OsEntropy, RsaKey};

    fn pair() -> (EncryptionKey, DecryptionKey) {
        let key = RsaKey::generate().unwrap();
        let public = key.public().encryption_key().unwrap();
        (public, DecryptionKey::from_pkcs8_pem(&key.to_pkcs8_pem().unwrap()).unwrap())
    }

    #[test]
    fn what_was_encrypted_is_decrypted_by_its_owner_alone() {
        let ((public, private), (_, other)) = (pair(), pair());
        let long = vec![7; 4_000];
        let token = encrypt(&public, &long, &OsEntropy).unwrap();
        assert_eq!(private.decrypt(&token), Ok(long));
        assert_eq!(other.decrypt(&token), Err(JweError));
    }

    #[test]
    fn a_changed_token_is_refused_wherever_it_was_changed() {
        let (public, private) = pair();
        let token = encrypt(&public, b"secret", &OsEntropy).unwrap();
        let parts: Vec<_> = token.split('.').map(str::to_owned).collect();
        for at in 0..5 {
            let mut changed = parts.clone();
            let other = if changed[at].starts_with('A') { "B" } else { "A" };
            changed[at].replace_range(0..1, other);
            assert_eq!(private.decrypt(&changed.join(".")), Err(JweError), "part {at}");
        }
    }

    #[test]
    fn other_ways_of_encrypting_are_refused() {
        let (public, private) = pair();
        let token = encrypt(&public, b"secret", &OsEntropy).unwrap();
        let (_, rest) = token.split_once('.').unwrap();
        for header in [
            r#"{"alg":"dir","enc":"A256GCM"}"#,
            r#"{"alg":"RSA1_5","enc":"A256GCM"}"#,
            r#"{"alg":"RSA-OAEP-256","enc":"A256CBC-HS512"}"#,
            r#"{"alg":"RSA-OAEP-256","enc":"A256GCM","zip":"DEF"}"#,
            r#"{"alg":"RSA-OAEP-256","enc":"A256GCM","crit":["x"]}"#,
        ] {
            let token = format!("{}.{rest}", base64url(header));
            assert_eq!(private.decrypt(&token), Err(JweError), "{header}");
        }
        for text in ["", "a.b.c", "....", &"x".repeat(TOKEN_BYTES_MAX + 1)] {
            assert_eq!(private.decrypt(text), Err(JweError));
        }
    }
}
