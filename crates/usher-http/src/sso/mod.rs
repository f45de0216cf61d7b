//! The single-sign-on service (`access-variants` §4.4): tokens, link codes and devices of a viewer.
//!
//! Answers are JSON; errors are wrapped in an object of their own, with statuses of their own.

mod call;
mod devices;
mod link;
mod problem;
mod service_token;

use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get, post};
use axum::{Json, Router};
use serde_json::{Map, Value};
use usher_core::Timestamp;

use crate::{App, trace};
use problem::Problem;

/// The operations, each on its path; a slash at the end changes nothing.
fn operations() -> [(&'static str, MethodRouter<App>); 4] {
    [
        ("/api/{sp}/serviceToken", get(service_token::refresh).post(service_token::create)),
        ("/api/{sp}/link", post(link::create)),
        ("/api/{sp}/unlink", post(devices::unlink)),
        ("/api/{sp}/list", get(devices::list)),
    ]
}

pub(crate) fn routes(app: &App) -> Router<App> {
    let mut router = Router::new();
    for (path, operation) in operations() {
        let operation = operation.fallback(wrong_method);
        router = router.route(path, operation.clone()).route(&format!("{path}/"), operation);
    }
    router
        .layer(from_fn_with_state(app.clone(), render))
        .layer(from_fn_with_state(app.clone(), trace::name))
}

async fn wrong_method() -> Problem {
    Problem::Method
}

/// Gives a problem its body, which needs to know the deployment.
async fn render(State(app): State<App>, request: Request, next: Next) -> Response {
    let trace = trace::of(request.extensions(), &app);
    let mut response = next.run(request).await;
    match response.extensions_mut().remove::<problem::Raised>() {
        Some(raised) => raised.render(&app, trace, response),
        None => response,
    }
}

/// A success. `names` are those of the samples, and of the tables where the deployment wants both.
struct Success {
    status: StatusCode,
    word: &'static str,
    members: Vec<(&'static str, Value)>,
}

impl IntoResponse for Success {
    fn into_response(self) -> Response {
        let status = std::iter::once(("status", self.word.into()));
        let members = status.chain(self.members).map(|(name, value)| (name.to_owned(), value));
        let body: Map<_, _> = members.collect();
        let no_store = [(header::CACHE_CONTROL, "no-store")];
        (self.status, no_store, Json(body)).into_response()
    }
}

fn times(not_before: Timestamp, not_after: Timestamp) -> [(&'static str, Value); 2] {
    [("notBefore", not_before.as_millis().into()), ("notAfter", not_after.as_millis().into())]
}
