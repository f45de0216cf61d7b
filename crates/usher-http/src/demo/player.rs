//! A player without video: shows an app developer what to send to `/v2`, and what comes back.
//!
//! The page is an ordinary client of the stream-limiting API, from the same origin. It is the only one
//! here with a script, so it alone allows one, and only this server's.

use askama::Template;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use usher_registry::{Snapshot, StreamApplication};

use super::Demo;
use super::page::page;
use crate::App;

const SCRIPT: &str = include_str!("../../templates/demo/player.js");

/// What the page may do: the guards of its neighbours, this server's script, and calls to this server.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; style-src 'self'; img-src 'self'; script-src 'self'; connect-src 'self'; \
     base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
);

/// Chosen until the visitor chooses otherwise.
const DEFAULT_APPLICATION: &str = "demo-app";

#[derive(Template)]
#[template(path = "demo/player.html")]
struct Player {
    applications: Vec<Choice>,
    providers: [&'static str; 3],
}

/// A stream application as the list offers it.
struct Choice {
    id: String,
    /// The names of its rules.
    limits: String,
    selected: bool,
}

pub(super) async fn show(State(app): State<App>, _: Demo) -> Response {
    let applications = choices(&app.registry.snapshot());
    let providers = ["Cablevision", "OpCo", "OpCoProxied"];
    let mut response = page(StatusCode::OK, &Player { applications, providers });
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, POLICY);
    response
}

pub(super) async fn script(_: Demo) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/javascript; charset=utf-8")], SCRIPT)
}

/// In the order of their ids.
fn choices(snapshot: &Snapshot) -> Vec<Choice> {
    let mut applications: Vec<_> = snapshot.stream_applications().collect();
    applications.sort_by(|one, other| one.id.cmp(&other.id));
    applications.into_iter().map(|application| Choice::of(application, snapshot)).collect()
}

impl Choice {
    fn of(application: &StreamApplication, snapshot: &Snapshot) -> Self {
        let rules = snapshot.policies(application).flat_map(|policy| &policy.rules);
        let rules: Vec<_> = rules.map(|rule| rule.name.as_str()).collect();
        Self {
            id: application.id.to_string(),
            limits: if rules.is_empty() { "no limit".to_owned() } else { rules.join(", ") },
            selected: application.id.as_str() == DEFAULT_APPLICATION,
        }
    }
}
