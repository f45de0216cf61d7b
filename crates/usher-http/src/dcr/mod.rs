//! Client registration and tokens (`dcr`), in the documented form and in that of the RFCs.
//!
//! Both forms are the same two operations of [`usher_clients::Clients`]: same clients, same tokens,
//! same revocation. They differ in statuses, in where parameters may stand, and in a few members.

mod body;
mod keys;
mod problem;
mod register;
mod registration;
mod standard;
mod token;

use axum::Router;
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::map_response;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde::Serialize;

use crate::App;

pub(crate) fn routes() -> Router<App> {
    let operations = Router::new()
        .route("/o/client/register", post(register::register))
        .route("/o/client/register/", post(register::register))
        .route("/o/client/token", post(token::token))
        .route("/o/client/token/", post(token::token))
        .route("/oauth2/register", post(standard::register))
        .route("/oauth2/token", post(standard::token))
        .layer(map_response(no_store));
    Router::new()
        .merge(operations)
        .route("/.well-known/oauth-authorization-server", get(standard::metadata))
        .route("/jwks.json", get(keys::jwks))
        .route("/media-token/certificate.pem", get(keys::media_token_certificate))
}

/// Credentials and tokens stay out of every cache (RFC 6749 §5.1).
async fn no_store(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::PRAGMA, HeaderValue::from_static("no-cache"));
    response
}

/// A JSON answer with the documented media type.
struct Answer<T>(StatusCode, T);

impl<T: Serialize> IntoResponse for Answer<T> {
    fn into_response(self) -> Response {
        let json = [(header::CONTENT_TYPE, "application/json;charset=UTF-8")];
        match serde_json::to_vec(&self.1) {
            Ok(body) => (self.0, json, body).into_response(),
            Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        }
    }
}
