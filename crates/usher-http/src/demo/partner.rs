//! The built-in platform partner over HTTP: what an application would get from the framework of a box.

use askama::Template;
use axum::Form;
use axum::extract::{Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use usher_mvpd::DemoProviders;
use usher_mvpd::demo::{CarryError, DemoProvider, FrameworkWish};

use super::Demo;
use super::page::page;
use super::switchboard::dawdle;
use crate::App;

#[derive(Template)]
#[template(path = "demo/partner.html")]
struct Partner<'p> {
    base: &'p str,
    /// Its name, as a domain of the channels.
    host: &'p str,
    statuses: Vec<Status>,
}

/// A value of `AP-Partner-Framework-Status`, ready to be copied.
struct Status {
    query: &'static str,
    meaning: &'static str,
    value: String,
}

/// Statuses worth a try: how to ask for each, and what it says.
const STATUSES: [(&str, &str); 6] = [
    ("", "The viewer is signed in at OpCo on this box, and lets the application know."),
    ("expires=", "The same, before the first sign-in: nothing is said about its end."),
    ("expires=1000", "The sign-in on this box is over."),
    ("access=denied&provider=", "The viewer does not let the application know."),
    ("access=notDetermined&provider=", "The viewer was not asked yet."),
    ("provider=somebody-else", "The viewer is signed in at a provider unknown here."),
];

pub(super) async fn show(State(app): State<App>, Demo(demo): Demo) -> Response {
    let statuses = STATUSES.iter().filter_map(|(query, meaning)| {
        let Query(wish) = Query::try_from_uri(&format!("/?{query}").parse().ok()?).ok()?;
        Some(Status { query, meaning, value: demo.framework_status(&wish) })
    });
    let partner = Partner {
        base: demo.origin(),
        host: app.settings.base_url.host_str().unwrap_or("localhost"),
        statuses: statuses.collect(),
    };
    page(StatusCode::OK, &partner)
}

/// A status as plain text.
pub(super) async fn status(Demo(demo): Demo, Query(wish): Query<FrameworkWish>) -> String {
    demo.framework_status(&wish)
}

/// The request an application got, and who is signed in on the box.
#[derive(Deserialize)]
pub(super) struct Carried {
    #[serde(rename = "SAMLRequest")]
    request: String,
    #[serde(default)]
    username: String,
    #[serde(default)]
    password: String,
}

/// The answer of the provider: a `SAMLResponse` as plain text.
pub(super) async fn carry(Demo(demo): Demo, Form(form): Form<Carried>) -> Response {
    dawdle(&demo, DemoProvider::OpCo).await;
    match carried(&demo, &form) {
        Some(Ok(response)) => ([(header::CACHE_CONTROL, "no-store")], response).into_response(),
        Some(Err(error @ CarryError::Viewer)) => {
            (StatusCode::FORBIDDEN, format!("{error}\n")).into_response()
        }
        Some(Err(error @ CarryError::Request(_))) => {
            (StatusCode::BAD_REQUEST, format!("{error}\n")).into_response()
        }
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

fn carried(demo: &DemoProviders, form: &Carried) -> Option<Result<String, CarryError>> {
    let opco = demo.saml(DemoProvider::OpCo.id())?;
    Some(opco.carried(form.request.trim(), &form.username, &form.password))
}
