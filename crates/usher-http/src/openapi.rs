//! The OpenAPI 3.1 description of every endpoint, at `/openapi.json`.

use axum::Router;
use axum::http::header;
use axum::response::IntoResponse;
use axum::routing::get;

use crate::App;

/// The document itself; a test holds it against the routers.
const DOCUMENT: &str = include_str!("../openapi.json");

pub(crate) fn routes() -> Router<App> {
    Router::new().route("/openapi.json", get(document))
}

async fn document() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/json")], DOCUMENT)
}
