//! The sign-in page of every provider: one form, usable without scripts and by scripts.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use usher_mvpd::demo::SUBSCRIBERS;

use super::page::page;

/// The form and what stands around it.
#[derive(Template)]
#[template(path = "demo/sign_in.html")]
struct SignInPage<'p> {
    provider: &'p str,
    logo: &'static str,
    action: &'p str,
    request: &'p str,
    cancel: &'p str,
    client: &'p str,
    /// What the viewer typed the last time.
    username: &'p str,
    refused: bool,
    names: Vec<&'static str>,
}

/// What differs between providers.
pub(super) struct Form<'f> {
    /// Whose subscribers sign in.
    pub(super) provider: &'f str,
    /// Its logo, below `/demo/logo/`.
    pub(super) logo: &'static str,
    /// Where the form goes.
    pub(super) action: &'f str,
    /// What goes back with it.
    pub(super) request: &'f str,
    /// Where the cancel link leads.
    pub(super) cancel: &'f str,
    /// Who asked.
    pub(super) client: &'f str,
}

/// The form; with the name that was `refused` the last time.
pub(super) fn sign_in_page(form: &Form<'_>, refused: Option<&str>) -> Response {
    let Form { provider, logo, action, request, cancel, client } = *form;
    let names = SUBSCRIBERS.iter().map(|subscriber| subscriber.name).collect();
    let (username, refused) = (refused.unwrap_or_default(), refused.is_some());
    let template =
        SignInPage { provider, logo, action, request, cancel, client, username, refused, names };
    page(StatusCode::OK, &template)
}
