//! E5: what is running.

use axum::http::{StatusCode, header};
use axum::response::Response;
use usher_streams::{Caller, Subject};

use crate::App;

use super::answer::{Refusal, http_date, json, with};
use super::body::RunningStreams;

pub(super) async fn answer(
    app: &App,
    caller: &Caller,
    subject: &Subject,
) -> Result<Response, Refusal> {
    let listing = app.streams.list(caller, subject).await?;
    let response = json(StatusCode::OK, &RunningStreams::new(&listing));
    let response = with(response, header::DATE, http_date(listing.at));
    Ok(match listing.expires {
        Some(expires) => with(response, header::EXPIRES, http_date(expires)),
        None => response,
    })
}
