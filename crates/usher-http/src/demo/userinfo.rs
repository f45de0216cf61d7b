//! Cablevision's user-profile endpoint.

use axum::Json;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::Demo;

pub(super) async fn userinfo(Demo(demo): Demo, headers: HeaderMap) -> Response {
    let profile = bearer(&headers).and_then(|token| demo.user_info(token));
    profile.map_or_else(refusal, |profile| Json(profile).into_response())
}

fn refusal() -> Response {
    let challenge = [(header::WWW_AUTHENTICATE, "Bearer error=\"invalid_token\"")];
    (StatusCode::UNAUTHORIZED, challenge).into_response()
}

/// The access token of a call.
pub(super) fn bearer(headers: &HeaderMap) -> Option<&str> {
    headers.get(header::AUTHORIZATION)?.to_str().ok()?.strip_prefix("Bearer ")
}
