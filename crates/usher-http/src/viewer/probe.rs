//! Hostile bytes through the parsers of headers, forms, documents and tokens that viewers' calls carry, with
//! what must be true of whatever they make of them.
//!
//! Entry points of the fuzz targets in `fuzz/`, and of the tests below, which throw a little at them in
//! every run of the gate.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::LazyLock;

use axum::http::{HeaderMap, HeaderName, HeaderValue, header as names};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use usher_core::Secret;
use usher_entitle::{DeviceInfo, IdentityHash, UserAgents};
use usher_jose::jws::{self, Algorithm};
use usher_jose::{EcKey, VerificationKeys};

use super::header;
use crate::bearer;
use crate::entitlement::body;
use crate::throttle::TrustForwardedFor;

/// Every header that is read (`pass-rest-v2` §3.1).
const READ: [HeaderName; 11] = [
    names::AUTHORIZATION,
    names::USER_AGENT,
    HeaderName::from_static("ap-device-identifier"),
    HeaderName::from_static("x-device-info"),
    HeaderName::from_static("ap-temppass-identity"),
    HeaderName::from_static("ad-service-token"),
    HeaderName::from_static("adobe-subject-token"),
    HeaderName::from_static("x-roku-reserved-roku-connect-token"),
    HeaderName::from_static("ap-partner-framework-status"),
    HeaderName::from_static("ap-visitor-identifier"),
    HeaderName::from_static("x-forwarded-for"),
];

/// The same value in each of the headers.
///
/// # Panics
///
/// When something is made of it that must not be.
pub fn header(bytes: &[u8]) {
    let Ok(value) = HeaderValue::from_bytes(bytes) else { return };
    let headers = HeaderMap::from_iter(READ.map(|name| (name, value.clone())));
    if let Ok(Some(device)) = header::device_identifier(&headers) {
        assert!((1..=256).contains(&device.as_bytes().len()));
        let spelt = format!("fingerprint {}", STANDARD.encode(device.as_bytes()));
        assert_eq!(header::device(&spelt), Ok(device));
    }
    device_info(header::device_info(&headers).unwrap_or_default(), &headers);
    if let Some(visitor) = header::visitor_identifier(&headers) {
        assert!(!visitor.is_empty() && visitor.chars().count() <= 256);
        assert!(!visitor.chars().any(char::is_control));
    }
    if let Some(token) = bearer::token(&headers) {
        assert!(token.len() < bytes.len() && !token.starts_with(' '));
    }
    address(&headers);
    let tokens = header::sso_tokens(&headers);
    assert!(tokens.platform.len() <= 2);
    let _readable_or_not = (header::framework_status(&headers), header::pass_identity(&headers));
}

/// Nothing is kept that could not be said again, or is long.
fn device_info(said: DeviceInfo, headers: &HeaderMap) {
    let agents = UserAgents::default();
    let info = said.clone().calling_as(header::user_agent(headers), &agents);
    let text = serde_json::to_value(&said).unwrap_or_default();
    for value in text.as_object().into_iter().flatten().filter_map(|(_, value)| value.as_str()) {
        assert!(value.len() <= 256 && !value.chars().any(char::is_control));
    }
    assert_eq!(DeviceInfo::from_json(text.to_string().as_bytes()), Some(said));
    let stored = serde_json::to_value(&info).unwrap_or_default();
    assert_eq!(serde_json::from_value::<DeviceInfo>(stored).ok(), Some(info));
}

/// Only an address that stands there names the device, and only where it is believed.
fn address(headers: &HeaderMap) {
    let peer = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));
    let device = TrustForwardedFor::Always.device(headers, peer);
    assert_eq!(device, device.to_canonical());
    let spelt = HeaderValue::try_from(device.to_string()).ok();
    let again = spelt
        .map(|value| HeaderMap::from_iter([(HeaderName::from_static("x-forwarded-for"), value)]));
    assert_eq!(again.map(|headers| TrustForwardedFor::Always.device(&headers, peer)), Some(device));
    assert_eq!(TrustForwardedFor::Never.device(headers, peer), peer);
}

/// The form of a session.
///
/// # Panics
///
/// When a parameter is longer than what was sent.
pub fn session_form(bytes: &[u8]) {
    let given = body::given(bytes);
    for value in [given.mvpd, given.domain_name, given.redirect_url].into_iter().flatten() {
        // What is no text becomes a character of three bytes.
        assert!(value.len() <= 3 * bytes.len());
    }
}

/// The document of a question about resources.
///
/// # Panics
///
/// When a resource has no name.
pub fn resources(bytes: &[u8]) {
    if let Some(resources) = body::asked(bytes) {
        assert!(!resources.is_empty() && resources.iter().all(|it| !it.trim().is_empty()));
    }
}

/// A token of any kind: nobody signed it, so that nobody may be believed.
///
/// # Panics
///
/// When somebody is.
pub fn token(bytes: &[u8]) {
    static KEYS: LazyLock<Option<VerificationKeys>> = LazyLock::new(|| {
        let key = EcKey::generate().ok()?;
        Some(VerificationKeys::new([key.public().clone()]))
    });
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let keys = KEYS.as_ref().map(|keys| jws::verify(text, keys, &[Algorithm::Es256]));
    assert!(keys.is_some_and(|verified| verified.is_err()));
    let secret = Secret::new("a secret of thirty-two characters".to_owned());
    assert!(usher_jose::verify_hs256(text, &secret).is_err());
    let _as_identity = IdentityHash::of(text);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Bytes in which the letters that mean something are frequent.
    fn bytes(alphabet: &'static [u8]) -> impl Strategy<Value = Vec<u8>> {
        let letter = prop_oneof![4 => prop::sample::select(alphabet), 1 => any::<u8>()];
        prop::collection::vec(letter, 0..300)
    }

    /// Documents with the members that are looked for, and others.
    fn document() -> impl Strategy<Value = Vec<u8>> {
        let names = prop::sample::select(vec![
            "osName",
            "type",
            "userAgent",
            "connectionSecure",
            "agent",
            "originalUserAgent",
            "email",
            "frameworkPermissionInfo",
            "frameworkProviderInfo",
            "accessStatus",
            "expirationDate",
            "id",
        ]);
        let leaf = prop_oneof![
            any::<String>().prop_map(serde_json::Value::from),
            any::<f64>().prop_map(serde_json::Value::from),
            any::<bool>().prop_map(serde_json::Value::from),
            Just(serde_json::Value::Null),
            Just("granted".into()),
        ];
        let value = leaf.prop_recursive(3, 16, 4, move |inner| {
            let member = (names.clone().prop_map(str::to_owned), inner);
            prop::collection::vec(member, 0..5).prop_map(|members| members.into_iter().collect())
        });
        value.prop_map(|value| value.to_string().into_bytes())
    }

    proptest! {
        #[test]
        fn no_header_is_believed_to_say_what_it_does_not(
            odd in bytes(b"Bearer fingerprint \"=,.:[]0123456789abcdef"),
            document in document(),
        ) {
            header(&odd);
            header(STANDARD.encode(&document).as_bytes());
            header(&[b"fingerprint ", STANDARD.encode(&document).as_bytes()].concat());
            header(&document);
        }

        #[test]
        fn every_address_is_recognised_in_every_spelling(address: IpAddr, port: u16) {
            let peer = IpAddr::V4(Ipv4Addr::LOCALHOST);
            let bracketed = format!("[{address}]");
            let with_port = std::net::SocketAddr::new(address, port).to_string();
            for spelt in [address.to_string(), bracketed, with_port] {
                for list in [spelt.clone(), format!(" {spelt} , 198.51.100.7"), format!("{spelt},x")] {
                    let value = HeaderValue::try_from(list.as_str()).expect("a value");
                    let headers =
                        HeaderMap::from_iter([(HeaderName::from_static("x-forwarded-for"), value)]);
                    let device = TrustForwardedFor::Always.device(&headers, peer);
                    prop_assert_eq!(device, address.to_canonical(), "{}", list);
                }
            }
        }

        #[test]
        fn forms_and_documents_say_no_more_than_they_hold(
            form in bytes(b"&&==+%mvpddomainNameredirectUrl"),
            json in bytes(b"{}[]\"\":,resources "),
            names in prop::collection::vec(".{0,8}", 0..4),
        ) {
            session_form(&form);
            resources(&json);
            resources(serde_json::json!({ "resources": names }).to_string().as_bytes());
        }

        #[test]
        fn nobody_is_believed_without_a_signature(
            odd in bytes(b"....eyJhbGciOiJFUzI1NiJ9"),
            document in document(),
        ) {
            token(&odd);
            let part = |text: &[u8]| base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(text);
            for alg in ["ES256", "none", "HS256"] {
                let head = serde_json::json!({ "alg": alg }).to_string();
                let whole = format!("{}.{}.{}", part(head.as_bytes()), part(&document), part(&odd));
                token(whole.as_bytes());
            }
        }
    }
}
