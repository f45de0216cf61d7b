//! The browser's way out: to the provider, and back to the application.

use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use usher_entitle::SignOutAnswer;

use super::page::{link_over, redirect, step, trouble};
use crate::App;

/// What the browser carries.
#[derive(Deserialize)]
pub(super) struct WayOut {
    #[serde(default)]
    state: String,
}

/// `GET /adobe-services/logout`: sends the browser to the provider to sign out there, once.
pub(super) async fn open(State(app): State<App>, Query(way_out): Query<WayOut>) -> Response {
    match app.entitlement.open_logout(&way_out.state).await {
        Ok(Some(next)) => step(&next),
        Ok(None) => link_over().into_response(),
        Err(error) => trouble(&error),
    }
}

/// `GET /sp/oauth2/logout-callback`: the browser comes back.
pub(super) async fn returned(State(app): State<App>, Query(way_out): Query<WayOut>) -> Response {
    close(&app, &way_out.state, &SignOutAnswer::Returned).await
}

/// Sends the browser that comes back from the provider to where the application wants it.
pub(super) async fn close(app: &App, state: &str, answer: &SignOutAnswer) -> Response {
    match app.entitlement.close_logout(state, answer).await {
        Ok(Some(location)) => redirect(location.as_str()),
        Ok(None) => link_over().into_response(),
        Err(error) => trouble(&error),
    }
}
