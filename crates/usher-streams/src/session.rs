//! Session ids and termination codes (`concurrency` §7.1, §7.2).

use std::fmt;
use std::hash::Hasher;

use serde::{Deserialize, Serialize};
use siphasher::sip::SipHasher24;
use usher_core::{Secret, Timestamp};

use crate::Subject;

/// The id of a stream: 36 characters on the wire, 16 bytes here.
///
/// High half: the start in epoch milliseconds. Low half: 24 random bits, then the 40 bits with
/// which a [`Seal`] proves that this service issued the id to its subject.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SessionId {
    high: u64,
    low: u64,
}

impl SessionId {
    /// Reads the wire form; anything but lower-case 8-4-4-4-12 hex is no id.
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() != 36 {
            return None;
        }
        let (mut high, mut low) = (0, 0);
        for (index, byte) in text.bytes().enumerate() {
            let digit = match (is_hyphen(index), byte) {
                (true, b'-') => continue,
                (true, _) => return None,
                (_, b'0'..=b'9') => byte - b'0',
                (_, b'a'..=b'f') => byte - b'a' + 10,
                _ => return None,
            };
            high = high << 4 | low >> 60;
            low = low << 4 | u64::from(digit);
        }
        Some(Self { high, low })
    }

    /// When the stream started.
    pub fn started_at(self) -> Timestamp {
        Timestamp::from_millis(self.high.cast_signed())
    }

    /// The code that names this stream in `X-Terminate`.
    pub fn code(self) -> TerminationCode {
        TerminationCode(self.text().into_iter().fold(0, polynomial))
    }

    /// The wire form, in ASCII.
    fn text(self) -> [u8; 36] {
        let mut text = [b'-'; 36];
        let mut rest = u128::from(self.high) << 64 | u128::from(self.low);
        for (at, place) in text.iter_mut().enumerate().rev() {
            if !is_hyphen(at) {
                *place = hexadecimal(rest.to_le_bytes()[0] & 0xf);
                rest >>= 4;
            }
        }
        text
    }
}

/// Whether the wire form has a hyphen at a place below 64.
const fn is_hyphen(place: usize) -> bool {
    const HYPHENS: u64 = 1 << 8 | 1 << 13 | 1 << 18 | 1 << 23;
    HYPHENS >> place & 1 == 1
}

const fn hexadecimal(digit: u8) -> u8 {
    if digit < 10 { b'0' + digit } else { b'a' + digit - 10 }
}

const fn polynomial(hash: u32, byte: u8) -> u32 {
    hash.wrapping_mul(31).wrapping_add(byte as u32)
}

impl fmt::Display for SessionId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(std::str::from_utf8(&self.text()).unwrap_or_default())
    }
}

impl fmt::Debug for SessionId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}

/// Eight hexadecimal digits that name a stream among those of its subject. Not a secret.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TerminationCode(u32);

impl TerminationCode {
    /// Reads the wire form; anything but eight lower-case hexadecimal digits is no code.
    pub fn parse(text: &str) -> Option<Self> {
        let canonical =
            text.len() == 8 && text.bytes().all(|it| matches!(it, b'0'..=b'9' | b'a'..=b'f'));
        canonical.then(|| u32::from_str_radix(text, 16).ok().map(Self)).flatten()
    }
}

impl fmt::Display for TerminationCode {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:08x}", self.0)
    }
}

impl fmt::Debug for TerminationCode {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}

/// Marks ids as issued here, so that "never issued" (404) and "long over" (410) can be told apart
/// after every record of a stream is gone.
///
/// The mark is SipHash-2-4 under a secret key, cut to 40 bits: guessing one takes 2⁴⁰ requests and
/// gains a 410 instead of a 404. It is no authentication.
#[derive(Clone, Debug)]
pub struct Seal(Secret<[u8; 16]>);

const MARK_BITS: u32 = 40;
const MARK: u64 = (1 << MARK_BITS) - 1;

impl Seal {
    /// A seal with `key`. Every node of a deployment, and every run of it, uses the same key.
    pub const fn new(key: Secret<[u8; 16]>) -> Self {
        Self(key)
    }

    /// An id for a stream of `subject` that starts at `at`; `salt` gives the random bits (24 used).
    pub fn issue(&self, subject: &Subject, at: Timestamp, salt: u32) -> SessionId {
        let high = at.as_millis().cast_unsigned();
        let salt = u64::from(salt & 0x00ff_ffff);
        let low = salt << MARK_BITS | self.mark(subject, high, salt);
        SessionId { high, low }
    }

    /// Whether `id` was issued with this key to `subject`.
    pub fn issued(&self, subject: &Subject, id: SessionId) -> bool {
        id.low & MARK == self.mark(subject, id.high, id.low >> MARK_BITS)
    }

    fn mark(&self, subject: &Subject, high: u64, salt: u64) -> u64 {
        let mut hasher = SipHasher24::new_with_key(self.0.expose());
        hasher.write_u64(high);
        hasher.write_u64(salt);
        hasher.write_usize(subject.idp().len());
        hasher.write(subject.idp().as_bytes());
        hasher.write(subject.account().as_bytes());
        hasher.finish() & MARK
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const VECTORS: [(&str, &str); 10] = [
        ("00000194-d634-06cd-c134-7445567a01b0", "94c8f7d9"),
        ("00000195-3c88-656a-3aec-3dfb749ffce4", "c424312e"),
        ("00000193-6292-4357-2768-f1575e82306a", "51fd351f"),
        ("0000015f-8e7d-1cb6-228c-f37f179d3996", "a8926e43"),
        ("0000015f-8e7d-19bf-715f-5e19600b284a", "c8bf2690"),
        ("0000019c-ed93-b1a9-40b2-d002cc92d33d", "fd8abe94"),
        ("0000019c-ed94-3cab-3283-3106536e95df", "18721fb7"),
        ("0000019c-ed94-fd0a-3170-fab23d90fbac", "1827cd3a"),
        ("0000019c-ed95-7cf7-f08d-b22fd293056a", "46f10c73"),
        ("0000019c-ed98-0000-d9fe-5a01d9d96f80", "0029a6d8"),
    ];

    #[test]
    fn codes_are_those_of_the_published_pairs() {
        for (id, code) in VECTORS {
            let parsed = SessionId::parse(id).unwrap();
            assert_eq!(parsed.to_string(), id);
            assert_eq!(parsed.code().to_string(), code);
            assert_eq!(TerminationCode::parse(code), Some(parsed.code()));
        }
    }

    #[test]
    fn only_the_canonical_form_is_an_id() {
        for wrong in [
            "",
            "00000194-d634-06cd-c134-7445567a01b",
            "00000194-D634-06CD-C134-7445567A01B0",
            "00000194d-634-06cd-c134-7445567a01b0",
            "00000194-d634-06cd-c134-7445567a01bg",
        ] {
            assert_eq!(SessionId::parse(wrong), None, "{wrong}");
        }
        for wrong in ["", "94C8F7D9", "94c8f7d", "94c8f7d99", "+4c8f7d9"] {
            assert_eq!(TerminationCode::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn an_id_tells_its_start_and_is_valid_for_its_subject_only() {
        let seal = Seal::new(Secret::new([7; 16]));
        let owner = Subject::new("northcable", "u1");
        let id = seal.issue(&owner, Timestamp::from_millis(1_773_512_490_250), 0xdead_beef);
        assert_eq!(id.started_at().as_millis(), 1_773_512_490_250);
        assert!(id.to_string().starts_with("0000019c-ed94-fd0a-adbe-ef"));
        assert!(seal.issued(&owner, id));
        assert!(!seal.issued(&Subject::new("northcable", "u2"), id));
        assert!(!seal.issued(&Subject::new("northcableu", "1"), id));
        assert!(!Seal::new(Secret::new([8; 16])).issued(&owner, id));
    }
}
