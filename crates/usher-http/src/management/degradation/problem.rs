//! Everything that can be wrong with a call about rules, and how the wire says it.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use usher_entitle::DegradationError;

use crate::management::caller::NotAllowed;
use crate::management::sentence;

/// Why a call has no result.
#[derive(Debug, thiserror::Error)]
pub(super) enum Problem {
    #[error(transparent)]
    Caller(#[from] NotAllowed),
    #[error("there is no such {0}")]
    Unknown(&'static str),
    #[error("your application does not act for it")]
    NotYours,
    #[error("the parameter `{0}` {1}")]
    Parameter(&'static str, &'static str),
    #[error(
        "the body is too large, or neither a form nor a JSON object of texts, numbers and lists"
    )]
    Body,
    #[error(transparent)]
    Rules(#[from] DegradationError),
}

impl Problem {
    const fn status(&self) -> StatusCode {
        match self {
            Self::Caller(refusal) => refusal.status(),
            Self::Unknown(_)
            | Self::Rules(
                DegradationError::UnknownChannel(_)
                | DegradationError::UnknownMvpd(_)
                | DegradationError::NoSuchRule,
            ) => StatusCode::NOT_FOUND,
            Self::NotYours | Self::Rules(DegradationError::NotYours(_)) => StatusCode::FORBIDDEN,
            Self::Parameter(_, _) | Self::Body => StatusCode::BAD_REQUEST,
            Self::Rules(DegradationError::Store(_)) => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        if let Self::Rules(DegradationError::Store(error)) = &self {
            tracing::error!(%error, "rules of degradation cannot be read or written");
        }
        sentence::render(self.status(), &self)
    }
}
