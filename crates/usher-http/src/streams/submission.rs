//! Metadata of a call: query first, then form body (`concurrency` §6.1).

use std::borrow::Cow;

use axum::body::{Body, HttpBody, to_bytes};
use axum::extract::Request;
use axum::http::{HeaderMap, header};
use percent_encoding::percent_decode;
use usher_streams::Submission;

/// Largest body read, in bytes.
const BODY_BYTES_MAX: usize = 64 * 1024;

/// Most pairs read: one more than is ever accepted.
pub(super) const PAIRS_MAX: usize = 65;

/// Everything `request` says about a stream.
pub(super) async fn read(request: Request) -> Submission {
    let (parts, body) = request.into_parts();
    let query = parts.uri.query().unwrap_or_default().as_bytes();
    let body = if is_form(&parts.headers) { body } else { Body::empty() };
    if body.is_end_stream() {
        return Submission::Pairs(pairs(query).take(PAIRS_MAX).collect());
    }
    match to_bytes(body, BODY_BYTES_MAX).await {
        Ok(body) => Submission::Pairs(pairs(query).chain(pairs(&body)).take(PAIRS_MAX).collect()),
        // Longer than the limit, or broken off.
        Err(_) => Submission::Oversized,
    }
}

/// A body without a type is read as a form; other types are ignored, not refused.
fn is_form(headers: &HeaderMap) -> bool {
    headers.get(header::CONTENT_TYPE).is_none_or(|value| {
        let media_type = value.to_str().unwrap_or_default().split(';').next().unwrap_or_default();
        media_type.trim().eq_ignore_ascii_case("application/x-www-form-urlencoded")
    })
}

/// The decodable pairs of a form; others are skipped.
pub(super) fn pairs(form: &[u8]) -> impl Iterator<Item = (String, String)> {
    form.split(|byte| *byte == b'&').filter_map(|pair| {
        let mut halves = pair.splitn(2, |byte| *byte == b'=');
        let name = decode(halves.next()?)?;
        let value = decode(halves.next().unwrap_or_default())?;
        (!name.is_empty()).then_some((name, value))
    })
}

/// Form decoding: a plus sign is a space; broken escapes and text that is not UTF-8 are refused.
fn decode(text: &[u8]) -> Option<String> {
    if !text.iter().any(|byte| matches!(byte, b'%' | b'+')) {
        return String::from_utf8(text.to_vec()).ok();
    }
    let is_broken = |escape: &[u8]| !matches!(escape, [h, l, ..] if h.is_ascii_hexdigit() && l.is_ascii_hexdigit());
    if text.split(|byte| *byte == b'%').skip(1).any(is_broken) {
        return None;
    }
    let spaced: Cow<'_, [u8]> = if text.contains(&b'+') {
        text.iter().map(|byte| if *byte == b'+' { b' ' } else { *byte }).collect()
    } else {
        text.into()
    };
    String::from_utf8(percent_decode(&spaced).collect()).ok()
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn read(form: &str) -> Vec<(String, String)> {
        pairs(form.as_bytes()).collect()
    }

    #[test]
    fn plus_is_a_space_and_escapes_are_decoded() {
        assert_eq!(read("deviceName=Den+TV"), [("deviceName".into(), "Den TV".into())]);
        assert_eq!(read("a%2Bb=c%3Dd=e"), [("a+b".into(), "c=d=e".into())]);
        assert_eq!(read("plan"), [("plan".into(), String::new())]);
    }

    #[test]
    fn pairs_that_cannot_be_decoded_are_skipped() {
        assert_eq!(read("a=%zz&b=%ff&=x&&c=1&d=%4"), [("c".into(), "1".into())]);
    }

    #[test]
    fn the_media_type_is_compared_without_case_and_parameters() {
        let with = |value: &'static str| {
            let value = HeaderValue::from_static(value);
            is_form(&HeaderMap::from_iter([(header::CONTENT_TYPE, value)]))
        };
        assert!(with("Application/X-WWW-Form-URLEncoded; Charset=utf-8"));
        assert!(!with("application/json"));
        assert!(is_form(&HeaderMap::new()));
    }
}
