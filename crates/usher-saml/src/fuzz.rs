//! One entrance for each reader of strangers' messages, for fuzzers (`fuzz/`) and property tests.
//!
//! Whatever comes in, nothing panics, and nothing is accepted that the one recorded message of a provider
//! does not say: its key signed nothing else that anybody here could know.

#![expect(clippy::missing_panics_doc, reason = "a panic is what fuzzers look for")]

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use usher_core::Timestamp;
use usher_jose::Certificate;

use crate::authz::{AuthzExpected, read_plain, read_soap};
use crate::binding::{Parameter, Redirected, from_post_value};
use crate::logout::{Accepts, read_logout_request, read_logout_response};
use crate::metadata::ProviderMetadata;
use crate::{
    Expected, IdentityProvider, Resource, Sha1, SignedPart, TrustedKeys, Unsolicited,
    claimed_issuer, idp, proxied,
};

/// The recorded message: the seed of a corpus.
pub const RECORDED: &str = include_str!("../fixtures/simplesamlphp-response.xml");

/// What a fuzzer calls.
pub type Entrance = fn(&[u8]);

/// Everything there is, by the name of its fuzz target.
pub const ENTRANCES: [(&str, Entrance); 7] = [
    ("saml_response", saml_response),
    ("saml_post", saml_post),
    ("saml_redirect", saml_redirect),
    ("xacml_answer", xacml_answer),
    ("xacml_query", xacml_query),
    ("metadata", metadata),
    ("lists_and_resources", lists_and_resources),
];

static TRUST: LazyLock<Option<Arc<TrustedKeys>>> = LazyLock::new(|| {
    let pem = include_str!("../fixtures/simplesamlphp.crt");
    let certificate = Certificate::from_pem(pem).ok()?;
    TrustedKeys::pinned(&[certificate], Sha1::Refused).ok().map(Arc::new)
});

/// Where requests go.
const HERE: &str = "https://sp.tve.example/slo";

/// When the message was recorded.
const NOW: Timestamp = Timestamp::from_secs(1_795_631_371);

/// A sign-in response, as a document.
pub fn saml_response(data: &[u8]) {
    let (Ok(text), Some(trust)) = (str::from_utf8(data), &*TRUST) else { return };
    let provider = IdentityProvider {
        trust: Arc::clone(trust),
        signed: SignedPart::Either,
        decryption_keys: Arc::new([]),
        require_encryption: false,
        skew: Duration::from_mins(2),
    };
    let attribute = |name: &str| {
        let (_, from) = RECORDED.split_once(&format!(" {name}=\"")).unwrap_or_default();
        from.split('"').next().unwrap_or_default()
    };
    let acs_url = attribute("Destination");
    let verified = provider.verify(
        text,
        &Expected {
            now: NOW,
            acs_url,
            sp_entity_id: &acs_url.replace("saml/SAMLAssertionConsumer", "metadata"),
            requestor: Some("REF30"),
            issuers: &["urn:tests:simplesamlphp".to_owned()],
            request_id: Some(attribute("InResponseTo")),
            unsolicited: Unsolicited::Refused,
            user_id_attribute: Some("uid"),
        },
    );
    if let Ok(verified) = verified {
        assert_eq!(verified.user_id, "alice", "a forgery was accepted");
    }
}

/// A sign-in response, as a form carries it.
pub fn saml_post(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else { return };
    if let Ok(document) = from_post_value(text) {
        saml_response(document.as_bytes());
    }
}

/// Logout messages, as a query carries them.
pub fn saml_redirect(data: &[u8]) {
    let (Ok(query), Some(trust)) = (str::from_utf8(data), &*TRUST) else { return };
    let issuers = ["urn:tests:simplesamlphp".to_owned()];
    let accepts = Accepts { destination: HERE, issuers: &issuers, trust, require_signature: true };
    if let Ok(message) = Redirected::parse(query, Parameter::Request) {
        let _ = claimed_issuer(&message.xml);
        assert!(read_logout_request(&message, &accepts, NOW).is_err(), "a forgery was accepted");
        let _ = idp::read_redirected_request(&message, HERE, trust);
    }
    if let Ok(message) = Redirected::parse(query, Parameter::Response) {
        assert!(read_logout_response(&message, &accepts, "_id").is_err(), "a forgery was accepted");
    }
}

/// Answers of decision points.
pub fn xacml_answer(data: &[u8]) {
    let (Ok(text), Some(trust)) = (str::from_utf8(data), &*TRUST) else { return };
    let expected = AuthzExpected {
        now: NOW,
        issuer: "urn:tests:simplesamlphp",
        sp_entity_id: "https://saml.sp.tve.example",
        requestor: None,
        request_id: "_id",
        trust: Some(trust),
        skew: Duration::from_mins(2),
    };
    assert!(read_soap(text, &expected).is_err(), "a forgery was accepted");
    let _ = read_soap(text, &AuthzExpected { trust: None, ..expected });
    if let Ok(answer) = read_plain(text) {
        for result in &answer.results {
            let _ = (result.ttl(), result.message(), result.max_mpaa(), result.max_vchip());
        }
    }
}

/// Questions to decision points, and sign-in requests, which the demo's providers read.
pub fn xacml_query(data: &[u8]) {
    let (Ok(text), Some(trust)) = (str::from_utf8(data), &*TRUST) else { return };
    assert!(idp::read_query(text, trust).is_err(), "a forgery was accepted");
    let _ = idp::read_plain_query(text);
    let _ = idp::read_posted_request(text, HERE, trust);
}

/// Metadata of providers.
pub fn metadata(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else { return };
    let _ = ProviderMetadata::read(text, None, NOW);
    let _ = ProviderMetadata::read(text, Some("urn:tests:simplesamlphp"), NOW);
}

/// Lists of proxies, and resources of applications.
pub fn lists_and_resources(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else { return };
    if let Ok(entries) = proxied::read(text) {
        assert_eq!(proxied::read(&proxied::write(&entries)).as_ref(), Ok(&entries));
    }
    if let Ok(resource) = Resource::parse(text) {
        assert!(!resource.channel.is_empty());
    }
}
