//! Genuine answers are accepted, and read in full.

use std::time::Duration;

use super::*;
use crate::binding::{Parameter, Redirected};
use crate::scoped_entity_id;

#[test]
fn an_answer_is_read_in_full() {
    let attributes = [
        ("householdID", vec!["hh-1".to_owned()]),
        ("channelID", vec!["CNN".into(), " TNT ".into()]),
    ];
    let answer = answer(&alice(), &attributes).clear(&PROVIDER.identity).unwrap();
    let verified = verify(&answer).unwrap();
    assert_eq!(verified.user_id, "alice@cableone.example");
    assert_eq!(verified.name_id, Some(alice()));
    assert_eq!(verified.session_index.as_deref(), Some("_session"));
    assert_eq!(verified.authn_instant, Some(NOW));
    assert_eq!(verified.session_not_on_or_after, Some(NOW + Duration::from_hours(24)));
    assert_eq!(verified.attributes["householdID"], ["hh-1"]);
    assert_eq!(verified.attributes["channelID"], ["CNN", "TNT"]);
    assert_eq!(verified.issuer, IDP);
    assert_eq!(verified.assertion_id, "_assertion");
    assert_eq!(verified.not_on_or_after, NOW + Duration::from_mins(5 + 2));
    assert_eq!(verified.in_response_to.as_deref(), Some(REQUEST));
    assert!(verified.authn_context.unwrap().ends_with("PasswordProtectedTransport"));
}

#[test]
fn a_signature_of_the_assertion_or_of_the_response_is_enough_unless_configured_otherwise() {
    for (parts, assertion, both) in [
        (SignParts::Both, true, true),
        (SignParts::Assertion, true, false),
        (SignParts::Response, false, false),
    ] {
        let document = document(parts);
        let accepted = |signed| {
            IdentityProvider { signed, ..provider() }.verify(&document, &expected()).is_ok()
        };
        assert!(accepted(SignedPart::Either), "{parts:?}");
        assert_eq!(accepted(SignedPart::Assertion), assertion, "{parts:?}");
        assert_eq!(accepted(SignedPart::Both), both, "{parts:?}");
    }
}

#[test]
fn both_certificates_of_a_rotation_are_accepted_in_either_order() {
    let next = &ATTACKER;
    for certificates in [[&*PROVIDER, next], [next, &*PROVIDER]] {
        let certificates = certificates.map(|party| party.identity.certificate().clone());
        let trust = TrustedKeys::pinned(&certificates, Sha1::Refused).unwrap();
        let provider = IdentityProvider { trust: Arc::new(trust), ..provider() };
        for party in [&*PROVIDER, next] {
            let document = document_by(party, SignParts::Assertion);
            assert!(provider.verify(&document, &expected()).is_ok());
        }
    }
}

#[test]
fn a_comment_in_the_name_does_not_shorten_it() {
    let document = document(SignParts::Assertion);
    let commented = replaced(&document, "alice@cableone", "alice<!-- -->@cableone");
    assert_eq!(verify(&commented).unwrap().user_id, "alice@cableone.example");
}

#[test]
fn values_are_trimmed() {
    let name_id = NameId { value: "\n  alice\n ".into(), ..alice() };
    let audience = format!("\n {SP}\n ");
    let issuer = format!(" {IDP} ");
    let document = ResponseToSign { audience: &audience, issuer: &issuer, ..answer(&name_id, &[]) }
        .clear(&PROVIDER.identity)
        .unwrap();
    let verified = verify(&document).unwrap();
    assert_eq!((verified.user_id.as_str(), verified.issuer.as_str()), ("alice", IDP));
}

#[test]
fn the_audience_may_carry_the_scoping_suffix_of_this_requestor_only() {
    for (requestor, outcome) in [("NEWSCH", "accepted"), ("OTHERCH", "audience")] {
        let audience = scoped_entity_id(SP, requestor);
        let document = ResponseToSign { audience: &audience, ..answer(&alice(), &[]) }
            .clear(&PROVIDER.identity)
            .unwrap();
        assert_eq!(refusal(&document), outcome);
    }
}

#[test]
fn the_skew_is_added_on_both_sides() {
    let document = document(SignParts::Both);
    for (seconds, outcome) in
        [(-151, "time"), (-150, "accepted"), (0, "accepted"), (419, "accepted"), (420, "time")]
    {
        let now = Timestamp::from_secs(NOW.as_secs() + seconds);
        let result = provider().verify(&document, &Expected { now, ..expected() });
        let found = result.map_or_else(|rejection| rejection.code(), |_| "accepted");
        assert_eq!(found, outcome, "{seconds}");
    }
}

#[test]
fn an_unsolicited_answer_needs_consent() {
    let document = ResponseToSign { in_response_to: None, ..answer(&alice(), &[]) }
        .clear(&PROVIDER.identity)
        .unwrap();
    assert_eq!(refusal(&document), "unsolicited");
    let open = Expected { unsolicited: Unsolicited::Accepted, ..expected() };
    let verified = provider().verify(&document, &open).unwrap();
    assert_eq!(verified.in_response_to, None);
}

#[test]
fn the_viewer_is_named_by_the_configured_attribute() {
    let attributes = [("guid", vec!["g-17".to_owned()]), ("empty", vec![String::new()])];
    let document = answer(&alice(), &attributes).clear(&PROVIDER.identity).unwrap();
    let by = |attribute: &str| {
        let expected = Expected { user_id_attribute: Some(attribute), ..expected() };
        provider().verify(&document, &expected).map(|verified| verified.user_id)
    };
    assert_eq!(by("guid"), Ok("g-17".to_owned()));
    assert_eq!(by("empty"), Err(Rejection::NoUserId));
    assert_eq!(by("GUID"), Err(Rejection::NoUserId));
}

#[test]
fn a_refusal_of_a_passive_request_is_told_apart() {
    let passive = ("urn:oasis:names:tc:SAML:2.0:status:Responder", Some(crate::names::NO_PASSIVE));
    let document = crate::idp::failure(("_r", IDP, ACS), Some(REQUEST), passive, NOW);
    let rejection = verify(&document).unwrap_err();
    assert_eq!(rejection.code(), "status");
    assert!(rejection.is_no_passive());
}

/// Made with OpenSSL and another canonicalizer than the one that verifies.
#[test]
fn sha_1_needs_consent() {
    let document = include_str!("../../fixtures/rsa-sha1-response.xml");
    let certificate = Certificate::from_pem(include_str!("../../fixtures/rsa-sha1.crt")).unwrap();
    let read = |sha1| {
        let trust = TrustedKeys::pinned(std::slice::from_ref(&certificate), sha1).unwrap();
        let provider = IdentityProvider { trust: Arc::new(trust), ..provider() };
        provider.verify(document, &expected()).map(|verified| verified.user_id)
    };
    assert_eq!(read(Sha1::Refused), Err(Rejection::Algorithm));
    assert_eq!(read(Sha1::Accepted).as_deref(), Ok("u-legacy"));
}

/// Keys of the other kind: in documents, in queries, and by whoever trusts them alone.
#[test]
fn elliptic_curve_keys_sign_too() {
    let key = usher_jose::EcKey::generate().unwrap();
    let years = (NOW, NOW + Duration::from_hours(24));
    let certificate = Certificate::self_signed(&key, "curved", years).unwrap();
    let trust = TrustedKeys::pinned(std::slice::from_ref(&certificate), Sha1::Refused).unwrap();
    let identity = SigningIdentity::new(&key, certificate).unwrap();
    let document = answer(&alice(), &[]).clear(&identity).unwrap();
    let curved = IdentityProvider { trust: Arc::new(trust), ..provider() };
    assert!(curved.verify(&document, &expected()).is_ok());
    assert_eq!(refusal(&document), "signature");

    let url =
        crate::binding::redirect_url(ACS, (Parameter::Request, "<a/>"), None, Some(&identity));
    let url = url.unwrap();
    let query = url.split_once('?').unwrap().1;
    let message = Redirected::parse(query, Parameter::Request).unwrap();
    assert_eq!(message.is_signed(&curved.trust), Ok(true));
    assert!(message.is_signed(&PROVIDER.trusted()).is_err());
}
