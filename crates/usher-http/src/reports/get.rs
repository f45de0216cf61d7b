//! `GET` of a report.

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, header};
use axum::response::{IntoResponse, Response};
use usher_reports::{Address, Api, Query};

use super::format::Format;
use super::problem::Problem;
use super::proof;
use crate::App;

/// A report of entitlement.
pub(super) async fn esm(State(app): State<App>, request: Request) -> Result<Response, Problem> {
    get(&app, Api::Esm, &request_parts(&request, "/esm/")).await
}

/// A report of stream usage.
pub(super) async fn cmu(State(app): State<App>, request: Request) -> Result<Response, Problem> {
    let mut response = get(&app, Api::Cmu, &request_parts(&request, "/cmu/")).await?;
    // Present but without meaning: figures are computed when asked for (`wolap.md` §15).
    let now = std::time::UNIX_EPOCH
        + std::time::Duration::from_secs(app.clock.now().as_secs().max(0).unsigned_abs());
    if let Ok(now) = HeaderValue::try_from(httpdate::fmt_http_date(now)) {
        response.headers_mut().insert(header::LAST_MODIFIED, now);
    }
    Ok(response)
}

/// What a report depends on.
struct Parts {
    method: Method,
    path: String,
    query: String,
    headers: HeaderMap,
}

fn request_parts(request: &Request, prefix: &str) -> Parts {
    let path = request.uri().path();
    Parts {
        method: request.method().clone(),
        path: path.strip_prefix(prefix).unwrap_or(path).to_owned(),
        query: request.uri().query().unwrap_or_default().to_owned(),
        headers: request.headers().clone(),
    }
}

/// Checks in the order of `wolap.md` §15a, then renders.
async fn get(app: &App, api: Api, request: &Parts) -> Result<Response, Problem> {
    if request.method != Method::GET {
        return Err(Problem::Method);
    }
    let address = Address::parse(api, &request.path)?;
    let caller = proof::caller(app, &request.headers, &request.query).await?;
    let scope = proof::scope(app, &caller, &address)?;
    let resource = app.reports.find(&address, &scope)?;
    let wanted = Query::format_of(&request.query);
    let extension = address.extension.as_deref();
    let format = Format::negotiate(extension, wanted.as_deref(), &request.headers)?;
    let report = app.reports.report(&resource, &request.query, &scope).await?;
    Ok(format.render(&report).into_response())
}
