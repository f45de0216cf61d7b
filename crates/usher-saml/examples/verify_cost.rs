//! What it costs to verify an answer, and to refuse the costliest ones the bounds let through: processor
//! time of the thread that does it, as Linux counts it.
//!
//! `cargo run --release -p usher-saml --example verify_cost`

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use usher_core::Timestamp;
use usher_jose::{Certificate, OsEntropy, RsaKey};
use usher_saml::idp::{ResponseToSign, SignParts};
use usher_saml::{
    DecryptionKey, Expected, IdentityProvider, NameId, Sha1, SignedPart, SigningIdentity,
    TrustedKeys, Unsolicited,
};

const NOW: Timestamp = Timestamp::from_secs(1_932_887_727);
const ACS: &str = "https://sp.tve.example/sp/saml/SAMLAssertionConsumer";
const SP: &str = "https://saml.sp.tve.example";
const IDP: &str = "urn:mvpd:cableone";

fn main() -> Result<(), Box<dyn Error>> {
    let key = RsaKey::generate()?;
    let years = (NOW, NOW + Duration::from_hours(24 * 365));
    let certificate = Certificate::self_signed(&key, "provider", years)?;
    let identity = SigningIdentity::new(&key, certificate.clone())?;
    let provider = IdentityProvider {
        trust: Arc::new(TrustedKeys::pinned(std::slice::from_ref(&certificate), Sha1::Refused)?),
        signed: SignedPart::Either,
        decryption_keys: Arc::new([DecryptionKey::new(&key)?]),
        require_encryption: false,
        skew: Duration::from_mins(2),
    };
    let name_id = NameId { value: "u-7f31c0".to_owned(), ..NameId::default() };
    let attributes = [
        ("householdID", vec!["hh-1".to_owned()]),
        ("channelID", (0..40).map(|channel| format!("CHANNEL{channel}")).collect()),
    ];
    let answer = |sign| ResponseToSign { sign, ..answer(&name_id, &attributes) };

    let assertion = answer(SignParts::Assertion).clear(&identity)?;
    let both = answer(SignParts::Both).clear(&identity)?;
    let encrypted = answer(SignParts::Both).encrypted(&identity, &certificate, &OsEntropy)?;
    report("assertion signed", &provider, &assertion)?;
    report("both signed", &provider, &both)?;
    report("both signed, encrypted", &provider, &encrypted)?;
    for (name, filler) in fillers() {
        report(name, &provider, &both.replacen("u-7f31c0", &filler, 1))?;
        let outside = format!("{filler}<saml:Issuer>");
        report(name, &provider, &both.replacen("<saml:Issuer>", &outside, 1))?;
    }
    Ok(())
}

/// Contents as costly as the bounds allow.
fn fillers() -> Vec<(&'static str, String)> {
    let numbered =
        |count: usize, one: &dyn Fn(usize) -> String| -> String { (0..count).map(one).collect() };
    let attributes = numbered(40, &|i| format!(" a{i}=''"));
    let ids = numbered(3_700, &|i| format!("<a ID='i{i}'/>"));
    let namespaces = numbered(27, &|i| format!(" xmlns:n{i}='u{i}'"));
    let uses = numbered(3_700, &|i| format!("<n{}:a/>", i % 27));
    let open = |levels| numbered(levels, &|_| format!("<a{namespaces}>"));
    let few_uses = numbered(200, &|i| format!("<n{}:a/>", i % 27));
    vec![
        ("many elements", "<a/>".repeat(3_900)),
        ("many attributes", format!("<a{attributes}/>").repeat(95)),
        ("many ids", ids),
        ("many namespaces", format!("{}{uses}{}", open(36), "</a>".repeat(36))),
        // More than an answer that the gateway judges on the spot may have.
        ("fewer namespaces", format!("{}{few_uses}{}", open(4), "</a>".repeat(4))),
        ("much text", "&amp;".repeat(48_000)),
        ("many comments", "<!---->".repeat(3_900)),
        // Beyond the bounds.
        ("80 000 attributes", format!("<a{}/>", numbered(80_000, &|i| format!(" a{i}=''")))),
        ("five megabytes", " ".repeat(5_000_000)),
        ("ten thousand levels", "<a>".repeat(10_000)),
    ]
}

#[expect(clippy::print_stdout, reason = "printing is what the example is for")]
fn report(name: &str, provider: &IdentityProvider, document: &str) -> Result<(), Box<dyn Error>> {
    let expected = Expected {
        now: NOW,
        acs_url: ACS,
        sp_entity_id: SP,
        requestor: None,
        issuers: &[IDP.to_owned()],
        request_id: Some("_request"),
        unsolicited: Unsolicited::Refused,
        user_id_attribute: None,
    };
    let outcome = provider
        .verify(document, &expected)
        .map_or_else(|rejection| rejection.to_string(), |_| "accepted".to_owned());
    let rounds = 200_u32;
    let start = processor_time()?;
    for _ in 0..rounds {
        std::hint::black_box(provider.verify(std::hint::black_box(document), &expected)).ok();
    }
    let each = processor_time()?.saturating_sub(start) / rounds;
    println!("{:>9} ns  {:>7} bytes  {name}: {outcome}", each.as_nanos(), document.len());
    Ok(())
}

/// What this thread has used.
fn processor_time() -> Result<Duration, Box<dyn Error>> {
    let counted = std::fs::read_to_string("/proc/thread-self/schedstat")?;
    let nanoseconds = counted.split(' ').next().ok_or("the kernel counts nothing")?;
    Ok(Duration::from_nanos(nanoseconds.parse()?))
}

fn answer<'a>(name_id: &'a NameId, attributes: &'a [(&'a str, Vec<String>)]) -> ResponseToSign<'a> {
    ResponseToSign {
        response_id: "_response",
        assertion_id: "_assertion",
        issue_instant: NOW,
        not_before: NOW,
        not_on_or_after: NOW + Duration::from_mins(5),
        issuer: IDP,
        acs_url: ACS,
        audience: SP,
        in_response_to: Some("_request"),
        name_id,
        session_index: Some("_session"),
        session_not_on_or_after: None,
        attributes,
        sign: SignParts::Both,
    }
}
