//! `GET` of a report.

use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method};
use axum::response::Response;
use usher_reports::{Address, Api, Query};

use super::format::Format;
use super::modified;
use super::page::Asked;
use super::problem::Problem;
use super::proof;
use crate::App;

/// A report of entitlement.
pub(super) async fn esm(State(app): State<App>, request: Request) -> Result<Response, Problem> {
    get(&app, Api::Esm, &request_parts(&request, "/esm/")).await
}

/// A report of stream usage. Its `Last-Modified` is there but without meaning (`wolap.md` §15).
pub(super) async fn cmu(State(app): State<App>, request: Request) -> Result<Response, Problem> {
    let mut response = get(&app, Api::Cmu, &request_parts(&request, "/cmu/")).await?;
    modified::tell(response.headers_mut(), Some(app.clock.now().as_secs()));
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
    let (caller, proof) = proof::caller(app, &request.headers, &request.query).await?;
    let scope = proof::scope(app, &caller, &address)?;
    let resource = app.reports.find(&address, &scope)?;
    let wanted = Query::format_of(&request.query);
    let extension = address.extension.as_deref();
    let format = Format::negotiate(extension, wanted.as_deref(), &request.headers)?;
    let report = app.reports.report(&resource, &request.query, &scope).await?;
    let made = report.made.and_then(|made| modified::in_seconds(made, app.clock.now()));
    if api == Api::Esm && modified::is_known(&request.headers, made) {
        return Ok(modified::answer(made));
    }
    let asked = Asked {
        reports: &app.reports,
        resource: &resource,
        scope: &scope,
        query: &request.query,
        base: &app.settings.base_url,
    };
    let mut response = format.render(&report, asked);
    modified::tell(response.headers_mut(), made);
    if let Some(token) = proof.in_query().filter(|_| format == Format::Html) {
        proof::remember(app, api, token, response.headers_mut());
    }
    Ok(response)
}
