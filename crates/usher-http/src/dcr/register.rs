//! `POST /o/client/register`: a software statement becomes credentials (`dcr` §5).

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use serde::Serialize;
use usher_clients::Registered;
use usher_registry::Scope;

use super::problem::Problem;
use super::{Answer, body, registration};
use crate::App;

/// New credentials, as both forms of the operation show them.
#[derive(Serialize)]
pub(super) struct Credentials {
    client_id: String,
    client_secret: String,
    /// Epoch seconds (`dcr` §14-1).
    client_id_issued_at: i64,
    /// Never. Strict clients insist on being told (`dcr` §5.5).
    client_secret_expires_at: u8,
    redirect_uris: Vec<String>,
    grant_types: [&'static str; 1],
    scopes: Vec<&'static str>,
}

impl From<Registered> for Credentials {
    fn from(registered: Registered) -> Self {
        Self {
            client_id: registered.client_id.to_string(),
            client_secret: registered.client_secret.expose().clone(),
            client_id_issued_at: registered.issued_at.as_secs(),
            client_secret_expires_at: 0,
            redirect_uris: registered.redirect_uris,
            grant_types: ["client_credentials"],
            scopes: registered.application.scopes.iter().copied().map(Scope::as_str).collect(),
        }
    }
}

/// Registers a client.
pub(super) async fn register(
    State(app): State<App>,
    headers: HeaderMap,
    body: Body,
) -> Result<Answer<Credentials>, Problem> {
    let body = body::json(&headers, body).await?;
    let ask = registration::documented(&body)?;
    let registered = app.clients.register(ask).await?;
    Ok(Answer(StatusCode::CREATED, registered.into()))
}
