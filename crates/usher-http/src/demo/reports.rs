//! Reports for whoever comes by with a browser: a token for one of the demo's applications, and its reports.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use usher_clients::{Credentials, Registration, TokenAsk};
use usher_registry::{RegisteredApplication, Scope};
use usher_reports::Api;

use crate::{App, reports};

/// The reports of the application `name`: where it begins to be interesting.
pub(super) async fn open(State(app): State<App>, Path(name): Path<String>) -> Response {
    let snapshot = app.registry.snapshot();
    let known = snapshot.applications().find(|known| known.name == name);
    let Some((application, api)) = known.and_then(|known| Some((known, api(known)?))) else {
        let text = "no such application, or one that may not read reports: /demo/ lists them\n";
        return (StatusCode::NOT_FOUND, text).into_response();
    };
    let Some(token) = token(&app, application).await else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let mut response = Redirect::to(first_page(api)).into_response();
    reports::remember(&app, api, &token, response.headers_mut());
    response
}

/// Which reports an application may read.
pub(super) fn api(application: &RegisteredApplication) -> Option<Api> {
    let has = |scope: Scope| application.scopes.contains(&scope);
    match (has(Scope::Analytics), has(Scope::StreamAnalytics)) {
        (true, _) => Some(Api::Esm),
        (false, true) => Some(Api::Cmu),
        (false, false) => None,
    }
}

const fn first_page(api: Api) -> &'static str {
    match api {
        Api::Esm => "/esm/v3/year/month/day.html",
        Api::Cmu => "/cmu/v2/year/month/day.html",
    }
}

/// A token, as the application would get it.
async fn token(app: &App, application: &RegisteredApplication) -> Option<String> {
    let failed = |error: &dyn std::fmt::Display| {
        tracing::error!(%error, "the demo could not sign its visitor in to reports");
    };
    let statement = app.clients.mint_statement(&application.id);
    let software_statement = statement.inspect_err(|error| failed(error)).ok()?;
    let ask = Registration { software_statement, redirect_uris: Vec::new() };
    let client = app.clients.register(ask).await.inspect_err(|error| failed(error)).ok()?;
    let credentials =
        Credentials { client_id: client.client_id, client_secret: client.client_secret };
    let issued = app.clients.issue_token(TokenAsk { credentials, scope: None }).await;
    let issued = issued.inspect_err(|error| failed(error)).ok()?;
    Some(issued.access_token.expose().clone())
}
