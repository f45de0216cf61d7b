//! A provider, a service and an attacker, and what they send each other.

mod authz;
mod encrypted;
mod forgery;
mod genuine;
mod known_attacks;
mod messages;
mod noise;
mod specimen;
mod wrapping;

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use usher_core::Timestamp;
use usher_jose::{Certificate, RsaKey};

use crate::idp::{ResponseToSign, SignParts};
use crate::{
    DecryptionKey, Expected, IdentityProvider, NameId, PERSISTENT, Rejection, Sha1, SignedPart,
    SigningIdentity, TrustedKeys, Unsolicited, VerifiedAssertion,
};

pub(super) const NOW: Timestamp = Timestamp::from_secs(1_932_887_727);
pub(super) const ACS: &str = "https://sp.tve.example/sp/saml/SAMLAssertionConsumer";
pub(super) const SP: &str = "https://saml.sp.tve.example";
pub(super) const IDP: &str = "urn:mvpd:cableone";
pub(super) static ISSUERS: LazyLock<[String; 1]> = LazyLock::new(|| [IDP.to_owned()]);
pub(super) const REQUEST: &str = "_5b1f0f3e-6a55-4c2c-9a0e-1d2f7c6ab901";

/// Somebody with a key.
pub(super) struct Party {
    pub(super) key: RsaKey,
    pub(super) identity: SigningIdentity,
}

impl Party {
    fn named(name: &str) -> Self {
        let key = RsaKey::generate().unwrap();
        let years = (NOW, NOW + Duration::from_hours(24 * 365));
        let certificate = Certificate::self_signed(&key, name, years).unwrap();
        let identity = SigningIdentity::new(&key, certificate).unwrap();
        Self { key, identity }
    }

    pub(super) fn trusted(&self) -> TrustedKeys {
        TrustedKeys::pinned(&[self.identity.certificate().clone()], Sha1::Refused).unwrap()
    }
}

pub(super) static PROVIDER: LazyLock<Party> = LazyLock::new(|| Party::named("provider"));
pub(super) static SERVICE: LazyLock<Party> = LazyLock::new(|| Party::named("service"));
pub(super) static ATTACKER: LazyLock<Party> = LazyLock::new(|| Party::named("attacker"));

pub(super) fn alice() -> NameId {
    NameId {
        value: "alice@cableone.example".into(),
        format: Some(PERSISTENT.into()),
        name_qualifier: Some(IDP.into()),
        sp_name_qualifier: Some(SP.into()),
    }
}

/// An ordinary answer.
pub(super) fn answer<'a>(
    name_id: &'a NameId,
    attributes: &'a [(&'a str, Vec<String>)],
) -> ResponseToSign<'a> {
    ResponseToSign {
        response_id: "_response",
        assertion_id: "_assertion",
        issue_instant: NOW,
        not_before: NOW - Duration::from_secs(30),
        not_on_or_after: NOW + Duration::from_mins(5),
        issuer: IDP,
        acs_url: ACS,
        audience: SP,
        in_response_to: Some(REQUEST),
        name_id,
        session_index: Some("_session"),
        session_not_on_or_after: Some(NOW + Duration::from_hours(24)),
        attributes,
        sign: SignParts::Both,
    }
}

/// The document of an ordinary answer, signed by the provider.
pub(super) fn document(sign: SignParts) -> String {
    document_by(&PROVIDER, sign)
}

pub(super) fn document_by(party: &Party, sign: SignParts) -> String {
    ResponseToSign { sign, ..answer(&alice(), &[]) }.clear(&party.identity).unwrap()
}

/// What the configuration says about the provider.
pub(super) fn provider() -> IdentityProvider {
    IdentityProvider {
        trust: Arc::new(PROVIDER.trusted()),
        signed: SignedPart::Either,
        decryption_keys: Arc::new([DecryptionKey::new(&SERVICE.key).unwrap()]),
        require_encryption: false,
        skew: Duration::from_mins(2),
    }
}

pub(super) fn expected() -> Expected<'static> {
    Expected {
        now: NOW,
        acs_url: ACS,
        sp_entity_id: SP,
        requestor: Some("NEWSCH"),
        issuers: &*ISSUERS,
        request_id: Some(REQUEST),
        unsolicited: Unsolicited::Refused,
        user_id_attribute: None,
    }
}

pub(super) fn verify(document: &str) -> Result<VerifiedAssertion, Rejection> {
    provider().verify(document, &expected())
}

/// The reason code an answer is refused with.
pub(super) fn refusal(document: &str) -> &'static str {
    verify(document).map_or_else(|rejection| rejection.code(), |_| "accepted")
}

/// The genuine provider signs this document as a whole.
pub(super) fn signed_again(unsigned: &str) -> String {
    let template = PROVIDER.identity.template("_response").render();
    let issuer = cut(unsigned, "<saml:Issuer>", "</saml:Issuer>");
    let with_template = unsigned.replacen(issuer, &format!("{issuer}{template}"), 1);
    PROVIDER.identity.sign(with_template).unwrap()
}

/// The text from the first `start` to the `end` after it, both included.
pub(super) fn cut<'t>(text: &'t str, start: &str, end: &str) -> &'t str {
    let (_, from) = text.split_at(text.find(start).unwrap());
    from.split_at(from.find(end).unwrap() + end.len()).0
}

/// `text` with exactly one occurrence of `from` replaced.
pub(super) fn replaced(text: &str, from: &str, to: &str) -> String {
    assert!(text.contains(from), "{from:.80} is not in {text:.200}");
    text.replacen(from, to, 1)
}
