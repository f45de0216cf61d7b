//! The reporting APIs: `/esm/v2`, `/esm/v3` and `/cmu/v2` (`wolap.md`).
//!
//! One resource, `GET` only. Checks happen in the contract's order (§15a); every error is one sentence of
//! plain text. The token may also come in the query (§16).

mod csv;
mod format;
mod get;
mod hosts;
mod json;
mod modified;
mod page;
mod parquet;
mod problem;
mod proof;
mod xml;

use axum::Router;
use axum::routing::any;
use tower_http::compression::CompressionLayer;

use crate::App;

pub use hosts::ReportHosts;
pub(crate) use proof::remember;

pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/esm/{*report}", any(get::esm))
        .route("/cmu/{*report}", any(get::cmu))
        .layer(CompressionLayer::new())
}
