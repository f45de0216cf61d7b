//! Everything that can be wrong with a reset, and how the wire says it.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use usher_clients::BearerError;
use usher_entitle::TrialResetError;

use crate::bearer::CHALLENGE;
use crate::management::caller::NotAllowed;

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
        let status = self.status();
        if let Self::Reset(TrialResetError::Store(error)) = &self {
            tracing::error!(%error, "trials could not be reset");
        }
        let mut response = (status, format!("{self}\n")).into_response();
        let headers = response.headers_mut();
        let text = HeaderValue::from_static("text/plain;charset=utf-8");
        headers.insert(header::CONTENT_TYPE, text);
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, CHALLENGE);
        }
        response
    }
}
