//! One log line per request: route, outcome and cost.
//!
//! Only the route's pattern is logged, never the path or the query: both carry viewers' ids, and the
//! token endpoint takes secrets in its query (`dcr` SEC-2).

use axum::extract::{MatchedPath, Request};
use axum::middleware::Next;
use axum::response::Response;
use tokio::time::Instant;

pub(crate) async fn record(request: Request, next: Next) -> Response {
    let started = Instant::now();
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().cloned();
    let response = next.run(request).await;
    let route = route.as_ref().map_or("unmatched", MatchedPath::as_str);
    let status = response.status().as_u16();
    let elapsed_us = started.elapsed().as_micros();
    if response.status().is_server_error() {
        tracing::warn!(target: "usher::request", %method, route, status, elapsed_us);
    } else {
        tracing::debug!(target: "usher::request", %method, route, status, elapsed_us);
    }
    response
}
