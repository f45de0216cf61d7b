//! What browsers visit on usher on their way to a TV provider and back (`mvpd` §5.1, §6.1).
//!
//! No call here carries a token: what a browser brings is a single-use reference and a provider's word,
//! and both are judged by the service. Pages say what happened and echo nothing.

mod logout;
mod oauth;
pub(crate) mod page;
mod saml;
mod start;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get, post};
use usher_entitle::{FinishSignInError, SignInAnswer};

use crate::App;
use page::{link_over, redirect, trouble};

/// An answer of 256 KiB in base64, form-encoded, with room for line breaks (`mvpd` §5.5 row 1).
const BODY_BYTES_MAX: usize = 1024 * 1024;

pub(crate) fn routes() -> Router<App> {
    let open = |handler: MethodRouter<App>| handler.fallback(page::wrong_method);
    Router::new()
        .route("/adobe-services/authenticate/saml", open(get(start::start)))
        .route("/adobe-services/authenticate/oauth2", open(get(start::start)))
        .route("/adobe-services/logout", open(get(logout::open)))
        .route("/sp/oauth2/callback", open(get(oauth::callback)))
        .route("/sp/oauth2/logout-callback", open(get(logout::returned)))
        .route("/sp/metadata", open(get(saml::metadata)))
        .route("/sp/saml/SAMLAssertionConsumer", open(post(saml::consume)))
        .route("/sp/saml/LogoutServiceHTTPRedirectResponse", open(get(saml::logout_response)))
        .route("/sp/saml/LogoutServiceHTTPRedirect", open(get(saml::logout_request)))
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
}

/// Hands the provider's answer to the sign-in with this reference, and sends the browser on.
async fn finish(app: &App, state: &str, answer: &SignInAnswer) -> Response {
    match app.entitlement.finish_sign_in(state, answer).await {
        Ok(location) => redirect(location.as_str()),
        Err(FinishSignInError::UnknownSignIn | FinishSignInError::Redirect) => {
            link_over().into_response()
        }
        Err(error @ FinishSignInError::NoLifetime(_)) => trouble(&error),
        Err(FinishSignInError::Store(error)) => trouble(&error),
        Err(FinishSignInError::Seal(error)) => trouble(&error),
    }
}
