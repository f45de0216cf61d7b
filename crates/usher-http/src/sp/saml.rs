//! The SAML endpoints (`mvpd` §5.1).

use std::borrow::Cow;

use axum::Form;
use axum::extract::rejection::FormRejection;
use axum::extract::{RawQuery, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use usher_entitle::{ProviderLogoutError, SignInAnswer, SignOutAnswer};

use super::page::{Page, link_over, redirect, trouble};
use super::{finish, logout};
use crate::{App, query};

/// `GET /sp/metadata`: what providers must know of us (`mvpd` §5.10).
pub(super) async fn metadata(State(app): State<App>) -> impl IntoResponse {
    let media_type = "application/samlmetadata+xml; charset=utf-8";
    ([(header::CONTENT_TYPE, media_type)], app.settings.saml_metadata.clone())
}

/// The form of the POST binding (SAML Bindings §3.5.4).
#[derive(Deserialize)]
pub(super) struct Posted {
    #[serde(rename = "SAMLResponse")]
    response: String,
    #[serde(rename = "RelayState", default)]
    relay_state: String,
}

/// `POST /sp/saml/SAMLAssertionConsumer`: the browser brings a provider's answer.
pub(super) async fn consume(
    State(app): State<App>,
    form: Result<Form<Posted>, FormRejection>,
) -> Response {
    match form {
        Ok(Form(Posted { response, relay_state })) => {
            finish(&app, &relay_state, &SignInAnswer::Saml(response)).await
        }
        Err(_) => link_over().into_response(),
    }
}

/// `GET /sp/saml/LogoutServiceHTTPRedirectResponse`: the browser comes back from signing out.
pub(super) async fn logout_response(State(app): State<App>, RawQuery(query): RawQuery) -> Response {
    let query = query.unwrap_or_default();
    let state = query::first(&query, "RelayState").map(Cow::into_owned);
    let answer = SignOutAnswer::Saml(query);
    logout::close(&app, &state.unwrap_or_default(), &answer).await
}

/// `GET /sp/saml/LogoutServiceHTTPRedirect`: a provider ends sign-ins by itself.
pub(super) async fn logout_request(State(app): State<App>, RawQuery(query): RawQuery) -> Response {
    match app.entitlement.provider_logout(&query.unwrap_or_default()).await {
        Ok(location) => redirect(location.as_str()),
        Err(ProviderLogoutError::Wish(error)) => {
            tracing::warn!(%error, "a provider's logout request was refused");
            refused().into_response()
        }
        Err(ProviderLogoutError::Store(error)) => trouble(&error),
    }
}

const fn refused() -> Page {
    Page {
        status: StatusCode::BAD_REQUEST,
        title: "You were not signed out here",
        advice: "Your TV provider's request could not be verified. \
                 Please sign out in the app on your device.",
    }
}
