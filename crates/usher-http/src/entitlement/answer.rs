//! JSON answers with the documented media type.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::Value;

/// A JSON body. Answers are about one viewer's device, so no cache keeps them.
pub(super) struct Json(pub(super) Value);

impl IntoResponse for Json {
    fn into_response(self) -> Response {
        let headers = [
            (header::CONTENT_TYPE, HeaderValue::from_static("application/json;charset=UTF-8")),
            (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        ];
        (StatusCode::OK, headers, self.0.to_string()).into_response()
    }
}

/// The same for something that did not exist before.
pub(super) struct Created(pub(super) Json);

impl IntoResponse for Created {
    fn into_response(self) -> Response {
        (StatusCode::CREATED, self.0).into_response()
    }
}
