//! Arbitrary input: never a panic, never accepted, never more work than the bounds allow.

use proptest::prelude::*;

use super::*;
use crate::authz::{AuthzExpected, read_plain, read_soap};
use crate::binding::{Parameter, Redirected, from_post_value};
use crate::metadata::ProviderMetadata;
use crate::{Resource, XmlError};

static DOCUMENT: LazyLock<String> = LazyLock::new(|| document(SignParts::Both));
static IDENTITY_PROVIDER: LazyLock<IdentityProvider> = LazyLock::new(provider);

fn everything_reads(text: &str) {
    assert!(IDENTITY_PROVIDER.verify(text, &expected()).is_err());
    let expected = AuthzExpected {
        now: NOW,
        issuer: IDP,
        sp_entity_id: SP,
        requestor: None,
        request_id: "_q",
        trust: Some(&IDENTITY_PROVIDER.trust),
        skew: Duration::ZERO,
    };
    assert!(read_soap(text, &expected).is_err());
    let _ = read_plain(text);
    let _ = Resource::parse(text);
    let _ = ProviderMetadata::read(text, None, NOW);
    let _ = from_post_value(text);
    let _ = Redirected::parse(text, Parameter::Response);
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
        let characters: Vec<char> = DOCUMENT.chars().collect();
        let from = at.index(characters.len());
        let to = (from + length).min(characters.len());
        let changed: String =
            characters[..from].iter().copied().chain(with.chars()).chain(characters[to..].iter().copied()).collect();
        if let Ok(verified) = IDENTITY_PROVIDER.verify(&changed, &expected()) {
            let original = IDENTITY_PROVIDER.verify(&DOCUMENT, &expected()).unwrap();
            prop_assert_eq!(verified, original);
        }
    }
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
