//! E4: stopping a stream.

use axum::http::StatusCode;
use usher_streams::{Caller, Subject};

use crate::App;

use super::answer::{Answer, Refusal};

pub(super) async fn answer(
    app: &App,
    caller: &Caller,
    subject: &Subject,
    session: &str,
) -> Result<Answer, Refusal> {
    app.streams.stop(caller, subject, session).await?;
    Ok(Answer::empty(StatusCode::ACCEPTED))
}
