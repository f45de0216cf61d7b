//! The HTTP edge: routes, extractors, handlers, wire formats and error codes.
//!
//! Handlers parse a request into what the domain understands, call one service, and render its
//! answer; they decide nothing. Each API has its own module with its own error table, because each
//! has its own contract. This is the only crate that knows axum.

mod admin;
mod app;
mod bearer;
mod cors;
mod dcr;
mod demo;
mod door;
mod entitlement;
mod front;
mod health;
mod management;
mod openapi;
mod privacy;
mod problem_details;
mod query;
mod reports;
mod request_log;
mod settings;
pub(crate) mod sp;
mod sso;
mod streams;
mod throttle;
mod trace;
mod viewer;

use std::sync::Arc;

use axum::Router;
use axum::middleware;

use throttle::Throttle;

pub use app::{App, Parts};
pub use door::Doors;
pub use front::{Patience, serve};
pub use health::Readiness;
pub use reports::ReportHosts;
pub use settings::HttpSettings;
pub use streams::{Origins, PolicyNames, StreamSettings};
pub use throttle::{Limit, ThrottleSettings, TrustForwardedFor};

/// Entrances for hostile bytes, to every parser of this crate.
#[doc(hidden)]
pub mod probe {
    pub use crate::streams::probe::*;
    pub use crate::viewer::probe::*;
}

/// Every route but those that have a desk.
fn router(app: App, throttle: Arc<Throttle>) -> Router {
    let mut router = Router::new()
        .merge(health::routes())
        .merge(openapi::routes())
        .merge(dcr::routes())
        .merge(entitlement::pages())
        .merge(sp::routes())
        .merge(sso::routes(&app))
        .merge(management::routes(&app))
        .merge(privacy::routes())
        .merge(admin::routes())
        .merge(reports::routes());
    if app.demo.is_some() {
        router = router.merge(demo::routes());
    }
    router
        .layer(middleware::from_fn_with_state(throttle, throttle::apply))
        .layer(middleware::from_fn(cors::apply))
        .layer(middleware::from_fn(request_log::record))
        .with_state(app)
}
