//! Two calls a minute for each address (`access-variants` §1.3): whoever calls more often is polling.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{FromRequestParts, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use parking_lot::Mutex;
use usher_core::{Clock, Timestamp};

use crate::App;
use crate::management::caller::CallerAddress;

/// Calls an address may make within [`WINDOW`].
const CALLS: usize = 2;
const WINDOW: Duration = Duration::from_mins(1);
/// Addresses remembered. Few may manage: when there is no room, somebody is trying things out.
const ADDRESSES_MAX: usize = 10_000;

/// The latest calls of each address, the newest first.
pub(super) struct Rate {
    clock: Arc<dyn Clock>,
    calls: Mutex<HashMap<IpAddr, [Option<Timestamp>; CALLS]>>,
}

impl Rate {
    pub(super) fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, calls: Mutex::default() }
    }

    fn admits(&self, address: IpAddr) -> bool {
        let now = self.clock.now();
        let recent = |call: &Option<Timestamp>| call.is_some_and(|at| now.since(at) < WINDOW);
        let mut calls = self.calls.lock();
        if calls.len() >= ADDRESSES_MAX && !calls.contains_key(&address) {
            calls.retain(|_, calls| calls.iter().any(recent));
            if calls.len() >= ADDRESSES_MAX {
                return false;
            }
        }
        let latest = calls.entry(address).or_default();
        if latest.iter().all(recent) {
            return false;
        }
        latest.rotate_right(1);
        if let Some(newest) = latest.first_mut() {
            *newest = Some(now);
        }
        true
    }
}

/// Lets a call pass, or answers 429.
pub(super) async fn apply(
    State((app, rate)): State<(App, Arc<Rate>)>,
    request: Request,
    next: Next,
) -> Response {
    let (mut parts, body) = request.into_parts();
    let Ok(CallerAddress(address)) = CallerAddress::from_request_parts(&mut parts, &app).await;
    if rate.admits(address) {
        return next.run(Request::from_parts(parts, body)).await;
    }
    let headers = [
        (header::RETRY_AFTER, HeaderValue::from_static("60")),
        (header::CONTENT_TYPE, HeaderValue::from_static("text/plain;charset=utf-8")),
    ];
    let advice = "two calls a minute are allowed: wait a minute, then try again\n";
    (StatusCode::TOO_MANY_REQUESTS, headers, advice).into_response()
}
