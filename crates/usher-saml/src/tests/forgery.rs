//! Answers that are altered, stale, misdirected or signed by the wrong hand are refused.

use std::time::Duration;

use super::*;

const SIGNED: [SignParts; 2] = [SignParts::Both, SignParts::Assertion];

#[test]
fn an_unsigned_answer_is_refused() {
    assert_eq!(refusal(&document(SignParts::Neither)), "signature");
}

#[test]
fn an_altered_answer_is_refused() {
    for parts in [SignParts::Both, SignParts::Assertion, SignParts::Response] {
        let document = document(parts);
        for (from, to) in [("alice@", "mallory@"), ("_session", "_other")] {
            assert_eq!(refusal(&replaced(&document, from, to)), "signature", "{parts:?}");
        }
    }
}

#[test]
fn a_key_that_is_not_pinned_signs_nothing_whatever_the_message_says() {
    for parts in SIGNED {
        assert_eq!(refusal(&document_by(&ATTACKER, parts)), "signature");
    }
    let nobody = TrustedKeys::pinned(&[], Sha1::Refused).unwrap();
    let open = IdentityProvider { trust: Arc::new(nobody), ..provider() };
    for parts in [SignParts::Both, SignParts::Neither] {
        let rejection = open.verify(&document(parts), &expected()).unwrap_err();
        assert_eq!(rejection.code(), "signature");
    }
}

#[test]
fn a_valid_response_signature_does_not_excuse_a_broken_one_of_the_assertion() {
    let evil = document_by(&ATTACKER, SignParts::Assertion);
    let genuine = document(SignParts::Assertion);
    let (theirs, ours) = (assertion(&evil), assertion(&genuine));
    assert_eq!(refusal(&replaced(&genuine, ours, theirs)), "signature");
}

#[test]
fn document_types_entities_and_instructions_are_refused() {
    let document = document(SignParts::Both);
    for prologue in [
        "<!DOCTYPE samlp:Response>",
        "<!DOCTYPE r [<!ENTITY x SYSTEM 'file:///etc/passwd'>]>",
        "<!DOCTYPE r [<!ENTITY a 'aaaa'><!ENTITY b '&a;&a;&a;&a;'>]>",
        "<?xml-stylesheet href='x'?>",
    ] {
        assert_eq!(refusal(&format!("{prologue}{document}")), "malformed", "{prologue}");
    }
    assert_eq!(refusal(&replaced(&document, "alice@", "&x;")), "malformed");
    assert_eq!(refusal(&replaced(&document, "alice@", "<?x?>alice@")), "malformed");
    assert_eq!(refusal(&format!("{document}<!-- --><?x?>")), "malformed");
}

#[test]
fn another_algorithm_is_no_way_around_the_key() {
    let rsa = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256";
    let canonical = "http://www.w3.org/2001/10/xml-exc-c14n#";
    for (from, to) in [
        (rsa, "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256"),
        (rsa, "http://www.w3.org/2000/09/xmldsig#hmac-sha1"),
        (rsa, "http://www.w3.org/2000/09/xmldsig#rsa-sha1"),
        (rsa, "http://www.w3.org/2001/04/xmldsig-more#rsa-md5"),
        (rsa, ""),
        ("http://www.w3.org/2001/04/xmlenc#sha256", "http://www.w3.org/2000/09/xmldsig#sha1"),
        (canonical, "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"),
        (canonical, "http://www.w3.org/TR/1999/REC-xslt-19991116"),
        (
            "http://www.w3.org/2000/09/xmldsig#enveloped-signature",
            "http://www.w3.org/TR/1999/REC-xpath-19991116",
        ),
    ] {
        for parts in SIGNED {
            let forged = document(parts).replace(from, to);
            assert_eq!(refusal(&forged), "algorithm", "{to}");
        }
    }
}

#[test]
fn extra_transforms_are_refused() {
    let transform =
        "<ds:Transform Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\"></ds:Transform>";
    let forged = document(SignParts::Assertion).replace(transform, &transform.repeat(2));
    assert_eq!(refusal(&forged), "algorithm");
    let forged = document(SignParts::Assertion).replace(transform, "");
    assert_eq!(refusal(&forged), "algorithm");
}

/// CVE-2025-29774: one `SignedInfo` satisfies the signature, another the digest.
#[test]
fn a_second_signed_info_is_refused() {
    let genuine = document(SignParts::Assertion);
    let info = cut(&genuine, "<ds:SignedInfo>", "</ds:SignedInfo>");
    let (evil, evil_info) = evil_with_digest();
    let evil_value = cut(&evil, "<ds:SignatureValue>", "</ds:SignatureValue>");
    let value = cut(&genuine, "<ds:SignatureValue>", "</ds:SignatureValue>");
    let signed = replaced(&evil, evil_value, value);
    for both in [format!("{evil_info}{info}"), format!("{info}{evil_info}")] {
        assert_eq!(refusal(&replaced(&signed, &evil_info, &both)), "signature");
    }
    let at_the_end = replaced(&signed, "</ds:Signature>", &format!("{info}</ds:Signature>"));
    assert_eq!(refusal(&at_the_end), "signature");
    assert_eq!(refusal(&replaced(&genuine, info, &info.repeat(2))), "signature");
}

/// CVE-2025-29775: a comment splits the digest into the part that is read and the part that is signed.
#[test]
fn a_comment_in_a_digest_or_signature_value_is_refused() {
    let genuine = document(SignParts::Assertion);
    let digest = cut(&genuine, "<ds:DigestValue>", "</ds:DigestValue>");
    let (_, evil_info) = evil_with_digest();
    let evil_digest = cut(&evil_info, "<ds:DigestValue>", "</ds:DigestValue>");
    let [digest_text, evil_text] = [digest, evil_digest]
        .map(|element| element.replace("<ds:DigestValue>", "").replace("</ds:DigestValue>", ""));
    let evil = replaced(&genuine, "alice@", "mallory@");
    for value in [
        format!("<!--{evil_text}-->{digest_text}"),
        format!("{evil_text}<!---->{digest_text}"),
        format!("{digest_text}<!--{evil_text}-->"),
        format!("<![CDATA[{evil_text}]]><!--{digest_text}-->"),
    ] {
        let element = format!("<ds:DigestValue>{value}</ds:DigestValue>");
        assert_eq!(refusal(&replaced(&evil, digest, &element)), "signature");
        assert_eq!(refusal(&replaced(&genuine, digest, &element)), "signature");
    }
    let commented = replaced(&genuine, "<ds:SignatureValue>", "<ds:SignatureValue><!-- -->");
    assert_eq!(refusal(&commented), "signature");
}

#[test]
fn two_assertions_or_none_are_refused() {
    let genuine = document(SignParts::Assertion);
    let assertion = assertion(&genuine);
    let other = assertion.replace("_assertion", "_other");
    for forged in [
        replaced(&genuine, assertion, &assertion.repeat(2)),
        replaced(&genuine, assertion, &format!("{assertion}{other}")),
        replaced(&genuine, assertion, ""),
        replaced(&genuine, assertion, "<saml:Assertion ID='_x' Version='2.0'/>"),
    ] {
        assert_eq!(refusal(&forged), "signature");
    }
}

#[test]
fn an_answer_for_another_address_session_or_service_is_refused() {
    let name_id = alice();
    let base = answer(&name_id, &[]);
    let stale = NOW - Duration::from_secs(1_000);
    for (forged, code) in [
        (ResponseToSign { acs_url: "https://evil.example/acs", ..base }, "destination"),
        (ResponseToSign { in_response_to: Some("_other"), ..base }, "unsolicited"),
        (ResponseToSign { in_response_to: None, ..base }, "unsolicited"),
        (ResponseToSign { issuer: "urn:mvpd:other", ..base }, "issuer"),
        (ResponseToSign { audience: "https://other.example", ..base }, "audience"),
        (ResponseToSign { not_on_or_after: stale, ..base }, "time"),
        (ResponseToSign { not_before: NOW + Duration::from_secs(500), ..base }, "time"),
    ] {
        assert_eq!(refusal(&forged.clear(&PROVIDER.identity).unwrap()), code);
    }
}

#[test]
fn parts_of_a_signed_assertion_that_do_not_fit_are_each_refused_for_their_own_reason() {
    let status = "urn:oasis:names:tc:SAML:2.0:status:Success";
    for (from, to, code) in [
        (
            format!("Recipient=\"{ACS}\""),
            "Recipient=\"https://evil.example\"",
            "subject_confirmation",
        ),
        (":cm:bearer".to_owned(), ":cm:holder-of-key", "subject_confirmation"),
        (format!("Audience>{SP}<"), "Audience>https://other.example<", "audience"),
        (
            "<saml:AudienceRestriction>".to_owned(),
            "<saml:Unknown/><saml:AudienceRestriction>",
            "audience",
        ),
        (status.to_owned(), "urn:oasis:names:tc:SAML:2.0:status:Requester", "status"),
        ("Version=\"2.0\"".to_owned(), "Version=\"1.1\"", "destination"),
        ("saml:AuthnStatement".to_owned(), "saml:AuthzStatement", "authn_statement"),
        ("alice@cableone.example".to_owned(), " ", "no_user_id"),
        (format!(" Destination=\"{ACS}\""), "", "destination"),
    ] {
        let unsigned = document(SignParts::Neither).replace(&from, to);
        assert_eq!(refusal(&signed_again(&unsigned)), code, "{from}");
    }
}

#[test]
fn an_answer_that_is_no_response_is_refused() {
    let document = document(SignParts::Both);
    assert_eq!(refusal(assertion(&document)), "destination");
    assert_eq!(refusal(&document.replace("SAML:2.0:protocol", "SAML:1.1:protocol")), "destination");
}

/// A forged answer with the `SignedInfo` that has the correct digest for it, signed by the attacker.
fn evil_with_digest() -> (String, String) {
    let mallory = NameId { value: "mallory@cableone.example".into(), ..alice() };
    let evil = ResponseToSign { sign: SignParts::Assertion, ..answer(&mallory, &[]) }
        .clear(&ATTACKER.identity)
        .unwrap();
    let info = cut(&evil, "<ds:SignedInfo>", "</ds:SignedInfo>").to_owned();
    (evil, info)
}

fn assertion(document: &str) -> &str {
    cut(document, "<saml:Assertion", "</saml:Assertion>")
}
