//! Privacy requests (`access-variants` §5): what is known of a viewer, told or taken away.
//!
//! Requests become jobs. `Prefer: wait` (RFC 7240) asks for the answer once they are done.

mod asker;
mod download;
mod jobs;
mod problem;
mod request;
mod wire;

use axum::Router;
use axum::http::header;
use axum::response::IntoResponse;
use axum::routing::get;

use crate::App;

pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/data/core/privacy/jobs", get(jobs::list).post(jobs::submit))
        .route("/data/core/privacy/jobs/ping", get(ping))
        .route("/data/core/privacy/jobs/{job}", get(jobs::show))
        .route("/data/core/privacy/jobs/{job}/download", get(download::archive))
}

async fn ping() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/json")], r#"{"status":"ok"}"#)
}
