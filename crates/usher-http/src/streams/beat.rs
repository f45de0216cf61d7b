//! E3: a heartbeat.

use axum::extract::Request;
use usher_streams::{Caller, Subject};

use crate::App;

use super::answer::{Answer, Refusal};
use super::submission;

pub(super) async fn answer(
    app: &App,
    caller: &Caller,
    (subject, session): (&Subject, &str),
    request: Request,
) -> Result<Answer, Refusal> {
    let submission = submission::read(request).await;
    let beat = app.streams.beat(caller, subject, session, &submission).await?;
    Ok(Answer::accepted(beat.at, beat.expires))
}
