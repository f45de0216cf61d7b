//! Private keys: RSA-2048 for the wire's RS256, P-256 for everything that may choose.
//!
//! A key names itself by its RFC 7638 thumbprint, so that two processes with the same key announce
//! the same `kid`. Private parts leave only as PKCS#8 PEM inside a [`Secret`].

use std::fmt;

use aws_lc_rs::encoding::AsDer as _;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair as RsaKeyPair, KeySize};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _, RSA_PKCS1_SHA256,
};
use usher_core::Secret;

use crate::jwk::{Jwk, VerificationKey};
use crate::jws::Algorithm;

/// Why a key could not be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Not one PEM block with a PKCS#8 private key.
    #[error("not a PKCS#8 private key in PEM")]
    Pem,
    /// The library refuses the key: damaged, of another kind, or too small.
    #[error("the key is damaged, of another kind, or too small")]
    Rejected,
    /// The message does not fit the key.
    #[error("the text is too long for the key")]
    TooLong,
}

/// An RSA key of 2048 bits or more that signs with RSASSA-PKCS1-v1_5 and SHA-256.
pub struct RsaKey {
    pair: RsaKeyPair,
    public: VerificationKey,
}

impl RsaKey {
    /// A fresh 2048-bit key. Takes about 100 ms: generate at set-up, never in a request.
    pub fn generate() -> Result<Self, KeyError> {
        Self::new(RsaKeyPair::generate(KeySize::Rsa2048).map_err(|_| KeyError::Rejected)?)
    }

    /// The key in this PKCS#8 PEM text.
    pub fn from_pkcs8_pem(text: &Secret<String>) -> Result<Self, KeyError> {
        let der = private_der(text)?;
        Self::new(RsaKeyPair::from_pkcs8(der.expose()).map_err(|_| KeyError::Rejected)?)
    }

    /// The key as PKCS#8 PEM text.
    pub fn to_pkcs8_pem(&self) -> Result<Secret<String>, KeyError> {
        let der = self.pair.as_der().map_err(|_| KeyError::Rejected)?;
        Ok(private_pem(der.as_ref()))
    }

    /// RSASSA-PKCS1-v1_5 over SHA-256 of `message`. About 0.4 ms of one core.
    pub fn sign_sha256(&self, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        let mut signature = vec![0; self.pair.public_modulus_len()];
        self.pair
            .sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature)
            .map_err(|_| KeyError::Rejected)?;
        Ok(signature)
    }

    /// The public half.
    pub const fn public(&self) -> &VerificationKey {
        &self.public
    }

    /// The RFC 7638 thumbprint of the public half.
    pub fn kid(&self) -> &str {
        self.public.kid()
    }

    fn new(pair: RsaKeyPair) -> Result<Self, KeyError> {
        let public = pair.public_key();
        let jwk = Jwk::rsa(
            public.modulus().big_endian_without_leading_zero(),
            public.exponent().big_endian_without_leading_zero(),
        );
        let public = VerificationKey::from_jwk(&jwk)?;
        Ok(Self { pair, public })
    }
}

/// A P-256 key that signs with ECDSA and SHA-256.
pub struct EcKey {
    pair: EcdsaKeyPair,
    public: VerificationKey,
}

impl EcKey {
    /// A fresh key. Takes well under a millisecond.
    pub fn generate() -> Result<Self, KeyError> {
        Self::new(
            EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING)
                .map_err(|_| KeyError::Rejected)?,
        )
    }

    /// The key in this PKCS#8 PEM text.
    pub fn from_pkcs8_pem(text: &Secret<String>) -> Result<Self, KeyError> {
        let der = private_der(text)?;
        Self::new(
            EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, der.expose())
                .map_err(|_| KeyError::Rejected)?,
        )
    }

    /// The key as PKCS#8 PEM text.
    pub fn to_pkcs8_pem(&self) -> Result<Secret<String>, KeyError> {
        let der = self.pair.to_pkcs8v1().map_err(|_| KeyError::Rejected)?;
        Ok(private_pem(der.as_ref()))
    }

    /// ECDSA over SHA-256 of `message`, as `r ‖ s` (RFC 7518 §3.4).
    pub fn sign_sha256(&self, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        let signature =
            self.pair.sign(&SystemRandom::new(), message).map_err(|_| KeyError::Rejected)?;
        Ok(signature.as_ref().to_vec())
    }

    /// The public half.
    pub const fn public(&self) -> &VerificationKey {
        &self.public
    }

    /// The RFC 7638 thumbprint of the public half.
    pub fn kid(&self) -> &str {
        self.public.kid()
    }

    fn new(pair: EcdsaKeyPair) -> Result<Self, KeyError> {
        let jwk = Jwk::p256(pair.public_key().as_ref()).ok_or(KeyError::Rejected)?;
        let public = VerificationKey::from_jwk(&jwk)?;
        Ok(Self { pair, public })
    }
}

/// A private key of either kind: it decides the algorithm of what it signs.
#[derive(Debug)]
pub enum SigningKey {
    /// Signs RS256.
    Rsa(RsaKey),
    /// Signs ES256.
    Ec(EcKey),
}

impl SigningKey {
    /// The algorithm of its signatures.
    pub const fn algorithm(&self) -> Algorithm {
        match self {
            Self::Rsa(_) => Algorithm::Rs256,
            Self::Ec(_) => Algorithm::Es256,
        }
    }

    /// The key in this PKCS#8 PEM text, of whichever kind it is.
    pub fn from_pkcs8_pem(text: &Secret<String>) -> Result<Self, KeyError> {
        RsaKey::from_pkcs8_pem(text)
            .map(Self::Rsa)
            .or_else(|_| EcKey::from_pkcs8_pem(text).map(Self::Ec))
    }

    /// The key as PKCS#8 PEM text.
    pub fn to_pkcs8_pem(&self) -> Result<Secret<String>, KeyError> {
        match self {
            Self::Rsa(key) => key.to_pkcs8_pem(),
            Self::Ec(key) => key.to_pkcs8_pem(),
        }
    }

    /// The signature of `message`, in JWS form.
    pub fn sign_sha256(&self, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        match self {
            Self::Rsa(key) => key.sign_sha256(message),
            Self::Ec(key) => key.sign_sha256(message),
        }
    }

    /// The public half.
    pub const fn public(&self) -> &VerificationKey {
        match self {
            Self::Rsa(key) => key.public(),
            Self::Ec(key) => key.public(),
        }
    }

    /// The RFC 7638 thumbprint of the public half.
    pub fn kid(&self) -> &str {
        self.public().kid()
    }
}

/// A private key of either kind, borrowed.
#[derive(Clone, Copy, Debug)]
#[expect(missing_docs, reason = "the cases of SigningKey")]
pub enum SigningKeyRef<'k> {
    Rsa(&'k RsaKey),
    Ec(&'k EcKey),
}

impl SigningKeyRef<'_> {
    /// The key as PKCS#8 PEM text.
    pub fn to_pkcs8_pem(self) -> Result<Secret<String>, KeyError> {
        match self {
            Self::Rsa(key) => key.to_pkcs8_pem(),
            Self::Ec(key) => key.to_pkcs8_pem(),
        }
    }
}

impl<'k> From<&'k RsaKey> for SigningKeyRef<'k> {
    fn from(key: &'k RsaKey) -> Self {
        Self::Rsa(key)
    }
}

impl<'k> From<&'k EcKey> for SigningKeyRef<'k> {
    fn from(key: &'k EcKey) -> Self {
        Self::Ec(key)
    }
}

impl<'k> From<&'k SigningKey> for SigningKeyRef<'k> {
    fn from(key: &'k SigningKey) -> Self {
        match key {
            SigningKey::Rsa(key) => Self::Rsa(key),
            SigningKey::Ec(key) => Self::Ec(key),
        }
    }
}

impl From<RsaKey> for SigningKey {
    fn from(key: RsaKey) -> Self {
        Self::Rsa(key)
    }
}

impl From<EcKey> for SigningKey {
    fn from(key: EcKey) -> Self {
        Self::Ec(key)
    }
}

impl fmt::Debug for RsaKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "RsaKey({})", self.kid())
    }
}

impl fmt::Debug for EcKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "EcKey({})", self.kid())
    }
}

/// The label RFC 7468 §10 gives to PKCS#8.
const PRIVATE_KEY: &str = "PRIVATE KEY";

pub(crate) fn private_der(text: &Secret<String>) -> Result<Secret<Vec<u8>>, KeyError> {
    let block = pem::parse(text.expose()).map_err(|_| KeyError::Pem)?;
    if block.tag() == PRIVATE_KEY {
        Ok(Secret::new(block.into_contents()))
    } else {
        Err(KeyError::Pem)
    }
}

fn private_pem(der: &[u8]) -> Secret<String> {
    Secret::new(unix_pem(PRIVATE_KEY, der))
}

/// A PEM block with plain line feeds.
pub(crate) fn unix_pem(label: &str, der: &[u8]) -> String {
    let config = pem::EncodeConfig::new().set_line_ending(pem::LineEnding::LF);
    pem::encode_config(&pem::Pem::new(label, der), config)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_survive_their_pem_form() {
        let rsa = RsaKey::generate().unwrap();
        let ec = EcKey::generate().unwrap();
        for key in [SigningKey::from(rsa), SigningKey::from(ec)] {
            let again = SigningKey::from_pkcs8_pem(&key.to_pkcs8_pem().unwrap()).unwrap();
            assert_eq!(again.kid(), key.kid());
            let signature = again.sign_sha256(b"message").unwrap();
            assert!(key.public().verify_sha256(b"message", &signature));
            assert!(!key.public().verify_sha256(b"massage", &signature));
        }
    }

    #[test]
    fn a_text_that_is_no_private_key_is_refused() {
        for text in ["", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "key"] {
            assert!(SigningKey::from_pkcs8_pem(&Secret::new(text.to_owned())).is_err());
        }
    }

    #[test]
    fn a_key_prints_its_name_only() {
        let key = EcKey::generate().unwrap();
        assert_eq!(format!("{key:?}"), format!("EcKey({})", key.kid()));
    }
}
