//! `POST /oauth2/register` (RFC 7591).

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use serde::Serialize;

use super::AUTHENTICATION_METHODS;
use crate::App;
use crate::dcr::problem::{Problem, RegistrationProblem};
use crate::dcr::register::Credentials;
use crate::dcr::{Answer, body, registration};

/// New credentials with the metadata they came with (RFC 7591 §3.2.1).
#[derive(Serialize)]
pub(in crate::dcr) struct ClientInformation {
    #[serde(flatten)]
    credentials: Credentials,
    client_name: String,
    scope: String,
    token_endpoint_auth_method: &'static str,
    software_id: String,
    software_version: String,
    /// To be repeated unmodified.
    software_statement: String,
}

/// Registers a client.
pub(in crate::dcr) async fn register(
    State(app): State<App>,
    headers: HeaderMap,
    body: Body,
) -> Result<Answer<ClientInformation>, RegistrationProblem> {
    let body = body::json(&headers, body).await?;
    let ask = registration::standard(&body)?;
    let software_statement = ask.software_statement.clone();
    let registered = app.clients.register(ask).await.map_err(Problem::from)?;
    let application = &registered.application;
    let scopes: Vec<_> = application.scopes.iter().map(|scope| scope.as_str()).collect();
    let [basic, _] = AUTHENTICATION_METHODS;
    let information = ClientInformation {
        client_name: application.name.clone(),
        scope: scopes.join(" "),
        token_endpoint_auth_method: basic,
        software_id: application.id.to_string(),
        software_version: application.version.clone(),
        software_statement,
        credentials: registered.into(),
    };
    Ok(Answer(StatusCode::CREATED, information))
}
