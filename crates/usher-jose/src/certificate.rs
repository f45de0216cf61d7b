//! X.509 certificates, as far as they carry a public key.
//!
//! Nothing here builds or checks a chain: certificates come from the configuration, which is where
//! the trust is.

use rcgen::{
    CertificateParams, DistinguishedName, DnType, PKCS_ECDSA_P256_SHA256, PKCS_RSA_SHA256,
};
use time::OffsetDateTime;
use usher_core::Timestamp;
use x509_parser::prelude::{FromDer as _, X509Certificate};
use x509_parser::public_key::PublicKey;

use crate::encryption::EncryptionKey;
use crate::jwk::VerificationKey;
use crate::key::{KeyError, SigningKeyRef};

/// Why a certificate could not be made or read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CertificateError {
    /// Not one PEM block with an X.509 certificate.
    #[error("not an X.509 certificate in PEM")]
    Malformed,
    /// The certificate could not be issued.
    #[error("the certificate could not be issued")]
    Issue,
}

/// An X.509 certificate.
#[derive(Clone, PartialEq, Eq)]
pub struct Certificate {
    pem: String,
    spki: Vec<u8>,
    subject: String,
    not_after: Timestamp,
    rsa_bits: Option<usize>,
    fingerprint: [u8; 32],
}

impl Certificate {
    /// A certificate for `key`, signed by itself, valid from `not_before` to `not_after`.
    pub fn self_signed<'k>(
        key: impl Into<SigningKeyRef<'k>>,
        common_name: &str,
        (not_before, not_after): (Timestamp, Timestamp),
    ) -> Result<Self, CertificateError> {
        let key = key.into();
        let mut params = CertificateParams::default();
        params.distinguished_name = DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, common_name);
        params.not_before = date(not_before)?;
        params.not_after = date(not_after)?;
        let pkcs8 = key.to_pkcs8_pem().map_err(|_| CertificateError::Issue)?;
        let algorithm = match key {
            SigningKeyRef::Rsa(_) => &PKCS_RSA_SHA256,
            SigningKeyRef::Ec(_) => &PKCS_ECDSA_P256_SHA256,
        };
        let pair = rcgen::KeyPair::from_pkcs8_pem_and_sign_algo(pkcs8.expose(), algorithm)
            .map_err(|_| CertificateError::Issue)?;
        let certificate = params.self_signed(&pair).map_err(|_| CertificateError::Issue)?;
        Self::from_der(certificate.der())
    }

    /// The certificate in this PEM text.
    pub fn from_pem(text: &str) -> Result<Self, CertificateError> {
        let block = pem::parse(text).map_err(|_| CertificateError::Malformed)?;
        if block.tag() != CERTIFICATE {
            return Err(CertificateError::Malformed);
        }
        Self::from_der(block.contents())
    }

    /// The certificate as PEM text.
    pub fn pem(&self) -> &str {
        &self.pem
    }

    /// Whose key it certifies, as the certificate says.
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// The end of its time. What it certifies is trusted because it is configured, not until then.
    pub const fn not_after(&self) -> Timestamp {
        self.not_after
    }

    /// The size of its key, if that is an RSA key.
    pub const fn rsa_bits(&self) -> Option<usize> {
        self.rsa_bits
    }

    /// The SHA-256 digest by which people compare certificates: pairs of hexadecimal digits.
    pub fn fingerprint(&self) -> String {
        self.fingerprint.map(|byte| format!("{byte:02X}")).join(":")
    }

    /// The certified key, for verifying signatures.
    pub fn verification_key(&self) -> Result<VerificationKey, KeyError> {
        VerificationKey::from_spki_der(&self.spki)
    }

    /// The certified key, for encrypting to its owner.
    pub fn encryption_key(&self) -> Result<EncryptionKey, KeyError> {
        EncryptionKey::from_spki_der(&self.spki)
    }

    fn from_der(der: &[u8]) -> Result<Self, CertificateError> {
        let (rest, certificate) =
            X509Certificate::from_der(der).map_err(|_| CertificateError::Malformed)?;
        if !rest.is_empty() {
            return Err(CertificateError::Malformed);
        }
        Ok(Self {
            pem: crate::key::unix_pem(CERTIFICATE, der),
            spki: certificate.public_key().raw.to_vec(),
            subject: certificate.subject().to_string(),
            not_after: Timestamp::from_secs(certificate.validity().not_after.timestamp()),
            rsa_bits: rsa_bits(&certificate),
            fingerprint: crate::sha256(der),
        })
    }
}

impl std::fmt::Debug for Certificate {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(&self.pem)
    }
}

const CERTIFICATE: &str = "CERTIFICATE";

fn date(instant: Timestamp) -> Result<OffsetDateTime, CertificateError> {
    OffsetDateTime::from_unix_timestamp(instant.as_secs()).map_err(|_| CertificateError::Issue)
}

/// The bits of an RSA key, without the zero in front that keeps it positive.
fn rsa_bits(certificate: &X509Certificate<'_>) -> Option<usize> {
    match certificate.public_key().parsed().ok()? {
        PublicKey::RSA(key) => Some(key.key_size()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::{EcKey, RsaKey};

    #[test]
    fn a_self_signed_certificate_carries_its_key() {
        let key = RsaKey::generate().unwrap();
        let years = (Timestamp::from_secs(1_765_000_000), Timestamp::from_secs(2_080_000_000));
        let certificate = Certificate::self_signed(&key, "media tokens", years).unwrap();
        let read = Certificate::from_pem(certificate.pem()).unwrap();
        assert_eq!(read, certificate);
        assert_eq!(read.rsa_bits(), Some(2_048));
        assert_eq!((read.subject(), read.not_after()), ("CN=media tokens", years.1));
        assert_eq!((read.fingerprint().len(), read.fingerprint().matches(':').count()), (95, 31));
        assert_eq!(read.verification_key().unwrap().kid(), key.kid());
        let text = read.encryption_key().unwrap().encrypt_pkcs1(b"10001").unwrap();
        assert_eq!(text.len(), 256);
        let ec = EcKey::generate().unwrap();
        let certificate = Certificate::self_signed(&ec, "provider", years).unwrap();
        assert_eq!(certificate.verification_key().unwrap().kid(), ec.kid());
        assert_eq!(
            read.encryption_key().unwrap().encrypt_pkcs1(&[b'x'; 246]),
            Err(KeyError::TooLong)
        );
    }

    #[test]
    fn a_text_that_is_no_certificate_is_refused() {
        let key = RsaKey::generate().unwrap();
        for text in ["", "certificate", &key.public().to_pem().unwrap()] {
            assert_eq!(Certificate::from_pem(text), Err(CertificateError::Malformed));
        }
    }
}
