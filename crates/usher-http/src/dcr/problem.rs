//! What can go wrong, on the wire: the one place where errors become codes and statuses.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;
use usher_clients::{RegisterError, StatementError, TokenError};
use usher_core::StoreError;
use usher_jose::SignError;

use super::Answer;

/// An error of either operation (`dcr` §5.4, §6.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Problem {
    /// The request cannot be read.
    InvalidRequest,
    /// The client is not who it claims to be.
    InvalidClient,
    /// The client may not use the grant.
    UnauthorizedClient,
    /// There is no such grant.
    UnsupportedGrantType,
    /// The client does not have the scope.
    InvalidScope,
    /// Users may not be sent there.
    InvalidRedirectUri,
    /// The statement is not genuine.
    InvalidSoftwareStatement,
    /// The statement's application is not approved.
    UnapprovedSoftwareStatement,
    /// Nobody's fault but ours; trying again may help.
    TemporarilyUnavailable,
}

impl Problem {
    const fn code(self) -> &'static str {
        match self {
            Self::InvalidRequest => "invalid_request",
            Self::InvalidClient => "invalid_client",
            Self::UnauthorizedClient => "unauthorized_client",
            Self::UnsupportedGrantType => "unsupported_grant_type",
            Self::InvalidScope => "invalid_scope",
            Self::InvalidRedirectUri => "invalid_redirect_uri",
            Self::InvalidSoftwareStatement => "invalid_software_statement",
            Self::UnapprovedSoftwareStatement => "unapproved_software_statement",
            Self::TemporarilyUnavailable => "temporarily_unavailable",
        }
    }

    /// For people who read the answer of the standard endpoints.
    const fn description(self) -> &'static str {
        match self {
            Self::InvalidRequest => "a parameter is missing, repeated or malformed",
            Self::InvalidClient => "the client is unknown, its secret is wrong, or it was revoked",
            Self::UnauthorizedClient => "the client may not use this grant",
            Self::UnsupportedGrantType => "only client_credentials is supported",
            Self::InvalidScope => "the client does not have every scope that was asked for",
            Self::InvalidRedirectUri => "a redirect URI is not on the application's domains",
            Self::InvalidSoftwareStatement => "the software statement is not valid here",
            Self::UnapprovedSoftwareStatement => "the application is revoked or disabled",
            Self::TemporarilyUnavailable => "try again in a moment",
        }
    }

    /// The status of the standard endpoints (RFC 6749 §5.2, RFC 7591 §3.2.2).
    const fn status(self) -> StatusCode {
        match self {
            Self::InvalidClient => StatusCode::UNAUTHORIZED,
            Self::TemporarilyUnavailable => StatusCode::SERVICE_UNAVAILABLE,
            Self::InvalidRequest
            | Self::UnauthorizedClient
            | Self::UnsupportedGrantType
            | Self::InvalidScope
            | Self::InvalidRedirectUri
            | Self::InvalidSoftwareStatement
            | Self::UnapprovedSoftwareStatement => StatusCode::BAD_REQUEST,
        }
    }
}

/// The documented form: 400 for whatever the client did, bad credentials included (`dcr` §1).
impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = match self {
            Self::TemporarilyUnavailable => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::BAD_REQUEST,
        };
        Answer(status, json!({ "error": self.code() })).into_response()
    }
}

/// A problem at the standard token endpoint (RFC 6749 §5.2).
pub(super) struct TokenProblem(pub(super) Problem);

impl IntoResponse for TokenProblem {
    fn into_response(self) -> Response {
        let mut response = standard(self.0.code(), self.0);
        if self.0 == Problem::InvalidClient {
            let challenge = HeaderValue::from_static("Basic realm=\"usher\"");
            response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
        }
        response
    }
}

/// A problem at the standard registration endpoint, which has a word of its own for requests that
/// cannot be read (RFC 7591 §3.2.2).
pub(super) struct RegistrationProblem(pub(super) Problem);

impl IntoResponse for RegistrationProblem {
    fn into_response(self) -> Response {
        match self.0 {
            Problem::InvalidRequest => standard("invalid_client_metadata", self.0),
            problem => standard(problem.code(), problem),
        }
    }
}

fn standard(code: &str, problem: Problem) -> Response {
    let body = json!({ "error": code, "error_description": problem.description() });
    Answer(problem.status(), body).into_response()
}

impl From<RegisterError> for Problem {
    fn from(error: RegisterError) -> Self {
        match error {
            RegisterError::Statement(StatementError::Invalid) => Self::InvalidSoftwareStatement,
            RegisterError::Statement(StatementError::Unapproved) => {
                Self::UnapprovedSoftwareStatement
            }
            RegisterError::RedirectUri => Self::InvalidRedirectUri,
            RegisterError::Store(error) => error.into(),
        }
    }
}

impl From<TokenError> for Problem {
    fn from(error: TokenError) -> Self {
        match error {
            TokenError::InvalidRequest => Self::InvalidRequest,
            TokenError::InvalidClient => Self::InvalidClient,
            TokenError::UnauthorizedClient => Self::UnauthorizedClient,
            TokenError::UnsupportedGrantType => Self::UnsupportedGrantType,
            TokenError::InvalidScope => Self::InvalidScope,
            TokenError::Store(error) => error.into(),
            TokenError::Sign(error) => error.into(),
        }
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        tracing::error!(%error, "the client store failed");
        Self::TemporarilyUnavailable
    }
}

impl From<SignError> for Problem {
    fn from(error: SignError) -> Self {
        tracing::error!(%error, "an access token was not signed");
        Self::TemporarilyUnavailable
    }
}

impl From<Problem> for TokenProblem {
    fn from(problem: Problem) -> Self {
        Self(problem)
    }
}

impl From<Problem> for RegistrationProblem {
    fn from(problem: Problem) -> Self {
        Self(problem)
    }
}
