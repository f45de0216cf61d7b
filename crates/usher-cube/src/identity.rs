//! Who is who, without saying so: keyed fingerprints of users and sessions.

use std::hash::Hasher as _;

use siphasher::sip::SipHasher13;

/// Makes 64-bit fingerprints.
///
/// Counting who was there compares fingerprints instead of names: among a million users the odds that any
/// two look alike are 1 to 37 million.
#[derive(Clone, Copy)]
pub struct Fingerprints {
    key: (u64, u64),
}

impl std::fmt::Debug for Fingerprints {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Fingerprints([secret])")
    }
}

impl Fingerprints {
    /// Fingerprints under `key`; another key gives others.
    pub fn new(key: [u8; 16]) -> Self {
        let key = u128::from_le_bytes(key);
        let low = u64::try_from(key & u128::from(u64::MAX)).unwrap_or_default();
        let high = u64::try_from(key >> 64).unwrap_or_default();
        Self { key: (low, high) }
    }

    /// The fingerprint of what `parts` name together.
    pub fn of(&self, parts: &[&str]) -> u64 {
        let mut hasher = SipHasher13::new_with_keys(self.key.0, self.key.1);
        for part in parts {
            hasher.write(part.as_bytes());
            // No text contains this byte, so that ("a", "b") and ("ab", "") differ.
            hasher.write_u8(0xff);
        }
        hasher.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fingerprints_depend_on_every_part_and_on_the_key() {
        let prints = Fingerprints::new([1; 16]);
        assert_eq!(prints.of(&["a", "b"]), prints.of(&["a", "b"]));
        assert_ne!(prints.of(&["a", "b"]), prints.of(&["ab", ""]));
        assert_ne!(prints.of(&["a", "b"]), prints.of(&["b", "a"]));
        assert_ne!(prints.of(&["a"]), Fingerprints::new([2; 16]).of(&["a"]));
        assert_eq!(format!("{prints:?}"), "Fingerprints([secret])");
    }
}
