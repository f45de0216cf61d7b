//! Everything that can be wrong, and how the wire says it (`wolap.md` §15a).

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use usher_clients::BearerError;
use usher_reports::{AddressError, FindError, ReportError};

use crate::bearer::CHALLENGE;

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
pub(super) enum Problem {
    #[error("reports can only be read: use GET")]
    Method,
    #[error(transparent)]
    Version(#[from] AddressError),
    #[error(transparent)]
    Caller(#[from] BearerError),
    #[error("your application may not read these reports")]
    NotForYou,
    #[error(transparent)]
    Path(#[from] FindError),
    #[error("reports come as JSON, XML, CSV, HTML or Parquet")]
    Format,
    #[error(transparent)]
    Report(#[from] ReportError),
}

impl Problem {
    fn status(&self) -> StatusCode {
        match self {
            Self::Method => StatusCode::METHOD_NOT_ALLOWED,
            Self::Version(_) | Self::Path(FindError::Unknown) => StatusCode::NOT_FOUND,
            Self::Caller(BearerError::Store(_)) | Self::Report(ReportError::Unavailable(_)) => {
                StatusCode::SERVICE_UNAVAILABLE
            }
            Self::Caller(BearerError::Scope(_))
            | Self::NotForYou
            | Self::Path(FindError::OtherAudience)
            | Self::Report(ReportError::Foreign(_)) => StatusCode::FORBIDDEN,
            Self::Caller(
                BearerError::Missing
                | BearerError::Invalid
                | BearerError::NotYetValid
                | BearerError::Expired
                | BearerError::Client
                | BearerError::Application,
            ) => StatusCode::UNAUTHORIZED,
            Self::Format => StatusCode::NOT_ACCEPTABLE,
            Self::Report(ReportError::Invalid(_)) => StatusCode::BAD_REQUEST,
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = self.status();
        if let Self::Report(ReportError::Unavailable(source)) = &self {
            tracing::error!(error = %source, "a report could not be answered");
        }
        let mut response = (status, format!("{self}\n")).into_response();
        let headers = response.headers_mut();
        let text = HeaderValue::from_static("text/plain;charset=utf-8");
        headers.insert(header::CONTENT_TYPE, text);
        if status == StatusCode::METHOD_NOT_ALLOWED {
            headers.insert(header::ALLOW, HeaderValue::from_static("GET"));
        }
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, CHALLENGE);
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use usher_core::StoreError;

    use super::*;

    #[test]
    fn a_store_that_is_down_is_not_the_callers_fault() {
        let down = || StoreError::Unavailable("disk".to_owned());
        for problem in [
            Problem::Report(ReportError::Unavailable(down())),
            Problem::Caller(BearerError::Store(down())),
        ] {
            let response = problem.into_response();
            assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
            assert_eq!(response.headers()[header::CONTENT_TYPE], "text/plain;charset=utf-8");
        }
    }
}
