//! Secrets at rest: AES-256-GCM with a random nonce per message.
//!
//! A sealed value is `nonce (12) ‖ ciphertext ‖ tag (16)`. The context (for instance table and row)
//! is authenticated with it, so that a sealed value cannot be moved to where another belongs. Random
//! 96-bit nonces are good for 2³² messages per key. What is encrypted is compressed first: nobody could do
//! it later, and texts around tokens are most of what is kept of a viewer.

mod compressed;

use std::fmt;

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use usher_core::Secret;

/// A key that seals and opens values.
pub struct SealingKey(RandomizedNonceKey);

/// The value could not be sealed, or is not what was once sealed under this key and context.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the sealed value is not authentic")]
pub struct SealError;

impl SealingKey {
    /// The key made of these 256 random bits.
    pub fn new(key: &Secret<[u8; 32]>) -> Result<Self, SealError> {
        RandomizedNonceKey::new(&AES_256_GCM, key.expose()).map(Self).map_err(|_| SealError)
    }

    /// Seals `plain` for `context`.
    pub fn seal(&self, plain: &[u8], context: &[u8]) -> Result<Vec<u8>, SealError> {
        let mut body = compressed::compress(plain).ok_or(SealError)?;
        let nonce = self
            .0
            .seal_in_place_append_tag(Aad::from(context), &mut body)
            .map_err(|_| SealError)?;
        let mut sealed = nonce.as_ref().to_vec();
        sealed.append(&mut body);
        Ok(sealed)
    }

    /// What was sealed for `context`.
    pub fn open(&self, sealed: &[u8], context: &[u8]) -> Result<Secret<Vec<u8>>, SealError> {
        let (nonce, body) = sealed.split_at_checked(NONCE_LEN).ok_or(SealError)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| SealError)?;
        let mut body = body.to_vec();
        let plain =
            self.0.open_in_place(nonce, Aad::from(context), &mut body).map_err(|_| SealError)?;
        compressed::decompress(plain).map(Secret::new).ok_or(SealError)
    }
}

impl fmt::Debug for SealingKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("SealingKey([secret])")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn key(byte: u8) -> SealingKey {
        SealingKey::new(&Secret::new([byte; 32])).unwrap()
    }

    #[test]
    fn a_sealed_value_opens_only_with_its_key_and_context() {
        let sealed = key(1).seal(b"refresh token", b"profile 7").unwrap();
        assert_eq!(key(1).open(&sealed, b"profile 7").unwrap().expose(), b"refresh token");
        assert!(key(1).open(&sealed, b"profile 8").is_err());
        assert!(key(2).open(&sealed, b"profile 7").is_err());
    }

    #[test]
    fn sealing_twice_gives_two_texts() {
        assert_ne!(key(1).seal(b"x", b"").unwrap(), key(1).seal(b"x", b"").unwrap());
    }

    proptest! {
        #[test]
        fn no_altered_value_opens(plain: Vec<u8>, position: usize, flip in 1..=255_u8) {
            let mut sealed = key(3).seal(&plain, b"here").unwrap();
            let position = position % sealed.len();
            sealed[position] ^= flip;
            prop_assert!(key(3).open(&sealed, b"here").is_err());
        }

        #[test]
        fn garbage_does_not_open(garbage: Vec<u8>) {
            prop_assert!(key(3).open(&garbage, b"here").is_err());
        }
    }
}
