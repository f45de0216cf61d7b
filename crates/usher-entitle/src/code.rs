//! Codes of authentication sessions: short enough to be typed with a remote control.

use std::fmt;
use std::sync::Arc;

use usher_core::{Entropy, EntropyExt};

const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
const LENGTH: usize = 7;

/// The code of an authentication session, in upper case (`pass-rest-v2` §5.1).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Code(Arc<str>);

impl Code {
    /// A fresh code: 36⁷ ≈ 78 billion possibilities.
    pub fn draw(entropy: &(impl Entropy + ?Sized)) -> Self {
        Self(entropy.text(ALPHABET, LENGTH).into())
    }

    /// The code somebody typed: 6 to 8 letters and digits in either case.
    pub fn parse(text: &str) -> Option<Self> {
        let sound =
            (6..=8).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
        sound.then(|| Self(text.to_ascii_uppercase().into()))
    }

    /// The code as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Code {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_may_be_typed_in_lower_case() {
        assert_eq!(Code::parse("7kq2m4x"), Code::parse("7KQ2M4X"));
        assert_eq!(Code::parse("7kq2m4x").unwrap().as_str(), "7KQ2M4X");
    }

    #[test]
    fn other_characters_and_lengths_are_no_code() {
        for wrong in ["", "ABC!", "ABCDE", "ABCDEFGHI", "ABCD EF", "ÄBCDEF"] {
            assert_eq!(Code::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn drawn_codes_can_be_typed_again() {
        let code = Code::draw(&usher_jose::OsEntropy);
        assert_eq!(Code::parse(code.as_str()), Some(code));
    }
}
