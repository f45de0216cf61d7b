//! What must not be readable at rest, and references that are stored as their digest only.

use usher_core::{Entropy, EntropyExt, Secret};
use usher_jose::{base64url, sha256};

/// Bytes that only this deployment's sealing key opens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sealed(Vec<u8>);

impl Sealed {
    /// Sealed bytes as a store keeps them.
    pub const fn from_bytes(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// The sealed bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// The digest of a single-use reference that travels through a browser (`state`).
///
/// Stores keep this; whoever reads the store cannot continue anybody's sign-in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct StateDigest([u8; 32]);

impl StateDigest {
    /// A fresh reference of 256 random bits and its digest.
    pub fn draw(entropy: &(impl Entropy + ?Sized)) -> (Secret<String>, Self) {
        let state = base64url(entropy.bytes::<32>());
        let digest = Self::of(&state);
        (Secret::new(state), digest)
    }

    /// The digest of the reference `state`.
    pub fn of(state: &str) -> Self {
        Self(sha256(state.as_bytes()))
    }

    /// The digest as a store keeps it.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The digest's bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}
