//! One log line per request: route, outcome and cost.
//!
//! Only the route's pattern is logged, never the path or the query: both carry viewers' ids, and the
//! token endpoint takes secrets in its query (`dcr` SEC-2).

use axum::extract::{MatchedPath, Request};
use axum::http::{Method, StatusCode};
use axum::middleware::Next;
use axum::response::Response;
use tokio::time::Instant;

pub(crate) async fn record(request: Request, next: Next) -> Response {
    let began = Instant::now();
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().cloned();
    let response = next.run(request).await;
    let route = route.as_ref().map_or("unmatched", MatchedPath::as_str);
    line(&method, route, response.status(), began);
    response
}

/// Writes the line of a request that began at `began`.
pub(crate) fn line(method: &Method, route: &str, status: StatusCode, began: Instant) {
    let elapsed_us = began.elapsed().as_micros();
    let status = status.as_u16();
    if status >= 500 {
        tracing::warn!(target: "usher::request", %method, route, status, elapsed_us);
    } else {
        tracing::debug!(target: "usher::request", %method, route, status, elapsed_us);
    }
}
