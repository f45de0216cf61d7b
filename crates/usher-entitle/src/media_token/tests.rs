use std::time::Duration;

use futures_executor::block_on;
use proptest::prelude::*;
use usher_jose::{EcKey, OsEntropy, Patience, RsaKey, Signer, SigningKey, SigningPool};

use super::super::{MediaToken, Mint};
use super::*;
use crate::config::MediaTokenFormat;

const NOW: Timestamp = Timestamp::from_secs(1_767_608_130);

fn content() -> MediaTokenContent {
    MediaTokenContent {
        session_guid: "6d1f".into(),
        service_provider: "REF30".into(),
        resource: "acme-sports".into(),
        ttl: Duration::from_mins(7),
        issue_time: NOW,
        mvpd: "OpCoProxied".into(),
        proxy_mvpd: Some("OpCoHub".into()),
    }
}

fn minted(format: MediaTokenFormat) -> (MediaToken, VerificationKeys) {
    let key: SigningKey = match format {
        MediaTokenFormat::Xml => RsaKey::generate().unwrap().into(),
        MediaTokenFormat::Jws => EcKey::generate().unwrap().into(),
    };
    let keys = VerificationKeys::new([key.public().clone()]);
    let signer = Signer::new(key, SigningPool::new(1, 1, Patience::endless()).unwrap());
    let mint = Mint::new(format, "usher", signer);
    (block_on(mint.make(&content(), &OsEntropy)).unwrap(), keys)
}

fn status(
    token: &str,
    keys: &VerificationKeys,
    expected: Expected<'_>,
    now: Timestamp,
) -> &'static str {
    verify(token, keys, expected, now).map_or_else(MediaTokenError::status, |_| "VALID_TOKEN")
}

#[test]
fn both_forms_say_what_they_were_made_for() {
    for format in [MediaTokenFormat::Xml, MediaTokenFormat::Jws] {
        let (token, keys) = minted(format);
        let read = verify(&token.serialized, &keys, Expected::default(), NOW);
        assert_eq!(read, Ok(content()), "{format:?}");
        assert_eq!(token.not_after, NOW + Duration::from_mins(7));
    }
}

#[test]
fn each_status_has_its_cause() {
    let other_keys = VerificationKeys::new([RsaKey::generate().unwrap().public().clone()]);
    for format in [MediaTokenFormat::Xml, MediaTokenFormat::Jws] {
        let (token, keys) = minted(format);
        let token = token.serialized.as_str();
        let any = Expected::default();
        let fits = Expected { resource: Some("acme-sports"), service_provider: Some("REF30") };
        let end = NOW + Duration::from_mins(7);
        assert_eq!(status(token, &keys, fits, NOW), "VALID_TOKEN");
        assert_eq!(status(token, &keys, any, end), "TOKEN_EXPIRED");
        assert_eq!(status(token, &keys, any, end - Duration::from_secs(1)), "VALID_TOKEN");
        assert_eq!(status(token, &other_keys, any, NOW), "INVALID_SIGNATURE");
        let film = Expected { resource: Some("acme-movies"), ..any };
        assert_eq!(status(token, &keys, film, NOW), "INVALID_RESOURCE_ID");
        let channel = Expected { service_provider: Some("NEWS24"), ..any };
        assert_eq!(status(token, &keys, channel, NOW), "INVALID_REQUESTOR_ID");
    }
    assert_eq!(
        status("bm8gdG9rZW4=", &other_keys, Expected::default(), NOW),
        "INVALID_TOKEN_FORMAT"
    );
    assert_eq!(status("", &other_keys, Expected::default(), NOW), "INVALID_TOKEN_FORMAT");
}

#[test]
fn the_documented_form_starts_as_documented_and_is_padded() {
    let (token, _) = minted(MediaTokenFormat::Xml);
    assert!(token.serialized.starts_with("PHNpZ25hdHVyZUluZm8+"));
    assert_eq!(token.serialized.len() % 4, 0);
}

#[test]
fn no_altered_byte_goes_unnoticed() {
    for format in [MediaTokenFormat::Xml, MediaTokenFormat::Jws] {
        let (token, keys) = minted(format);
        for position in 0..token.serialized.len() {
            let mut bytes = token.serialized.clone().into_bytes();
            bytes[position] = if bytes[position] == b'A' { b'B' } else { b'A' };
            let altered = String::from_utf8(bytes).unwrap();
            let answer = verify(&altered, &keys, Expected::default(), NOW);
            assert!(answer.is_err(), "{format:?} at {position}");
        }
    }
}

proptest! {
    #[test]
    fn garbage_is_no_token(garbage: String) {
        let keys = VerificationKeys::new([]);
        prop_assert!(verify(&garbage, &keys, Expected::default(), NOW).is_err());
    }
}
