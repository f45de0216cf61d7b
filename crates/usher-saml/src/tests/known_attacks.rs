//! Attacks that worked elsewhere and have a number. Those on `SignedInfo` and digests (CVE-2025-29774,
//! CVE-2025-29775) are in `forgery`.

use usher_jose::OsEntropy;

use super::specimen::Specimen;
use super::*;

/// An assertion of the provider about alice, and a forged one about mallory without signature.
fn genuine_and_forged() -> (String, String, String) {
    let document = document(SignParts::Assertion);
    let assertion = cut(&document, "<saml:Assertion", "</saml:Assertion>").to_owned();
    let signature = cut(&assertion, "<ds:Signature ", "</ds:Signature>");
    let forged = replaced(&assertion, signature, "")
        .replace("_assertion", "_evil")
        .replace("alice@", "mallory@");
    (document, assertion, forged)
}

/// CVE-2022-41912: of several assertions one was verified and another one read.
#[test]
fn cve_2022_41912_an_assertion_beside_the_signed_one() {
    let (document, assertion, forged) = genuine_and_forged();
    let encrypt = |plain: &str| {
        let reader = SERVICE.identity.certificate();
        crate::encryption::encrypt(plain, reader, &OsEntropy).unwrap().render()
    };
    for both in [
        format!("{assertion}{forged}"),
        format!("{forged}{assertion}"),
        format!("{}{forged}", encrypt(&assertion)),
        format!("{forged}{}", encrypt(&assertion)),
        format!("{assertion}{}", encrypt(&forged)),
        format!("{}{}", encrypt(&assertion), encrypt(&forged)),
        encrypt(&format!("{assertion}{forged}")),
    ] {
        let refusal = refusal(&replaced(&document, &assertion, &both));
        assert!(["signature", "decrypt"].contains(&refusal), "{refusal}");
    }
}

/// CVE-2025-23369: an id that two readers read differently, by entities or white space.
#[test]
fn cve_2025_23369_an_id_that_is_written_in_another_way() {
    let (document, assertion, forged) = genuine_and_forged();
    for id in ["&#95;assertion", "_assertion ", " _assertion", "&#32;_assertion", "_assertion&#0;"]
    {
        let evil = replaced(&forged, "ID=\"_evil\"", &format!("ID=\"{id}\""));
        for both in [format!("{evil}{assertion}"), format!("{assertion}{evil}")] {
            let refusal = refusal(&replaced(&document, &assertion, &both));
            assert!(["signature", "malformed"].contains(&refusal), "{id}: {refusal}");
        }
    }
    let declared = format!("<!DOCTYPE r [<!ATTLIST saml:Assertion Alt ID #IMPLIED>]>{document}");
    assert_eq!(refusal(&declared), "malformed");
}

/// CVE-2025-25291: a document type that hides half of the document from one of two readers.
#[test]
fn cve_2025_25291_a_document_type_with_a_document_inside() {
    for specimen in Specimen::recorded() {
        let response = specimen.response();
        for declaration in [
            "<!DOCTYPE r SYSTEM 'x\"><!--'>",
            "<!DOCTYPE r [<!NOTATION n PUBLIC 'a\"]><!--'>]>",
            "<!DOCTYPE r [<!ENTITY % e '<!-- '>]>",
        ] {
            let forged = format!("{declaration}{response}<!-- -->");
            assert_eq!(specimen.refusal(&forged), "malformed", "{}", specimen.name);
        }
    }
}

/// CVE-2025-25292: a signature that one of two readers does not take for one, by its name space.
#[test]
fn cve_2025_25292_a_signature_in_a_doubtful_name_space() {
    let (document, assertion, forged) = genuine_and_forged();
    let signature = cut(&assertion, "<ds:Signature ", "</ds:Signature>").to_owned();
    let namespace = "http://www.w3.org/2000/09/xmldsig#";
    for doubtful in [
        signature.replace(namespace, "http://www.w3.org/2000/09/xmldsig# "),
        signature.replace(namespace, "http://www.w3.org/2000/09/xmldsig&#35;"),
        signature.replace(namespace, "urn:other"),
        signature.replacen("<ds:Signature ", "<ds:Signature xmlns=\"urn:other\" ", 1),
        signature.replacen("<ds:SignedInfo", "<ds:SignedInfo xmlns:ds=\"urn:other\"", 1),
    ] {
        let evil = replaced(&forged, "</saml:Issuer>", &format!("</saml:Issuer>{doubtful}"));
        for instead in [evil.clone(), format!("{evil}{assertion}")] {
            let refusal = refusal(&replaced(&document, &assertion, &instead));
            assert!(["signature", "malformed", "algorithm"].contains(&refusal), "{refusal}");
        }
    }
}

/// The ruby-saml pattern of 2024 (CVE-2024-45409): the digest of another place is found first.
#[test]
fn cve_2024_45409_a_digest_in_another_place() {
    let (document, assertion, forged) = genuine_and_forged();
    let signature = cut(&assertion, "<ds:Signature ", "</ds:Signature>").to_owned();
    let status = "<samlp:Status>";
    let detail = format!("<samlp:StatusDetail>{signature}</samlp:StatusDetail>");
    let smuggled = replaced(&document, status, &format!("{detail}{status}"));
    assert_eq!(refusal(&replaced(&smuggled, &assertion, &forged)), "signature");
    let evil = replaced(&forged, "</saml:Issuer>", &format!("</saml:Issuer>{signature}"));
    assert_eq!(refusal(&replaced(&smuggled, &assertion, &evil)), "signature");
}
