//! Answers of several makers, each with what must be known to accept it.

use super::*;
use crate::instant;

/// An answer in clear, which is accepted as it is.
pub(super) struct Specimen {
    pub(super) name: &'static str,
    pub(super) document: String,
    /// How its maker writes the names of response, assertion and signature.
    tags: [&'static str; 3],
    /// What names the viewer.
    pub(super) viewer: &'static str,
    trust: Arc<TrustedKeys>,
    issuer: String,
    acs: String,
    sp: String,
    request: String,
    now: Timestamp,
}

impl Specimen {
    /// The answers that programs of others gave this service, one of each.
    pub(super) fn recorded() -> Vec<Self> {
        let samlp = ["samlp:Response", "saml:Assertion"];
        vec![
            recorded(
                "SimpleSAMLphp",
                include_str!("../../fixtures/simplesamlphp-response.xml"),
                include_str!("../../fixtures/simplesamlphp.crt"),
                ([samlp[0], samlp[1], "ds:Signature"], "hh-1", "2026-11-25T18:29:31Z"),
            ),
            recorded(
                "saml-idp",
                include_str!("../../fixtures/saml-idp-response.xml"),
                include_str!("../../fixtures/saml-idp.crt"),
                ([samlp[0], samlp[1], "Signature"], "bob@", "2026-11-25T18:29:31Z"),
            ),
            recorded(
                "pysaml2",
                include_str!("../../fixtures/pysaml2-response.xml"),
                include_str!("../../fixtures/pysaml2.crt"),
                (
                    ["ns0:Response", "ns1:Assertion", "ns2:Signature"],
                    "carol-7f31",
                    "2026-11-25T18:29:29Z",
                ),
            ),
        ]
    }

    /// Our own answer with these signatures.
    pub(super) fn own(sign: SignParts) -> Self {
        Self {
            name: "usher",
            document: document(sign),
            tags: ["samlp:Response", "saml:Assertion", "ds:Signature"],
            viewer: "alice@",
            trust: Arc::new(PROVIDER.trusted()),
            issuer: IDP.to_owned(),
            acs: ACS.to_owned(),
            sp: SP.to_owned(),
            request: REQUEST.to_owned(),
            now: NOW,
        }
    }

    /// The reason code this service refuses `document` with, coming from the specimen's maker.
    pub(super) fn refusal(&self, document: &str) -> &'static str {
        let provider = IdentityProvider { trust: Arc::clone(&self.trust), ..provider() };
        let expected = Expected {
            now: self.now,
            acs_url: &self.acs,
            sp_entity_id: &self.sp,
            requestor: Some("REF30"),
            issuers: std::slice::from_ref(&self.issuer),
            request_id: Some(&self.request),
            unsolicited: Unsolicited::Refused,
            user_id_attribute: None,
        };
        let verified = provider.verify(document, &expected);
        verified.map_or_else(|rejection| rejection.code(), |_| "accepted")
    }

    /// Its assertion.
    pub(super) fn assertion(&self) -> &str {
        element(&self.document, self.tags[1])
    }

    /// The signature inside `text` that comes first, if one does.
    pub(super) fn signature<'t>(&self, text: &'t str) -> Option<&'t str> {
        let tag = self.tags[2];
        text.contains(&format!("<{tag}")).then(|| element(text, tag))
    }

    /// The signature of the whole response.
    pub(super) fn response_signature(&self) -> Option<&str> {
        let before = self.document.split(self.assertion()).next().unwrap();
        self.signature(before)
    }

    /// The end tag of a signature.
    pub(super) fn signature_end(&self) -> String {
        format!("</{}>", self.tags[2])
    }

    /// The end tag of an assertion.
    pub(super) fn assertion_end(&self) -> String {
        format!("</{}>", self.tags[1])
    }

    /// The response without its XML declaration.
    pub(super) fn response(&self) -> &str {
        element(&self.document, self.tags[0])
    }
}

/// The document as it was recorded; everything but the moment and the names is read from it.
fn recorded(
    name: &'static str,
    document: &str,
    certificate: &str,
    (tags, viewer, now): ([&'static str; 3], &'static str, &str),
) -> Specimen {
    let certificate = Certificate::from_pem(certificate).unwrap();
    let attribute = |name: &str| quoted(document, &format!(" {name}=\"")).to_owned();
    let text = |from: &str| from.split('<').next().unwrap().to_owned();
    let (_, issuer) = document.split_once("Issuer").unwrap().1.split_once('>').unwrap();
    let (_, audience) = document.split_once("Audience>").unwrap();
    Specimen {
        name,
        document: document.to_owned(),
        tags,
        viewer,
        trust: Arc::new(TrustedKeys::pinned(&[certificate], Sha1::Refused).unwrap()),
        issuer: text(issuer),
        acs: attribute("Destination"),
        sp: text(audience).replace("/on-behalf-of/REF30", ""),
        request: attribute("InResponseTo"),
        now: instant::parse(now).unwrap(),
    }
}

/// The value that follows `start` up to the next quotation mark.
pub(super) fn quoted<'t>(text: &'t str, start: &str) -> &'t str {
    text.split_once(start).unwrap().1.split('"').next().unwrap()
}

fn element<'t>(text: &'t str, tag: &str) -> &'t str {
    cut(text, &format!("<{tag}"), &format!("</{tag}>"))
}
