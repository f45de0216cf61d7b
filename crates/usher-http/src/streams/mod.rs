//! Stream limiting, `/v2` (`concurrency`): five endpoints, one file each.
//!
//! Everything below `/v2` comes to the [`Desk`], which finds the endpoint, proves the caller and dresses
//! every answer, refusals included, in the same headers. The endpoint is found here rather than by axum
//! because the contract decides 405 before 401, tolerates slashes and decodes path segments its own way.

mod answer;
mod beat;
mod body;
mod caller;
mod dress;
mod list;
mod metadata;
mod path;
pub(crate) mod probe;
mod settings;
mod start;
mod stop;
mod submission;

use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, Method, header};
use axum::response::Response;
use tokio::time::Instant;

use crate::{App, request_log};

use answer::{Answer, Refusal};
use dress::Dress;
use path::{Place, Target};

pub use settings::{Origins, PolicyNames, StreamSettings};

/// Longest request line answered, in bytes (contracts README, clarification 14).
const REQUEST_LINE_BYTES_MAX: usize = 16 * 1024;

/// Where stream-limiting requests are answered.
pub(crate) struct Desk {
    app: App,
    dress: Dress,
}

impl Desk {
    pub(crate) fn new(app: App) -> Self {
        let dress = Dress::new(&app.settings.streams);
        Self { app, dress }
    }

    /// Whether a request for `path` is answered here: this API, and `/v1`, its past.
    pub(crate) fn serves(path: &str) -> bool {
        path == "/v2" || path.starts_with("/v2/") || path.starts_with("/v1/")
    }

    /// Answers a request and logs it.
    pub(crate) async fn serve(&self, request: Request) -> Response {
        let began = Instant::now();
        log_client_version(request.headers());
        let method = request.method().clone();
        let uri = request.uri().clone();
        let place = Place::find(uri.path());
        let response = self.response(place.as_ref(), request).await;
        let route = place.as_ref().map_or("/v2", Place::route);
        request_log::line(&method, route, response.status(), began);
        response
    }

    async fn response(&self, place: Option<&Place<'_>>, request: Request) -> Response {
        let now = self.app.clock.now();
        let origin: Option<HeaderValue> = request.headers().get(header::ORIGIN).cloned();
        if request.method() == Method::OPTIONS {
            return self.dress.preflight(origin, now);
        }
        let answer = match answer(&self.app, place, request).await {
            Ok(answer) => answer,
            Err(refusal) => refusal.into_answer(&self.app.settings.streams),
        };
        self.dress.put_on(answer, origin, now)
    }
}

/// Clients may say which version they are (`concurrency` §4.1); it changes nothing.
fn log_client_version(headers: &HeaderMap) {
    if tracing::enabled!(target: "usher::request", tracing::Level::DEBUG)
        && let Some(version) = headers.get("x-client-version")
    {
        tracing::debug!(target: "usher::request", client_version = ?version);
    }
}

/// Checks in the order of `concurrency` §9, preflights aside: routing, method, caller, then the rest.
async fn answer(app: &App, place: Option<&Place<'_>>, request: Request) -> Result<Answer, Refusal> {
    let target = request.uri().path_and_query().map_or(0, |target| target.as_str().len());
    if request.method().as_str().len() + target + " HTTP/1.1".len() >= REQUEST_LINE_BYTES_MAX {
        return Err(Refusal::RequestLineTooLong);
    }
    let place = place.ok_or(Refusal::NotFound)?;
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
