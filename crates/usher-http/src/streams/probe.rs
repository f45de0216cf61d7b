//! Hostile bytes through the parsers of this API, with what must be true of whatever they make of them.
//!
//! Entry points of the fuzz targets in `fuzz/`, and of the tests below, which throw a little at them in
//! every run of the gate.

use usher_streams::{Metadata, Submission};

use super::path::{Place, SEGMENT_BYTES_MAX, Target};
use super::start::codes_in;
use super::submission::{PAIRS_MAX, pairs};

/// A request path.
///
/// # Panics
///
/// When it names something that no path may name.
pub fn path(bytes: &[u8]) {
    let Ok(path) = std::str::from_utf8(bytes) else { return };
    let Some(place) = Place::find(path) else { return };
    let Ok(target) = place.target() else { return };
    match target {
        Target::Metadata => {}
        Target::Subject(subject) | Target::Running(subject) => {
            assert_printable(subject.idp());
            assert_printable(subject.account());
        }
        Target::Stream(subject, session) => {
            assert_printable(subject.idp());
            assert_printable(subject.account());
            assert_printable(&session);
        }
    }
}

fn assert_printable(segment: &str) {
    assert!(!segment.is_empty() && segment.len() <= SEGMENT_BYTES_MAX);
    assert!(!segment.chars().any(char::is_control));
}

/// A form, as query or body, whose content becomes the metadata of a stream.
///
/// # Panics
///
/// When the metadata is more than the limits allow, or sending the same again changes it.
pub fn form(bytes: &[u8]) {
    let sent: Vec<_> = pairs(bytes).take(PAIRS_MAX).collect();
    assert!(sent.iter().all(|(name, _)| !name.is_empty()));
    let submission = Submission::Pairs(sent);
    let Ok(first) = Metadata::default().merged(&submission) else { return };
    let metadata = first.unwrap_or_default();
    assert!(metadata.iter().count() < PAIRS_MAX);
    for (name, value) in metadata.iter() {
        assert!(name.len() <= 128 && value.len() <= 1024 && !value.trim().is_empty());
        assert_eq!(metadata.get(name), Some(value));
    }
    assert_eq!(metadata.merged(&submission), Ok(None));
}

/// A list of termination codes.
///
/// # Panics
///
/// When something is taken for a code that is none.
pub fn codes(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    for code in codes_in(text) {
        assert!(text.contains(&code.to_string()));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Bytes in which the letters that mean something are frequent.
    fn bytes(alphabet: &'static [u8]) -> impl Strategy<Value = Vec<u8>> {
        let letter = prop_oneof![3 => prop::sample::select(alphabet), 1 => any::<u8>()];
        prop::collection::vec(letter, 0..300)
    }

    proptest! {
        #[test]
        fn no_path_names_what_it_must_not(tail in bytes(b"/ab%20F0c..;+?#\0")) {
            path(&[b"/v2/sessions/", &*tail].concat());
            path(&[b"/v2/", &*tail].concat());
        }

        #[test]
        fn no_form_gets_past_the_limits(text in bytes(b"&&==ab+%4f%")) {
            form(&text);
            form(&text.repeat(40));
        }

        #[test]
        fn nothing_but_codes_is_a_code(text in bytes(b"0123456789abcdef,, ")) {
            codes(&text);
        }
    }
}
