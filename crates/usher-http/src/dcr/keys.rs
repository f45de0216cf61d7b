//! What others verify our tokens with (`dcr` SEC-4, `demo` §3). Never the keys of statements.

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use usher_jose::Jwks;

use super::Answer;
use crate::App;

/// Keys change rarely, and old ones stay; a forgotten key is asked for again by its `kid`.
const BRIEFLY: [(header::HeaderName, &str); 1] = [(header::CACHE_CONTROL, "public, max-age=300")];

/// `GET /jwks.json`: the keys of access tokens and of JWS media tokens.
pub(super) async fn jwks(State(app): State<App>) -> impl IntoResponse {
    let media = app.settings.media_token_keys.iter();
    (BRIEFLY, Answer(StatusCode::OK, Jwks::of(app.clients.token_keys().iter().chain(media))))
}

/// `GET /media-token/certificate.pem`: the key of media tokens in the documented form.
pub(super) async fn media_token_certificate(State(app): State<App>) -> impl IntoResponse {
    let pem = app.settings.media_token_certificate.pem().to_owned();
    (BRIEFLY, [(header::CONTENT_TYPE, "application/x-pem-file")], pem)
}
