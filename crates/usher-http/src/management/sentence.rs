//! Errors of these APIs: one sentence of plain text.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::bearer::CHALLENGE;

/// The answer that says what is wrong; a 401 also says how to prove oneself.
pub(super) fn render(status: StatusCode, problem: &impl std::fmt::Display) -> Response {
    let mut response = (status, format!("{problem}\n")).into_response();
    let headers = response.headers_mut();
    let text = HeaderValue::from_static("text/plain;charset=utf-8");
    headers.insert(header::CONTENT_TYPE, text);
    if status == StatusCode::UNAUTHORIZED {
        headers.insert(header::WWW_AUTHENTICATE, CHALLENGE);
    }
    response
}
