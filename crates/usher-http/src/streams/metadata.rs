//! E1: which attributes a start must carry.

use axum::http::{StatusCode, header};
use usher_streams::Caller;

use crate::App;

use super::answer::{Answer, http_date};

pub(super) fn answer(app: &App, caller: &Caller) -> Answer {
    let required = app.streams.metadata(caller);
    let answer = Answer::json(StatusCode::OK, &required.names);
    answer.with(header::LAST_MODIFIED, http_date(required.revised_at))
}
