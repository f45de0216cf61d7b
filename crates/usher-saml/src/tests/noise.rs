//! Arbitrary input: never a panic, never accepted, never more work than the bounds allow.

use proptest::prelude::*;

use super::*;
use crate::XmlError;
use crate::fuzz::{ENTRANCES, RECORDED};

static DOCUMENT: LazyLock<String> = LazyLock::new(|| document(SignParts::Both));
static IDENTITY_PROVIDER: LazyLock<IdentityProvider> = LazyLock::new(provider);

fn everything_reads(text: &str) {
    for (_, entrance) in ENTRANCES {
        entrance(text.as_bytes());
    }
}

/// `text` with `length` characters from somewhere replaced by `with`.
fn changed(text: &str, (at, length): (prop::sample::Index, usize), with: &str) -> String {
    let characters: Vec<char> = text.chars().collect();
    let from = at.index(characters.len());
    let to = (from + length).min(characters.len());
    let (before, after) = (&characters[..from], &characters[to..]);
    before.iter().copied().chain(with.chars()).chain(after.iter().copied()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_refused(text in ".{0,200}") {
        everything_reads(&text);
    }

    #[test]
    fn any_markup_is_refused(text in "([<>/!?'\"=&;a:-]|xmlns|<a |</a>|<!--|]]>|<!\\[CDATA\\[|&#x?[0-9]{0,7};){0,60}") {
        everything_reads(&text);
    }

    /// A genuine answer with a few bytes changed is refused or says the same.
    #[test]
    fn a_changed_answer_never_says_something_else(at in any::<prop::sample::Index>(), length in 0_usize..40, with in "[ -~]{0,8}") {
        let changed = changed(&DOCUMENT, (at, length), &with);
        if let Ok(verified) = IDENTITY_PROVIDER.verify(&changed, &expected()) {
            let original = IDENTITY_PROVIDER.verify(&DOCUMENT, &expected()).unwrap();
            prop_assert_eq!(verified, original);
        }
    }

    /// The same with an answer of others, through every entrance.
    #[test]
    fn a_changed_answer_of_others_passes_no_entrance(at in any::<prop::sample::Index>(), length in 0_usize..40, with in "[ -~]{0,8}") {
        everything_reads(&changed(RECORDED, (at, length), &with));
    }

    /// Pieces of messages in any order, which get further than noise does.
    #[test]
    fn pieces_of_messages_are_refused(pieces in prop::collection::vec((any::<prop::sample::Index>(), 0_usize..400), 1..12)) {
        let cut = |(at, length): (prop::sample::Index, usize)| {
            RECORDED.chars().skip(at.index(RECORDED.len())).take(length).collect::<String>()
        };
        everything_reads(&pieces.into_iter().map(cut).collect::<String>());
    }
}

/// The entrance is not a wall: the recorded message itself passes.
#[test]
fn the_recorded_message_is_accepted() {
    let recorded = specimen::Specimen::recorded();
    assert_eq!(recorded.first().unwrap().refusal(RECORDED), "accepted");
    everything_reads(RECORDED);
}

#[test]
fn expensive_messages_are_refused_before_they_are_parsed() {
    let attributes = (0..80_000).map(|i| format!(" a{i}=''")).collect::<Vec<_>>().concat();
    let document = &DOCUMENT;
    let inside = |text: &str| replaced(document, "alice@", text);
    for (message, refusal) in [
        (format!("<samlp:Response{attributes}/>"), XmlError::TooLong),
        (inside(&format!("<a{}/>", attributes.split_at(150_000).0)), XmlError::TooMany),
        (inside(&" ".repeat(5_000_000)), XmlError::TooLong),
        (inside(&"<a>".repeat(10_000)), XmlError::TooDeep),
        (inside(&"<a/>".repeat(20_000)), XmlError::TooMany),
        (inside(&"<!---->".repeat(20_000)), XmlError::TooMany),
    ] {
        let found = IDENTITY_PROVIDER.verify(&message, &expected());
        assert_eq!(found, Err(Rejection::Malformed(refusal)));
    }
}

#[test]
fn many_signatures_are_refused_before_any_is_verified() {
    let signature = cut(&DOCUMENT, "<ds:Signature ", "</ds:Signature>");
    let many = replaced(&DOCUMENT, signature, &signature.repeat(100));
    assert_eq!(refusal(&many), "signature");
}
