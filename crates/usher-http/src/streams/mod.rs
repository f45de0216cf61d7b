//! Stream limiting, `/v2` (`concurrency`): five endpoints, one file each.
//!
//! Everything below `/v2` comes through [`enter`], which finds the endpoint, proves the caller and
//! dresses every answer, refusals included, in the same headers. The endpoint is found here rather
//! than by axum because the contract decides 405 before 401, tolerates slashes and decodes path
//! segments its own way; the routes are listed all the same, for the log and for `/openapi.json`.

mod answer;
mod beat;
mod body;
mod caller;
mod dress;
mod list;
mod metadata;
mod path;
mod settings;
mod start;
mod stop;
mod submission;

use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::http::{Method, header};
use axum::response::Response;
use axum::routing::any;

use crate::App;

use answer::Refusal;
use dress::Dress;
use path::{Place, Target};

pub use settings::{Origins, PolicyNames, StreamSettings};

/// The routes of the stream-limiting API.
pub(crate) fn routes(app: &App) -> Router<App> {
    let dress = Arc::new(Dress::new(&app.settings.streams));
    let app = app.clone();
    let enter = any(move |request| enter(app.clone(), Arc::clone(&dress), request));
    let router = Router::new()
        .route("/v2/metadata", enter.clone())
        .route("/v2/sessions/{idp}/{subject}", enter.clone())
        .route("/v2/sessions/{idp}/{subject}/{session}", enter.clone())
        .route("/v2/runningStreams/{idp}/{subject}", enter.clone());
    // Stray paths: other spellings of the above, or 404 in this API's clothes. `/v1` is its past.
    ["/v2", "/v2/", "/v2/{*rest}", "/v1/{*rest}"]
        .into_iter()
        .fold(router, |router, stray| router.route(stray, enter.clone()))
}

/// Longest request line answered, in bytes (contracts README, clarification 14).
const REQUEST_LINE_BYTES_MAX: usize = 16 * 1024;

async fn enter(app: App, dress: Arc<Dress>, request: Request) -> Response {
    let now = app.clock.now();
    let origin = request.headers().get(header::ORIGIN).cloned();
    let answer = match answer(&app, request).await {
        Ok(answer) => answer,
        Err(refusal) => refusal.into_response(&app.settings.streams),
    };
    dress.put_on(answer, origin, now)
}

/// Checks in the order of `concurrency` §9: preflight, routing, method, caller, then the rest.
async fn answer(app: &App, request: Request) -> Result<Response, Refusal> {
    if request.method() == Method::OPTIONS {
        return Ok(answer::preflight());
    }
    let target = request.uri().path_and_query().map_or(0, |target| target.as_str().len());
    if request.method().as_str().len() + target + " HTTP/1.1".len() >= REQUEST_LINE_BYTES_MAX {
        return Err(Refusal::RequestLineTooLong);
    }
    let place = Place::find(request.uri().path()).ok_or(Refusal::NotFound)?;
    if !place.allows(request.method()) {
        return Err(Refusal::MethodNotAllowed(place.allow()));
    }
    let caller = caller::prove(app, request.headers())?;
    match (place.target()?, request.method()) {
        (Target::Metadata, _) => Ok(metadata::answer(app, &caller)),
        (Target::Subject(subject), _) => start::answer(app, &caller, &subject, request).await,
        (Target::Stream(subject, session), &Method::DELETE) => {
            stop::answer(app, &caller, &subject, &session).await
        }
        (Target::Stream(subject, session), _) => {
            beat::answer(app, &caller, (&subject, &session), request).await
        }
        (Target::Running(subject), _) => list::answer(app, &caller, &subject).await,
    }
}
