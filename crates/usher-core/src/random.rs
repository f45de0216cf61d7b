//! Randomness as something one is handed.

use uuid::{Builder, Uuid};

/// A cryptographically secure source of random bytes.
pub trait Entropy: Send + Sync + 'static {
    /// Fills `bytes` with random data.
    fn fill(&self, bytes: &mut [u8]);
}

/// What callers actually draw from an [`Entropy`].
pub trait EntropyExt: Entropy {
    /// `N` random bytes.
    fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.fill(&mut bytes);
        bytes
    }

    /// A version 4 UUID (122 random bits).
    fn uuid(&self) -> Uuid {
        Builder::from_random_bytes(self.bytes()).into_uuid()
    }

    /// `length` characters drawn evenly from `alphabet` (2 to 256 ASCII characters).
    ///
    /// Bytes that would favour some characters are thrown away (rejection sampling).
    fn text(&self, alphabet: &[u8], length: usize) -> String {
        let size = alphabet.len().clamp(1, 256);
        let ceiling = 256 / size * size;
        let mut text = String::with_capacity(length);
        while text.len() < length {
            let [byte] = self.bytes::<1>();
            if usize::from(byte) < ceiling
                && let Some(character) = alphabet.get(usize::from(byte) % size)
            {
                text.push(char::from(*character));
            }
        }
        text
    }
}

impl<E: Entropy + ?Sized> EntropyExt for E {}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU8, Ordering};

    use super::*;

    /// Counts upwards, so that rejection is visible.
    struct Counting(AtomicU8);

    impl Entropy for Counting {
        fn fill(&self, bytes: &mut [u8]) {
            for byte in bytes {
                *byte = self.0.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    #[test]
    fn text_uses_only_the_alphabet_and_skips_biased_bytes() {
        // 254 is the last byte that maps evenly on three characters, 255 must be skipped.
        let source = Counting(AtomicU8::new(254));
        assert_eq!(source.text(b"abc", 4), "cabc");
    }

    #[test]
    fn uuids_are_version_four() {
        assert_eq!(Counting(AtomicU8::new(0)).uuid().get_version_num(), 4);
    }
}
