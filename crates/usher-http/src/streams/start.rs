//! E2: starting a stream.

use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, header};
use usher_streams::{Caller, Subject, TerminationCode};

use crate::App;

use super::answer::{Answer, Refusal};
use super::submission;

/// Most codes read from one request.
const CODES_MAX: usize = 256;

pub(super) async fn answer(
    app: &App,
    caller: &Caller,
    subject: &Subject,
    request: Request,
) -> Result<Answer, Refusal> {
    let codes = codes(request.headers());
    let submission = submission::read(request).await;
    let started = app.streams.start(caller, subject, &submission, &codes).await?;
    let id = HeaderValue::try_from(started.id.to_string()).map_err(|_| Refusal::Malformed)?;
    Ok(Answer::accepted(started.at, started.expires).with(header::LOCATION, id))
}

/// The streams to end, in the order named: several headers, several codes in each, or both
/// (`concurrency` §12). The documentation spells the header two ways.
fn codes(headers: &HeaderMap) -> Vec<TerminationCode> {
    ["x-terminate", "x-terminator"]
        .into_iter()
        .flat_map(|name| headers.get_all(name))
        .filter_map(|value| value.to_str().ok())
        .flat_map(codes_in)
        .take(CODES_MAX)
        .collect()
}

/// The codes of one header. What is no code is ignored.
pub(super) fn codes_in(value: &str) -> impl Iterator<Item = TerminationCode> {
    value.split(',').filter_map(|code| TerminationCode::parse(code.trim()))
}
