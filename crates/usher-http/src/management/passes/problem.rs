//! Everything that can be wrong with a reset, and how the wire says it.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use usher_clients::BearerError;
use usher_entitle::TrialResetError;

use crate::management::caller::NotAllowed;
use crate::management::sentence;

/// Why nothing was reset.
#[derive(Debug, thiserror::Error)]
pub(super) enum Problem {
    #[error(transparent)]
    Caller(#[from] NotAllowed),
    #[error("the parameter `{0}` is missing, empty or too long")]
    Parameter(&'static str),
    #[error("there is no such channel")]
    Channel,
    #[error("your application does not act for this channel")]
    NotYours,
    #[error(transparent)]
    Reset(#[from] TrialResetError),
}

impl Problem {
    const fn status(&self) -> StatusCode {
        match self {
            Self::Caller(refusal) => refusal.status(),
            Self::NotYours => StatusCode::FORBIDDEN,
            Self::Parameter(_)
            | Self::Channel
            | Self::Reset(TrialResetError::NotAPass | TrialResetError::NotPromotional) => {
                StatusCode::BAD_REQUEST
            }
            Self::Reset(TrialResetError::Store(_)) => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}

impl From<BearerError> for Problem {
    fn from(error: BearerError) -> Self {
        Self::Caller(error.into())
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        if let Self::Reset(TrialResetError::Store(error)) = &self {
            tracing::error!(%error, "trials could not be reset");
        }
        sentence::render(self.status(), &self)
    }
}
