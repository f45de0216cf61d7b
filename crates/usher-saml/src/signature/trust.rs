//! The certificates of a provider, pinned by configuration.

use std::fmt;

use bergshamra::crypto::sign::{SigningKey, from_uri, key_algorithm_matches_signature_uri};
use bergshamra::keys::loader::load_x509_cert_pem;
use bergshamra::{DsigContext, Key, KeysManager};
use usher_jose::Certificate;

use super::{METHODS, RSA_SHA1};

/// Whether SHA-1 is good enough for a provider.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sha1 {
    /// No, as for everybody.
    #[default]
    Refused,
    /// Yes, by explicit consent for this endpoint.
    Accepted,
}

/// Why a set of certificates is no use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TrustError {
    /// A certificate's key is of a kind no SAML signature is made with.
    #[error("a certificate holds a key that verifies no SAML signature")]
    Key,
    /// More certificates than a rotation needs.
    #[error("more than {MAX} certificates")]
    TooMany,
}

/// The most certificates pinned at once; each may cost a verification per signature.
const MAX: usize = 8;

/// The keys a provider signs with. An empty set verifies nothing.
///
/// Several keys may be valid at once, so that a provider can change its certificate without an outage.
/// The certificates' own dates are not looked at: the configuration says what is trusted and until when.
pub struct TrustedKeys {
    pub(super) context: DsigContext,
    keys: Vec<(Key, SigningKey)>,
    /// Is SHA-1 accepted from this provider?
    pub(super) sha1: Sha1,
}

impl TrustedKeys {
    /// Trusts the keys of these certificates.
    pub fn pinned(certificates: &[Certificate], sha1: Sha1) -> Result<Self, TrustError> {
        if certificates.len() > MAX {
            return Err(TrustError::TooMany);
        }
        let keys: Vec<(Key, SigningKey)> =
            certificates.iter().map(key).collect::<Result<_, _>>()?;
        let mut manager = KeysManager::new();
        manager.add_keys(keys.iter().map(|(key, _)| key.clone()));
        Ok(Self { context: DsigContext::new(manager), keys, sha1 })
    }

    /// Is `signature` one of these keys' over `message`? For the redirect binding.
    pub(crate) fn verify_detached(&self, method: &str, message: &[u8], signature: &[u8]) -> bool {
        let Ok(algorithm) = from_uri(method) else { return false };
        self.keys.iter().any(|(key, software)| {
            key_algorithm_matches_signature_uri(method, key.data.algorithm())
                && algorithm.verify(software, message, signature).unwrap_or(false)
        })
    }

    /// May a signature be made with this method?
    pub(crate) fn allows(&self, method: &str) -> bool {
        METHODS.contains(&method) || (self.sha1 == Sha1::Accepted && method == RSA_SHA1)
    }
}

impl fmt::Debug for TrustedKeys {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "TrustedKeys({}, SHA-1 {:?})", self.keys.len(), self.sha1)
    }
}

fn key(certificate: &Certificate) -> Result<(Key, SigningKey), TrustError> {
    let key = load_x509_cert_pem(certificate.pem().as_bytes()).map_err(|_| TrustError::Key)?;
    let software = key.software_key().ok().flatten().ok_or(TrustError::Key)?;
    Ok((key, software))
}
