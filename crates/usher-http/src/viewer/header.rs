//! Request headers (`pass-rest-v2` §3): pure parsers, one per header.

use axum::http::{HeaderMap, HeaderName, header};
use base64::Engine as _;
use base64::alphabet::{STANDARD, URL_SAFE};
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use usher_core::{DeviceId, Secret};
use usher_entitle::{DeviceInfo, FrameworkStatus, SsoTokens};

const DEVICE_IDENTIFIER: HeaderName = HeaderName::from_static("ap-device-identifier");
const DEVICE_INFO: HeaderName = HeaderName::from_static("x-device-info");
const PASS_IDENTITY: HeaderName = HeaderName::from_static("ap-temppass-identity");
const SERVICE_TOKEN: HeaderName = HeaderName::from_static("ad-service-token");
/// Equivalent names for the platform's token, the preferred one first (`pass-rest-v2` §3.6).
const PLATFORM_TOKENS: [HeaderName; 2] = [
    HeaderName::from_static("adobe-subject-token"),
    HeaderName::from_static("x-roku-reserved-roku-connect-token"),
];
const FRAMEWORK_STATUS: HeaderName = HeaderName::from_static("ap-partner-framework-status");
const VISITOR_IDENTIFIER: HeaderName = HeaderName::from_static("ap-visitor-identifier");

/// The longest header value that is looked at, in bytes.
const VALUE_BYTES_MAX: usize = 8 * 1024;

/// The longest visitor id that is kept, in characters.
const VISITOR_CHARS_MAX: usize = 256;

/// Padding may be there or not; stray bits in the last character are somebody else's sloppiness.
const LENIENT: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_padding_mode(DecodePaddingMode::Indifferent)
    .with_decode_allow_trailing_bits(true);
const PLAIN: GeneralPurpose = GeneralPurpose::new(&STANDARD, LENIENT);
const URL: GeneralPurpose = GeneralPurpose::new(&URL_SAFE, LENIENT);

/// A header that cannot be understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Malformed;

/// The device of `AP-Device-Identifier`; nothing when the header is absent.
pub(crate) fn device_identifier(headers: &HeaderMap) -> Result<Option<DeviceId>, Malformed> {
    let Some(value) = headers.get(DEVICE_IDENTIFIER) else { return Ok(None) };
    device(value.to_str().map_err(|_| Malformed)?).map(Some)
}

/// The device that the value of an `AP-Device-Identifier` header names.
pub(crate) fn device(value: &str) -> Result<DeviceId, Malformed> {
    if value.len() > VALUE_BYTES_MAX {
        return Err(Malformed);
    }
    let (kind, identifier) = value.trim().split_once(' ').ok_or(Malformed)?;
    if !kind.eq_ignore_ascii_case("fingerprint") {
        return Err(Malformed);
    }
    let identifier = identifier.trim_start();
    let bytes = PLAIN.decode(identifier).or_else(|_| URL.decode(identifier));
    bytes.ok().and_then(|bytes| DeviceId::new(&bytes)).ok_or(Malformed)
}

/// What `X-Device-Info` says. Base64 of something else than a JSON object says nothing, because that
/// is what most published samples hold.
pub(crate) fn device_info(headers: &HeaderMap) -> Result<DeviceInfo, Malformed> {
    let Some(value) = headers.get(DEVICE_INFO) else { return Ok(DeviceInfo::default()) };
    let value = value.as_bytes().trim_ascii();
    if value.len() > VALUE_BYTES_MAX {
        return Err(Malformed);
    }
    let json = PLAIN.decode(value).map_err(|_| Malformed)?;
    Ok(DeviceInfo::from_json(&json).unwrap_or_else(|| {
        tracing::debug!("X-Device-Info holds no JSON object");
        DeviceInfo::default()
    }))
}

/// Who uses a promotional pass. What cannot be a text is as good as absent.
pub(crate) fn pass_identity(headers: &HeaderMap) -> Option<Secret<String>> {
    let value = headers.get(PASS_IDENTITY)?.to_str().ok()?;
    (value.len() <= VALUE_BYTES_MAX).then(|| Secret::new(value.to_owned()))
}

/// The single-sign-on tokens of the request; what cannot be a token is as good as absent.
pub(crate) fn sso_tokens(headers: &HeaderMap) -> SsoTokens {
    let token = |name: &HeaderName| {
        let value = headers.get(name)?.to_str().ok()?;
        let plausible = !value.is_empty() && value.len() <= 2 * VALUE_BYTES_MAX;
        plausible.then(|| Secret::new(value.to_owned()))
    };
    SsoTokens {
        platform: PLATFORM_TOKENS.iter().filter_map(token).collect(),
        service: token(&SERVICE_TOKEN),
    }
}

/// What the platform partner's framework says. What cannot be read is as good as absent.
pub(crate) fn framework_status(headers: &HeaderMap) -> Option<FrameworkStatus> {
    let value = headers.get(FRAMEWORK_STATUS)?.as_bytes().trim_ascii();
    if value.len() > VALUE_BYTES_MAX {
        return None;
    }
    let json = PLAIN.decode(value).or_else(|_| URL.decode(value)).ok()?;
    FrameworkStatus::from_json(&json)
}

/// What the caller calls itself.
pub(crate) fn user_agent(headers: &HeaderMap) -> Option<&str> {
    headers.get(header::USER_AGENT)?.to_str().ok()
}

/// The analytics id of the visitor, without a pair of quotes around it.
pub(crate) fn visitor_identifier(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(VISITOR_IDENTIFIER)?.to_str().ok()?.trim();
    let bare = value.strip_prefix('"').and_then(|inner| inner.strip_suffix('"')).unwrap_or(value);
    let readable = bare.chars().filter(|character| !character.is_control());
    let kept: String = readable.take(VISITOR_CHARS_MAX).collect();
    (!kept.is_empty()).then_some(kept)
}

#[cfg(test)]
#[path = "tests/header.rs"]
mod tests;
