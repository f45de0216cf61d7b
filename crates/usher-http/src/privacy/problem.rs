//! Everything that can be wrong with a privacy call, as problems of RFC 9457.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use usher_core::StoreError;
use usher_entitle::PrivacyError;

use crate::management::caller::NotAllowed;
use crate::problem_details;

/// Why a call has no result.
#[derive(Debug, thiserror::Error)]
pub(super) enum Problem {
    #[error(transparent)]
    Caller(#[from] NotAllowed),
    #[error("your application does not act for a whole media company")]
    NoCompany,
    #[error("your application does not act for this organization")]
    NotYours,
    #[error("the header `{0}` is no text")]
    Header(&'static str),
    #[error("the parameter `{0}` is no number it may be")]
    Parameter(&'static str),
    #[error("the body is too large")]
    TooLarge,
    #[error("the body is no privacy request: {0}")]
    Body(String),
    #[error("there is no such job")]
    NoJob,
    #[error("the link is not valid, or not any more: ask for the job again")]
    Link,
    #[error(transparent)]
    Privacy(#[from] PrivacyError),
    #[error("the store cannot answer: try again later")]
    Store(#[from] StoreError),
    #[error("the archive cannot be made")]
    Archive,
}

impl Problem {
    const fn status(&self) -> StatusCode {
        match self {
            Self::Caller(refusal) => refusal.status(),
            Self::NoCompany | Self::NotYours | Self::Link => StatusCode::FORBIDDEN,
            Self::Header(_)
            | Self::Parameter(_)
            | Self::Body(_)
            | Self::Privacy(
                PrivacyError::Organization(_) | PrivacyError::Nothing | PrivacyError::TooMany,
            ) => StatusCode::BAD_REQUEST,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::NoJob => StatusCode::NOT_FOUND,
            Self::Store(_) | Self::Privacy(PrivacyError::Store(_)) => {
                StatusCode::SERVICE_UNAVAILABLE
            }
            Self::Archive | Self::Privacy(PrivacyError::Seal(_)) => {
                StatusCode::INTERNAL_SERVER_ERROR
            }
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        if let Self::Store(error) | Self::Privacy(PrivacyError::Store(error)) = &self {
            tracing::error!(%error, "a privacy call failed");
        }
        problem_details::render(self.status(), &self.to_string())
    }
}
