//! `GET /api/v2/authenticate/{sp}/{code}` (`pass-rest-v2` §8): the browser's way to the provider.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use usher_entitle::{BeginSignInError, Code, SignInError, SignInStep};

use crate::App;
use crate::sp::page::{Page, redirect, step, trouble};

/// Sends the browser to the provider, or straight back when nobody has to sign in.
pub(super) async fn get(
    State(app): State<App>,
    path: Result<Path<(String, String)>, axum::extract::rejection::PathRejection>,
) -> Response {
    let path = path.ok().map(|Path(path)| path);
    let Some((channel, code)) = path.and_then(|(sp, code)| Some((sp, Code::parse(&code)?))) else {
        return error(BeginSignInError::UnknownSession);
    };
    begin(&app, &channel, &code).await
}

/// Sends the browser that signs `code` of `channel` in on its way.
pub(crate) async fn begin(app: &App, channel: &str, code: &Code) -> Response {
    match app.entitlement.begin_sign_in(channel, code).await {
        Ok(SignInStep::Provider(next)) => step(&next),
        Ok(SignInStep::Back(location)) => redirect(location.as_str()),
        Err(problem) => error(problem),
    }
}

fn error(error: BeginSignInError) -> Response {
    match error {
        BeginSignInError::UnknownSession => bad(
            "This code is not valid",
            "It may have expired, or a newer one has replaced it. \
             Please request a new code in the app on your device.",
        ),
        BeginSignInError::Incomplete => bad(
            "Choose your TV provider first",
            "The app has not said yet where you want to sign in. \
             Please choose your TV provider in the app and try again.",
        ),
        BeginSignInError::NotIntegrated => bad(
            "This TV provider is not available",
            "The app does not work with this TV provider at the moment. \
             Please choose another one in the app.",
        ),
        BeginSignInError::Provider(SignInError::Unsupported(reason)) => {
            tracing::warn!(reason, "a sign-in was asked for that cannot be done");
            bad(
                "Signing in at this TV provider is not possible yet",
                "Please choose another TV provider in the app.",
            )
        }
        BeginSignInError::Provider(error) => trouble(&error),
        BeginSignInError::Store(error) => trouble(&error),
        BeginSignInError::Seal(error) => trouble(&error),
    }
}

fn bad(title: &'static str, advice: &'static str) -> Response {
    Page { status: StatusCode::BAD_REQUEST, title, advice }.into_response()
}
