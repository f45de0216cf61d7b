//! Cablevision's sign-in page.

use axum::Form;
use axum::extract::Query;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use usher_mvpd::demo::{AuthorizeError, AuthorizeRequest, DemoProvider, SignInForm, SignInOutcome};

use super::Demo;
use super::page::{broken_request, too_late};
use super::sign_in_page::{self, sign_in_page};
use super::switchboard::dawdle;

/// The posted form.
#[derive(Deserialize)]
pub(super) struct Submitted {
    pub(super) request: String,
    #[serde(default)]
    pub(super) username: String,
    #[serde(default)]
    pub(super) password: String,
}

pub(super) async fn show(Demo(demo): Demo, Query(request): Query<AuthorizeRequest>) -> Response {
    dawdle(&demo, DemoProvider::Cablevision).await;
    match demo.authorize(request) {
        Ok(form) => shown(&form, None),
        Err(AuthorizeError::Redirect(url)) => Redirect::to(url.as_str()).into_response(),
        Err(AuthorizeError::Page(text)) => broken_request(text),
    }
}

pub(super) async fn submit(Demo(demo): Demo, Form(form): Form<Submitted>) -> Response {
    match demo.sign_in(&form.request, &form.username, &form.password) {
        SignInOutcome::SignedIn(url) => Redirect::to(url.as_str()).into_response(),
        SignInOutcome::WrongPassword(again) => shown(&again, Some(&form.username)),
        SignInOutcome::Expired => too_late(),
    }
}

fn shown(form: &SignInForm, refused: Option<&str>) -> Response {
    let form = sign_in_page::Form {
        provider: "Cablevision (demo)",
        logo: "cablevision.svg",
        action: "/demo/cablevision/authorize",
        request: &form.request,
        cancel: form.cancel.as_str(),
        client: &form.client_id,
    };
    sign_in_page(&form, refused)
}
