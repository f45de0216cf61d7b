//! E5: what is running.

use axum::http::StatusCode;
use usher_streams::{Caller, Subject};

use crate::App;

use super::answer::{Answer, Refusal};
use super::body::RunningStreams;

pub(super) async fn answer(
    app: &App,
    caller: &Caller,
    subject: &Subject,
) -> Result<Answer, Refusal> {
    let listing = app.streams.list(caller, subject).await?;
    let answer = Answer::json(StatusCode::OK, &RunningStreams::new(&listing));
    Ok(Answer { at: Some(listing.at), expires: listing.expires, ..answer })
}
