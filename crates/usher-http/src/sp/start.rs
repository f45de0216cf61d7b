//! `GET /adobe-services/authenticate/{saml,oauth2}`: where older pages begin a sign-in (`mvpd` §5.1).
//!
//! The documented query says which channel and provider, but not whose device; that only the code of
//! an authentication session says, so without `code` there is nothing to begin. Everything else in the
//! query is known from the session and is not believed.

use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use usher_entitle::Code;

use super::page::link_over;
use crate::App;
use crate::entitlement::begin_sign_in;

/// What is used of the query.
#[derive(Deserialize)]
pub(super) struct Start {
    #[serde(default)]
    requestor_id: String,
    #[serde(default)]
    code: String,
}

/// Sends the browser to the provider.
pub(super) async fn start(State(app): State<App>, Query(start): Query<Start>) -> Response {
    match Code::parse(&start.code) {
        Some(code) => begin_sign_in(&app, &start.requestor_id, &code).await,
        None => link_over().into_response(),
    }
}
