//! Who uses a promotional pass (`access-variants` §2.3): the header's form, and what is kept of it.
//!
//! Programmers are told to send a hash of the personal datum. Whoever sends the datum itself gets it
//! hashed here, so that none is ever stored, and both forms name the same viewer.

use std::fmt;

use base64::Engine as _;
use base64::alphabet::{STANDARD, URL_SAFE};
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde_json::{Map, Value};
use usher_jose::sha256;

use crate::pseudonym::hex;

/// The longest accepted value, in characters.
const CHARS_MAX: usize = 512;

/// Lengths of SHA-256 and SHA-512 in hex digits.
const DIGEST_CHARS: [usize; 2] = [64, 128];

const LENIENT: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_padding_mode(DecodePaddingMode::Indifferent)
    .with_decode_allow_trailing_bits(true);
const PLAIN: GeneralPurpose = GeneralPurpose::new(&STANDARD, LENIENT);
const URL: GeneralPurpose = GeneralPurpose::new(&URL_SAFE, LENIENT);

/// A viewer of promotional passes: a digest in lower-case hex digits.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct IdentityHash(String);

impl IdentityHash {
    /// The viewer whom the programmer calls `value`: a digest is taken as it is, anything else is
    /// hashed with SHA-256. Nothing when the value is empty or longer than 512 characters.
    pub fn of(value: &str) -> Option<Self> {
        // A character is never less than a byte: what is too long by far is not counted out.
        if value.is_empty() || value.len() > 4 * CHARS_MAX || value.chars().count() > CHARS_MAX {
            return None;
        }
        let kept = if is_digest(value) { value.to_owned() } else { hex(&sha256(value.as_bytes())) };
        Some(Self(kept))
    }

    /// The viewer in an `AP-TempPass-Identity` header: base64 of a JSON object whose member `key` is
    /// a text.
    pub(crate) fn in_header(header: &str, key: &str) -> Option<Self> {
        let header = header.trim();
        let json = PLAIN.decode(header).or_else(|_| URL.decode(header)).ok()?;
        let members: Map<String, Value> = serde_json::from_slice(&json).ok()?;
        Self::of(members.get(key)?.as_str()?)
    }

    /// The digest.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for IdentityHash {
    /// The digest of an address can be guessed: only its length is shown.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "IdentityHash({} digits)", self.0.len())
    }
}

fn is_digest(value: &str) -> bool {
    DIGEST_CHARS.contains(&value.len())
        && value.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The published check value.
    const USER: &str = "f7ee5ec7312165148b69fcca1d29075b14b8aef0b5048a332b18b88d09069fb7";

    fn in_header(json: &str) -> Option<IdentityHash> {
        IdentityHash::in_header(&PLAIN.encode(json), "email")
    }

    #[test]
    fn a_clear_value_and_its_digest_are_the_same_viewer() {
        let clear = IdentityHash::of("user@domain.com").unwrap();
        assert_eq!(clear.as_str(), USER);
        assert_eq!(IdentityHash::of(USER), Some(clear.clone()));
        assert_eq!(in_header(r#"{"email":"user@domain.com","x":1}"#), Some(clear));
        let long = "0".repeat(128);
        assert_eq!(IdentityHash::of(&long).unwrap().as_str(), long);
        let upper = IdentityHash::of(&USER.to_uppercase()).unwrap();
        assert_ne!(upper.as_str(), USER, "only lower-case digits are a digest");
    }

    #[test]
    fn both_alphabets_are_read_with_or_without_padding() {
        let json = r#"{"email":"~~?>~~?>"}"#;
        let expected = IdentityHash::of("~~?>~~?>");
        for header in [PLAIN.encode(json), URL.encode(json)] {
            assert_eq!(IdentityHash::in_header(&header, "email"), expected);
            let bare = header.trim_end_matches('=');
            assert_eq!(IdentityHash::in_header(bare, "email"), expected);
        }
    }

    #[test]
    fn what_names_nobody_is_nobody() {
        for json in ["", "[]", "null", r#"{"mail":"x"}"#, r#"{"email":1}"#, r#"{"email":""}"#] {
            assert_eq!(in_header(json), None, "{json}");
        }
        assert_eq!(IdentityHash::in_header("not base64!", "email"), None);
        assert!(IdentityHash::of(&"\u{fc}".repeat(512)).is_some());
        assert_eq!(IdentityHash::of(&"\u{fc}".repeat(513)), None);
    }

    #[test]
    fn an_identity_does_not_print_itself() {
        let printed = IdentityHash::of("user@domain.com").map(|it| format!("{it:?}"));
        assert_eq!(printed.as_deref(), Some("IdentityHash(64 digits)"));
    }
}
