//! What can be wrong with a call of the admin API, as problems of RFC 9457.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;
use usher_core::StoreError;

use crate::bearer::CHALLENGE;

/// Why a call has no result.
#[derive(Debug, thiserror::Error)]
pub(super) enum Problem {
    #[error("the admin token is missing or wrong")]
    Unproven,
    #[error("there is no such {0}")]
    Unknown(&'static str),
    #[error("the parameter `{0}` is no positive number")]
    Number(&'static str),
    #[error("the store cannot answer: try again later")]
    Store(#[from] StoreError),
}

impl Problem {
    const fn status(&self) -> StatusCode {
        match self {
            Self::Unproven => StatusCode::UNAUTHORIZED,
            Self::Unknown(_) => StatusCode::NOT_FOUND,
            Self::Number(_) => StatusCode::BAD_REQUEST,
            Self::Store(_) => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = self.status();
        if let Self::Store(error) = &self {
            tracing::error!(%error, "an admin call failed");
        }
        let body = json!({
            "type": "about:blank",
            "title": status.canonical_reason(),
            "status": status.as_u16(),
            "detail": self.to_string(),
        });
        let mut response = (status, body.to_string()).into_response();
        let headers = response.headers_mut();
        let kind = HeaderValue::from_static("application/problem+json");
        headers.insert(header::CONTENT_TYPE, kind);
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, CHALLENGE);
        }
        response
    }
}
