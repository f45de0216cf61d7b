//! Resetting temporary passes (`access-variants` §2.4), for whoever runs a channel.
//!
//! Success has no body; every error is one sentence of plain text. A token that is no good here and a
//! client that is no good any more have different statuses, because they need different remedies.

mod problem;
mod reset;

use axum::Router;
use axum::routing::delete;

use crate::App;

/// The path really spells `tempass`.
pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/reset-tempass/v3/reset", delete(reset::devices))
        .route("/reset-tempass/v3/reset/", delete(reset::devices))
        .route("/reset-tempass/v3/reset/generic", delete(reset::identities))
        .route("/reset-tempass/v3/reset/generic/", delete(reset::identities))
}
