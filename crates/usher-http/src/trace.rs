//! Every request to the API has a name, which its answer carries.

use axum::extract::{Request, State};
use axum::http::{Extensions, HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;
use usher_core::TraceId;

use crate::App;

/// The header of every answer that names its request.
pub(crate) const TRACE: HeaderName = HeaderName::from_static("x-trace-id");

/// Names the request, and says the name in the answer.
pub(crate) async fn name(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let trace = TraceId::new(app.entropy.as_ref(), app.clock.now());
    request.extensions_mut().insert(trace);
    let mut response = next.run(request).await;
    tell(trace, &mut response);
    response
}

/// Says the name of the request in its answer.
pub(crate) fn tell(trace: TraceId, response: &mut Response) {
    if let Ok(value) = HeaderValue::try_from(trace.to_string()) {
        response.headers_mut().insert(TRACE, value);
    }
}

/// The name of the request with these extensions; a new one where nobody gave a name.
pub(crate) fn of(extensions: &Extensions, app: &App) -> TraceId {
    let given = extensions.get().copied();
    given.unwrap_or_else(|| TraceId::new(app.entropy.as_ref(), app.clock.now()))
}
