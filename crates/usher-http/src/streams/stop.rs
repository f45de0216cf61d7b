//! E4: stopping a stream.

use axum::http::StatusCode;
use axum::response::Response;
use usher_streams::{Caller, Subject};

use crate::App;

use super::answer::{Refusal, empty};

pub(super) async fn answer(
    app: &App,
    caller: &Caller,
    subject: &Subject,
    session: &str,
) -> Result<Response, Refusal> {
    app.streams.stop(caller, subject, session).await?;
    Ok(empty(StatusCode::ACCEPTED))
}
