//! Answers and refusals (`concurrency` §4, §9), before they are dressed.

use std::time::{Duration, UNIX_EPOCH};

use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use serde::Serialize;
use usher_core::{StoreError, Timestamp};
use usher_streams::{BeatError, StartError, StopError, Terminator, Violation};

use super::body::EvaluationResult;
use super::settings::StreamSettings;

/// An answer of this API, without the headers that all of them carry.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    /// JSON, when there is a body at all.
    pub(super) json: Option<Vec<u8>>,
    /// When it was decided; when it leaves, if that makes no difference.
    pub(super) at: Option<Timestamp>,
    pub(super) expires: Option<Timestamp>,
    /// A header of its own.
    pub(super) own: Option<(HeaderName, HeaderValue)>,
}

impl Answer {
    /// An answer without a body, and so without a content type.
    pub(super) const fn empty(status: StatusCode) -> Self {
        Self { status, json: None, at: None, expires: None, own: None }
    }

    /// An answer with a JSON body.
    pub(super) fn json(status: StatusCode, body: &impl Serialize) -> Self {
        match serde_json::to_vec(body) {
            Ok(json) => Self { json: Some(json), ..Self::empty(status) },
            Err(_) => Self::empty(StatusCode::INTERNAL_SERVER_ERROR),
        }
    }

    /// 202 with the two dates that tell when the next heartbeat is due; both from one instant.
    pub(super) fn accepted(at: Timestamp, expires: Timestamp) -> Self {
        Self { at: Some(at), expires: Some(expires), ..Self::empty(StatusCode::ACCEPTED) }
    }

    /// The same with a header of its own.
    pub(super) fn with(self, name: HeaderName, value: HeaderValue) -> Self {
        Self { own: Some((name, value)), ..self }
    }
}

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
    /// 503: no memory for more streams.
    Full,
    /// 500 or 503: our fault.
    Store(StoreError),
}

impl From<StartError> for Refusal {
    fn from(error: StartError) -> Self {
        match error {
            StartError::Throttled { until } => Self::Throttled(until),
            StartError::Full => Self::Full,
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
    pub(super) fn into_answer(self, settings: &StreamSettings) -> Answer {
        match self {
            Self::Malformed => Answer::empty(StatusCode::BAD_REQUEST),
            Self::MissingMetadata => {
                Answer::json(StatusCode::BAD_REQUEST, &EvaluationResult::missing_metadata())
            }
            Self::Unauthorized if settings.challenge => {
                let challenge = HeaderValue::from_static("Basic realm=\"cm\"");
                Answer::empty(StatusCode::UNAUTHORIZED).with(header::WWW_AUTHENTICATE, challenge)
            }
            Self::Unauthorized => Answer::empty(StatusCode::UNAUTHORIZED),
            Self::Forbidden => Answer::empty(StatusCode::FORBIDDEN),
            Self::NotFound => Answer::empty(StatusCode::NOT_FOUND),
            Self::MethodNotAllowed(allow) => {
                Answer::empty(StatusCode::METHOD_NOT_ALLOWED).with(header::ALLOW, allow)
            }
            Self::Denied(violations) => {
                Answer::json(StatusCode::CONFLICT, &EvaluationResult::denied(&violations, settings))
            }
            Self::Gone(None) => Answer::empty(StatusCode::GONE),
            Self::Gone(Some(killer)) => {
                Answer::json(StatusCode::GONE, &EvaluationResult::killed(&killer, settings))
            }
            Self::RequestLineTooLong => Answer::empty(StatusCode::URI_TOO_LONG),
            Self::Throttled(until) => {
                Answer { expires: Some(until), ..Answer::empty(StatusCode::TOO_MANY_REQUESTS) }
            }
            Self::Full => Answer::empty(StatusCode::SERVICE_UNAVAILABLE),
            Self::Store(error) => our_fault(&error),
        }
    }
}

fn our_fault(error: &StoreError) -> Answer {
    tracing::error!(%error, "a stream request could not be answered");
    Answer::empty(match error {
        StoreError::Unavailable(_) | StoreError::Conflict => StatusCode::SERVICE_UNAVAILABLE,
        StoreError::Corrupt { .. } => StatusCode::INTERNAL_SERVER_ERROR,
    })
}

/// IMF-fixdate, seconds rounded down.
pub(super) fn http_date(instant: Timestamp) -> HeaderValue {
    let since_epoch = Duration::from_secs(u64::try_from(instant.as_secs()).unwrap_or(0));
    let text = httpdate::fmt_http_date(UNIX_EPOCH + since_epoch);
    HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static(""))
}
