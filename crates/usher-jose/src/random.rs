//! The operating system's randomness.

use aws_lc_rs::rand;
use usher_core::Entropy;

/// Randomness from the crypto library's generator, which the operating system seeds.
#[derive(Clone, Copy, Debug, Default)]
pub struct OsEntropy;

impl Entropy for OsEntropy {
    /// # Panics
    ///
    /// When the generator fails: a predictable secret is worse than a dead request.
    fn fill(&self, bytes: &mut [u8]) {
        assert!(rand::fill(bytes).is_ok(), "the random generator failed");
    }
}

#[cfg(test)]
mod tests {
    use usher_core::EntropyExt as _;

    use super::*;

    #[test]
    fn two_draws_differ() {
        assert_ne!(OsEntropy.bytes::<16>(), OsEntropy.bytes::<16>());
    }
}
