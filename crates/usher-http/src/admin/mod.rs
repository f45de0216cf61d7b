//! The admin API (`console` §11), as far as operators need it without a console: the changes log, how
//! decisions came about, and the revocation of clients.
//!
//! Its caller is whoever has the deployment's admin token; errors are problems of RFC 9457.

mod clients;
pub(crate) mod operator;
mod problem;
mod traces;
mod versions;

use axum::Router;
use axum::routing::{get, post};

use crate::App;

pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/admin/v1/{env}/versions", get(versions::list))
        .route("/admin/v1/{env}/traces/{trace}", get(traces::show))
        .route("/admin/v1/{env}/clients/{client}/revocation", post(clients::revoke))
}
