//! When the numbers of a report were made, and clients that know them already (`wolap.md` §15, RFC 9110 §13).
//!
//! Only reports of days that are over say so: everything else is counted when it is asked for.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use usher_core::Timestamp;

/// The second in which something was made, once it is over: what is made later in it would not be told apart.
pub(super) fn in_seconds(made: Timestamp, now: Timestamp) -> Option<i64> {
    (made.as_secs() < now.as_secs()).then(|| made.as_secs())
}

/// Whether the client has what was made then. A tag, of which we have none, would come first.
pub(super) fn is_known(headers: &HeaderMap, made: Option<i64>) -> bool {
    let since = headers.get(header::IF_MODIFIED_SINCE).and_then(|value| value.to_str().ok());
    let since = since.and_then(|value| httpdate::parse_http_date(value).ok());
    let is_tagged = headers.contains_key(header::IF_NONE_MATCH);
    made.zip(since).is_some_and(|(made, since)| !is_tagged && moment(made) <= since)
}

/// Says when it was made, if that is known.
pub(super) fn tell(headers: &mut HeaderMap, made: Option<i64>) {
    let date = made.map(|made| httpdate::fmt_http_date(moment(made)));
    if let Some(date) = date.and_then(|date| HeaderValue::try_from(date).ok()) {
        headers.insert(header::LAST_MODIFIED, date);
    }
}

/// Nothing new.
pub(super) fn answer(made: Option<i64>) -> Response {
    let mut response = StatusCode::NOT_MODIFIED.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private"));
    headers.insert(header::VARY, HeaderValue::from_static("Accept, Accept-Encoding"));
    tell(headers, made);
    response
}

fn moment(seconds: i64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(seconds.max(0).unsigned_abs())
}
