//! E1: which attributes a start must carry.

use axum::http::{StatusCode, header};
use axum::response::Response;
use usher_streams::Caller;

use crate::App;

use super::answer::{http_date, json, with};

pub(super) fn answer(app: &App, caller: &Caller) -> Response {
    let required = app.streams.metadata(caller);
    let response = json(StatusCode::OK, &required.names);
    with(response, header::LAST_MODIFIED, http_date(required.revised_at))
}
