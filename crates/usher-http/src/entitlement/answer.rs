//! JSON answers with the documented media type.

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

/// Room for an answer, in bytes; most take less.
const USUAL_BYTES: usize = 1024;

/// Room for the headers of an answer: nine, and one more where a page asks.
const USUAL_HEADERS: usize = 12;

/// A JSON body. Answers are about one viewer's device, so no cache keeps them.
pub(super) struct Json(serde_json::Result<Vec<u8>>);

impl Json {
    /// `body` in writing.
    pub(super) fn of(body: &impl Serialize) -> Self {
        let mut text = Vec::with_capacity(USUAL_BYTES);
        Self(serde_json::to_writer(&mut text, body).map(|()| text))
    }
}

impl IntoResponse for Json {
    fn into_response(self) -> Response {
        match self.0 {
            Ok(text) => {
                let mut response = Response::new(Body::from(text));
                let headers = response.headers_mut();
                headers.reserve(USUAL_HEADERS);
                headers.insert(
                    header::CONTENT_TYPE,
                    HeaderValue::from_static("application/json;charset=UTF-8"),
                );
                headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
                response
            }
            Err(error) => {
                tracing::error!(%error, "an answer could not be written");
                StatusCode::INTERNAL_SERVER_ERROR.into_response()
            }
        }
    }
}

/// The same for something that did not exist before.
pub(super) struct Created(pub(super) Json);

impl IntoResponse for Created {
    fn into_response(self) -> Response {
        (StatusCode::CREATED, self.0).into_response()
    }
}
