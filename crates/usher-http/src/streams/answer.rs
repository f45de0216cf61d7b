//! Answers, refusals and the headers all of them carry (`concurrency` §4, §9).

use std::time::{Duration, UNIX_EPOCH};

use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::Response;
use serde::Serialize;
use usher_core::{StoreError, Timestamp};
use usher_streams::{BeatError, StartError, StopError, Terminator, Violation};

use super::body::EvaluationResult;
use super::settings::StreamSettings;

/// Everything this API refuses a request with.
pub(super) enum Refusal {
    /// 400 without a body: bytes that make no sense, or too many of them.
    Malformed,
    /// 400: the client has to learn which metadata is required.
    MissingMetadata,
    /// 401: no application is known by that id.
    Unauthorized,
    /// 403: the application is disabled, or the stream another application's.
    Forbidden,
    /// 404: no such path, or no such stream was ever issued.
    NotFound,
    /// 405, with `Allow`.
    MethodNotAllowed(HeaderValue),
    /// 409: rules are violated.
    Denied(Vec<Violation>),
    /// 410: the stream is over; killed by another one if that is told.
    Gone(Option<Terminator>),
    /// 414.
    RequestLineTooLong,
    /// 429 until then.
    Throttled(Timestamp),
    /// 500 or 503: our fault.
    Store(StoreError),
}

impl From<StartError> for Refusal {
    fn from(error: StartError) -> Self {
        match error {
            StartError::Throttled { until } => Self::Throttled(until),
            StartError::OverLimits(_) => Self::Malformed,
            StartError::MissingMetadata => Self::MissingMetadata,
            StartError::Denied(violations) => Self::Denied(violations),
            StartError::Store(error) => Self::Store(error),
        }
    }
}

impl From<BeatError> for Refusal {
    fn from(error: BeatError) -> Self {
        match error {
            BeatError::NeverIssued => Self::NotFound,
            BeatError::Throttled { until } => Self::Throttled(until),
            BeatError::Foreign => Self::Forbidden,
            BeatError::Gone(terminator) => Self::Gone(terminator),
            BeatError::OverLimits(_) => Self::Malformed,
            BeatError::Denied(violations) => Self::Denied(violations),
            BeatError::Store(error) => Self::Store(error),
        }
    }
}

impl From<StopError> for Refusal {
    fn from(error: StopError) -> Self {
        match error {
            StopError::NeverIssued => Self::NotFound,
            StopError::Throttled { until } => Self::Throttled(until),
            StopError::Foreign => Self::Forbidden,
            StopError::Gone(terminator) => Self::Gone(terminator),
            StopError::Store(error) => Self::Store(error),
        }
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl Refusal {
    pub(super) fn into_response(self, settings: &StreamSettings) -> Response {
        match self {
            Self::Malformed => empty(StatusCode::BAD_REQUEST),
            Self::MissingMetadata => {
                json(StatusCode::BAD_REQUEST, &EvaluationResult::missing_metadata())
            }
            Self::Unauthorized if settings.challenge => {
                let challenge = HeaderValue::from_static("Basic realm=\"cm\"");
                with(empty(StatusCode::UNAUTHORIZED), header::WWW_AUTHENTICATE, challenge)
            }
            Self::Unauthorized => empty(StatusCode::UNAUTHORIZED),
            Self::Forbidden => empty(StatusCode::FORBIDDEN),
            Self::NotFound => empty(StatusCode::NOT_FOUND),
            Self::MethodNotAllowed(allow) => {
                with(empty(StatusCode::METHOD_NOT_ALLOWED), header::ALLOW, allow)
            }
            Self::Denied(violations) => {
                json(StatusCode::CONFLICT, &EvaluationResult::denied(&violations, settings))
            }
            Self::Gone(None) => empty(StatusCode::GONE),
            Self::Gone(Some(killer)) => {
                json(StatusCode::GONE, &EvaluationResult::killed(&killer, settings))
            }
            Self::RequestLineTooLong => empty(StatusCode::URI_TOO_LONG),
            Self::Throttled(until) => {
                with(empty(StatusCode::TOO_MANY_REQUESTS), header::EXPIRES, http_date(until))
            }
            Self::Store(error) => our_fault(&error),
        }
    }
}

fn our_fault(error: &StoreError) -> Response {
    tracing::error!(%error, "a stream request could not be answered");
    match error {
        StoreError::Unavailable(_) | StoreError::Conflict => empty(StatusCode::SERVICE_UNAVAILABLE),
        StoreError::Corrupt { .. } => empty(StatusCode::INTERNAL_SERVER_ERROR),
    }
}

/// An answer without a body, and so without a content type.
pub(super) fn empty(status: StatusCode) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    with(response, header::CONTENT_LENGTH, HeaderValue::from_static("0"))
}

/// An answer with a JSON body.
pub(super) fn json(status: StatusCode, body: &impl Serialize) -> Response {
    let Ok(text) = serde_json::to_vec(body) else {
        return empty(StatusCode::INTERNAL_SERVER_ERROR);
    };
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    let json = HeaderValue::from_static("application/json;charset=utf-8");
    with(response, header::CONTENT_TYPE, json)
}

/// 202 with the two dates that tell when the next heartbeat is due; both from one instant.
pub(super) fn accepted(at: Timestamp, expires: Timestamp) -> Response {
    let response = with(empty(StatusCode::ACCEPTED), header::DATE, http_date(at));
    with(response, header::EXPIRES, http_date(expires))
}

/// `response` with one more header.
pub(super) fn with(mut response: Response, name: HeaderName, value: HeaderValue) -> Response {
    response.headers_mut().insert(name, value);
    response
}

/// IMF-fixdate, seconds rounded down.
pub(super) fn http_date(instant: Timestamp) -> HeaderValue {
    let since_epoch = Duration::from_secs(u64::try_from(instant.as_secs()).unwrap_or(0));
    let text = httpdate::fmt_http_date(UNIX_EPOCH + since_epoch);
    HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static(""))
}

/// The answer to a CORS preflight, whatever it asks about.
pub(super) fn preflight() -> Response {
    let headers = [
        (header::ACCESS_CONTROL_ALLOW_METHODS, "GET, POST, DELETE, OPTIONS, HEAD, PUT"),
        (
            header::ACCESS_CONTROL_ALLOW_HEADERS,
            "Authorization, Content-Type, Accept, X-Terminate, X-Client-Version",
        ),
        (header::ACCESS_CONTROL_MAX_AGE, "3600"),
    ];
    headers.into_iter().fold(empty(StatusCode::OK), |response, (name, value)| {
        with(response, name, HeaderValue::from_static(value))
    })
}
