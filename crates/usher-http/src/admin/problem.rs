//! What can be wrong with a call of the admin API, as problems of RFC 9457.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use usher_core::StoreError;

use crate::problem_details;

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
        problem_details::render(status, &self.to_string())
    }
}
