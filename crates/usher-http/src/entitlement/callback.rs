//! `GET /sp/oauth2/callback`: the browser comes back from an OAuth 2.0 provider (`mvpd` §6).

use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Response};
use usher_entitle::{FinishSignInError, SignInAnswer};

use super::page::{link_over, redirect, trouble};
use crate::App;

/// Parameters of a callback that are looked at; providers send a handful.
const PARAMETERS_MAX: usize = 32;

/// Takes the provider's answer and sends the browser to the application.
pub(super) async fn oauth2(State(app): State<App>, RawQuery(query): RawQuery) -> Response {
    let query = query.unwrap_or_default();
    let parameters: Vec<(String, String)> = form_urlencoded::parse(query.as_bytes())
        .take(PARAMETERS_MAX)
        .map(|(name, value)| (name.into_owned(), value.into_owned()))
        .collect();
    let state = parameters.iter().find(|(name, _)| name == "state").map(|(_, value)| value.clone());
    let Some(state) = state else { return link_over().into_response() };
    finish(&app, &state, &SignInAnswer::OAuth(parameters)).await
}

async fn finish(app: &App, state: &str, answer: &SignInAnswer) -> Response {
    match app.entitlement.finish_sign_in(state, answer).await {
        Ok(location) => redirect(location.as_str()),
        Err(FinishSignInError::UnknownSignIn | FinishSignInError::NotIntegrated) => {
            link_over().into_response()
        }
        Err(error @ FinishSignInError::NoLifetime(_)) => trouble(&error),
        Err(FinishSignInError::Store(error)) => trouble(&error),
        Err(FinishSignInError::Seal(error)) => trouble(&error),
    }
}
