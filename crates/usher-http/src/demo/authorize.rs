//! Cablevision's sign-in page.

use askama::Template;
use axum::Form;
use axum::extract::Query;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use usher_mvpd::demo::{AuthorizeError, AuthorizeRequest, SUBSCRIBERS, SignInForm, SignInOutcome};

use super::Demo;
use super::page::{Message, page};

/// The form and what stands around it.
#[derive(Template)]
#[template(path = "demo/sign_in.html")]
struct SignInPage {
    form: SignInForm,
    /// What the viewer typed the last time.
    username: String,
    refused: bool,
    names: Vec<&'static str>,
}

/// The posted form.
#[derive(Deserialize)]
pub(super) struct Submitted {
    request: String,
    #[serde(default)]
    username: String,
    #[serde(default)]
    password: String,
}

pub(super) async fn show(Demo(demo): Demo, Query(request): Query<AuthorizeRequest>) -> Response {
    match demo.authorize(request) {
        Ok(form) => sign_in_page(form, None),
        Err(AuthorizeError::Redirect(url)) => Redirect::to(url.as_str()).into_response(),
        Err(AuthorizeError::Page(text)) => {
            let title = "This sign-in request is broken.";
            page(StatusCode::BAD_REQUEST, &Message { title, text, good: false })
        }
    }
}

pub(super) async fn submit(Demo(demo): Demo, Form(form): Form<Submitted>) -> Response {
    match demo.sign_in(&form.request, &form.username, &form.password) {
        SignInOutcome::SignedIn(url) => Redirect::to(url.as_str()).into_response(),
        SignInOutcome::WrongPassword(again) => sign_in_page(again, Some(form.username)),
        SignInOutcome::Expired => {
            let title = "This sign-in took too long.";
            let text = "Go back to your TV and ask for a new code.";
            page(StatusCode::BAD_REQUEST, &Message { title, text, good: false })
        }
    }
}

/// The form; with the name that was `refused` the last time.
fn sign_in_page(form: SignInForm, refused: Option<String>) -> Response {
    let names = SUBSCRIBERS.iter().map(|subscriber| subscriber.name).collect();
    let (refused, username) = (refused.is_some(), refused.unwrap_or_default());
    page(StatusCode::OK, &SignInPage { form, username, refused, names })
}
