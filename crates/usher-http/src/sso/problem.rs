//! Everything that can be wrong with a call of the service (`access-variants` §4.4), and how the wire says
//! it: `{"status": "BAD_REQUEST", "error": {…}}`.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;
use usher_clients::BearerError;
use usher_core::{StoreError, TraceId};
use usher_entitle::SsoServiceError;

use crate::App;
use crate::bearer::CHALLENGE;

/// Why a call has no result.
#[derive(Clone, Debug)]
pub(super) enum Problem {
    /// The application is not proven, or does not act for the channel.
    Unauthorized,
    /// A header that the call needs is missing; what it says, and its status.
    HeaderMissing(&'static str, StatusCode),
    /// The token in the header is not authentic.
    InvalidSignature,
    /// The token, id or code is no good here.
    TokenInvalid,
    /// The token is over.
    TokenExpired,
    /// The body holds no devices.
    NoDevices,
    /// The body is missing.
    NoBody,
    /// Wrong method.
    Method,
    /// Too many wrong codes.
    TooManyMistakes,
    /// Something is wrong on our side.
    Internal,
}

/// A problem on its way to [`Raised::render`].
#[derive(Clone, Debug)]
pub(super) struct Raised(Problem);

/// Status, code, message and action.
type Said = (StatusCode, &'static str, &'static str, &'static str);

impl Problem {
    /// A failure on our side; its cause goes to the log and nowhere else.
    pub(super) fn internal(cause: &impl std::fmt::Display) -> Self {
        tracing::error!(%cause, "a single-sign-on request failed");
        Self::Internal
    }

    const fn said(&self) -> Said {
        match self {
            Self::Unauthorized => {
                (StatusCode::UNAUTHORIZED, "unauthorized", "Unauthorized access", "none")
            }
            Self::HeaderMissing(message, status) => {
                (*status, "header_missing", message, "check_headers")
            }
            Self::InvalidSignature => (
                StatusCode::UNAUTHORIZED,
                "header_invalid",
                "Invalid JWT signature in AD-Service-Token",
                "get_new_token",
            ),
            Self::TokenInvalid => (
                StatusCode::BAD_REQUEST,
                "token_invalid",
                "The provided token is invalid",
                "get_new_token",
            ),
            Self::TokenExpired => (
                StatusCode::UNAUTHORIZED,
                "token_expired",
                "The token has expired",
                "get_new_token",
            ),
            Self::NoDevices => (
                StatusCode::BAD_REQUEST,
                "request_invalid",
                "Devices list cannot be null or empty",
                "check_request_body",
            ),
            Self::NoBody => {
                (StatusCode::BAD_REQUEST, "request_null", "Request object cannot be null", "none")
            }
            Self::Method => (
                StatusCode::METHOD_NOT_ALLOWED,
                "method_not_allowed",
                "This resource does not have this method; see the Allow header",
                "none",
            ),
            Self::TooManyMistakes => (
                StatusCode::TOO_MANY_REQUESTS,
                "token_invalid",
                "Too many wrong codes: wait ten minutes, then try again",
                "get_new_token",
            ),
            Self::Internal => (
                StatusCode::INTERNAL_SERVER_ERROR,
                "internal_error",
                "An internal error occurred",
                "none",
            ),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.said().0.into_response();
        response.extensions_mut().insert(Raised(self));
        response
    }
}

impl Raised {
    pub(super) fn render(self, app: &App, trace: TraceId, bare: Response) -> Response {
        let (status, code, message, action) = self.0.said();
        let reason = status.canonical_reason().unwrap_or_default();
        let body = json!({
            "status": reason.to_uppercase().replace(' ', "_"),
            "error": {
                "status": status.as_u16(),
                "code": code,
                "message": message,
                "action": action,
                "helpUrl": app.settings.help_url,
                "trace": trace,
            },
        });
        let (mut parts, _) = bare.into_parts();
        parts.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        parts.headers.remove(header::CONTENT_LENGTH);
        if matches!(self.0, Problem::Unauthorized) {
            parts.headers.insert(header::WWW_AUTHENTICATE, CHALLENGE);
        }
        if status == StatusCode::TOO_MANY_REQUESTS {
            parts.headers.insert(header::RETRY_AFTER, HeaderValue::from_static("600"));
        }
        Response::from_parts(parts, body.to_string().into())
    }
}

impl From<BearerError> for Problem {
    fn from(error: BearerError) -> Self {
        match error {
            BearerError::Store(error) => Self::internal(&error),
            BearerError::Missing
            | BearerError::Invalid
            | BearerError::NotYetValid
            | BearerError::Expired
            | BearerError::Client
            | BearerError::Application
            | BearerError::Scope(_) => Self::Unauthorized,
        }
    }
}

impl From<SsoServiceError> for Problem {
    fn from(error: SsoServiceError) -> Self {
        match error {
            SsoServiceError::Signature => Self::InvalidSignature,
            SsoServiceError::Expired => Self::TokenExpired,
            SsoServiceError::Invalid => Self::TokenInvalid,
            SsoServiceError::TooManyMistakes => Self::TooManyMistakes,
            SsoServiceError::Store(error) => Self::internal(&error),
            SsoServiceError::Sign(error) => Self::internal(&error),
        }
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        Self::internal(&error)
    }
}
