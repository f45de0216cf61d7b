//! Cross-origin rules of the APIs that browsers call (`errors` TH-8).
//!
//! They hold for every answer, errors and 429 included, because a browser hides an answer without
//! them. Any origin is echoed: these APIs are guarded by bearer tokens, not by where a page came from.
//! Stream limiting has rules of its own; reports are not for browsers of others.

use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

/// The paths these rules hold for.
const PATHS: [&str; 6] =
    ["/api/", "/o/client/", "/oauth2/", "/.well-known/", "/jwks.json", "/media-token/"];

/// Every request header of the contracts (`pass-rest-v2` §3, §18) and those of the published sample.
const REQUEST_HEADERS: HeaderValue = HeaderValue::from_static(
    "authorization, content-type, accept, AP-Session-Identifier, AP-Device-Identifier, \
     AP-SDK-Identifier, X-Device-Info, X-Forwarded-For, Adobe-Subject-Token, \
     X-Roku-Reserved-Roku-Connect-Token, AD-Service-Token, AP-Partner-Framework-Status, \
     AP-TempPass-Identity, AP-Visitor-Identifier, X-SSO-ID, X-SSO-LINK",
);

/// The same on every answer.
const FIXED: [(HeaderName, HeaderValue); 5] = [
    (header::ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true")),
    (header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("POST,GET,OPTIONS,DELETE")),
    (header::ACCESS_CONTROL_ALLOW_HEADERS, REQUEST_HEADERS),
    (
        header::ACCESS_CONTROL_EXPOSE_HEADERS,
        HeaderValue::from_static("Location, Retry-After, WWW-Authenticate, X-Trace-Id"),
    ),
    (header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("3600")),
];

/// Answers preflights, and adds the rules to everything else.
pub(crate) async fn apply(request: Request, next: Next) -> Response {
    let path = request.uri().path();
    if !PATHS.iter().any(|prefix| path.starts_with(prefix)) {
        return next.run(request).await;
    }
    let origin = request.headers().get(header::ORIGIN).cloned();
    let mut response = match *request.method() {
        Method::OPTIONS => preflight(),
        _ => next.run(request).await,
    };
    allow(response.headers_mut(), origin);
    response
}

/// The answer to a preflight, before the rules are added.
pub(crate) fn preflight() -> Response {
    StatusCode::NO_CONTENT.into_response()
}

/// Adds the rules to the `headers` of an answer to a page of this `origin`.
pub(crate) fn allow(headers: &mut HeaderMap, origin: Option<HeaderValue>) {
    headers.extend(FIXED.map(|(name, value)| (Some(name), value)));
    headers.append(header::VARY, HeaderValue::from_static("Origin"));
    if let Some(origin) = origin {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    }
}
