//! Request bodies: bounded, and of the right media type (`dcr` §4, SEC-5).

use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, header};
use bytes::Bytes;

use super::problem::Problem;

/// A statement of 16 KiB, with room for escapes and for the redirect URI.
const JSON_BYTES_MAX: usize = 32 * 1024;

/// The longest form.
const FORM_BYTES_MAX: usize = 8 * 1024;

/// A body that says it is JSON.
pub(super) async fn json(headers: &HeaderMap, body: Body) -> Result<Bytes, Problem> {
    read(body, JSON_BYTES_MAX, headers, "application/json").await
}

/// The parameters of a form; none when the body is empty, whatever it says it is (`dcr` §4).
pub(super) async fn form(
    headers: &HeaderMap,
    body: Body,
) -> Result<Vec<(String, String)>, Problem> {
    let body = read(body, FORM_BYTES_MAX, headers, "application/x-www-form-urlencoded").await?;
    Ok(parameters(&body))
}

/// The parameters in a form or a query.
pub(super) fn parameters(text: &[u8]) -> Vec<(String, String)> {
    form_urlencoded::parse(text).into_owned().collect()
}

async fn read(
    body: Body,
    bytes_max: usize,
    headers: &HeaderMap,
    media_type: &str,
) -> Result<Bytes, Problem> {
    let body = to_bytes(body, bytes_max).await.map_err(|_| Problem::InvalidRequest)?;
    if body.is_empty() || is(headers, media_type) { Ok(body) } else { Err(Problem::InvalidRequest) }
}

/// Whether `Content-Type` is `media_type`, its parameters aside.
fn is(headers: &HeaderMap, media_type: &str) -> bool {
    headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .is_some_and(|given| given.trim().eq_ignore_ascii_case(media_type))
}
