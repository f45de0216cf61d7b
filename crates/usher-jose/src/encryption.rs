//! RSA encryption towards somebody else's certificate or key.

use std::fmt;

use aws_lc_rs::rsa::{
    OAEP_SHA256_MGF1SHA256, OaepPublicEncryptingKey, Pkcs1PublicEncryptingKey, PublicEncryptingKey,
};

use crate::key::KeyError;

/// A public RSA key that values are encrypted to, so that only its owner reads them.
pub struct EncryptionKey(PublicEncryptingKey);

impl EncryptionKey {
    /// The key in this DER `SubjectPublicKeyInfo`.
    pub fn from_spki_der(der: &[u8]) -> Result<Self, KeyError> {
        PublicEncryptingKey::from_der(der).map(Self).map_err(|_| KeyError::Rejected)
    }

    /// `plain` encrypted with RSAES-PKCS1-v1_5, which deployed readers of user metadata expect.
    ///
    /// At most modulus − 11 bytes (245 for 2048 bits); more is [`KeyError::TooLong`].
    pub fn encrypt_pkcs1(&self, plain: &[u8]) -> Result<Vec<u8>, KeyError> {
        let key = Pkcs1PublicEncryptingKey::new(self.0.clone()).map_err(|_| KeyError::Rejected)?;
        let mut out = vec![0; key.ciphertext_size()];
        let out = key.encrypt(plain, &mut out).map_err(|_| KeyError::TooLong)?;
        Ok(out.to_vec())
    }

    /// `plain` encrypted with RSAES-OAEP over SHA-256; the same limits with 66 bytes off.
    pub fn encrypt_oaep(&self, plain: &[u8]) -> Result<Vec<u8>, KeyError> {
        let key = OaepPublicEncryptingKey::new(self.0.clone()).map_err(|_| KeyError::Rejected)?;
        let mut out = vec![0; key.ciphertext_size()];
        let out = key
            .encrypt(&OAEP_SHA256_MGF1SHA256, plain, &mut out, None)
            .map_err(|_| KeyError::TooLong)?;
        Ok(out.to_vec())
    }
}

impl fmt::Debug for EncryptionKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("EncryptionKey").finish_non_exhaustive()
    }
}
