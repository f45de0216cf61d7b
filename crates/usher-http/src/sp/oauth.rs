//! `GET /sp/oauth2/callback`: the browser comes back from an OAuth 2.0 provider (`mvpd` §6).

use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Response};
use usher_entitle::SignInAnswer;

use super::finish;
use super::page::link_over;
use crate::App;

/// Parameters of a callback that are looked at; providers send a handful.
const PARAMETERS_MAX: usize = 32;

/// Takes the provider's answer and sends the browser to the application.
pub(super) async fn callback(State(app): State<App>, RawQuery(query): RawQuery) -> Response {
    let query = query.unwrap_or_default();
    let parameters: Vec<(String, String)> = form_urlencoded::parse(query.as_bytes())
        .take(PARAMETERS_MAX)
        .map(|(name, value)| (name.into_owned(), value.into_owned()))
        .collect();
    let state = parameters.iter().find(|(name, _)| name == "state").map(|(_, value)| value.clone());
    match state {
        Some(state) => finish(&app, &state, &SignInAnswer::OAuth(parameters)).await,
        None => link_over().into_response(),
    }
}
