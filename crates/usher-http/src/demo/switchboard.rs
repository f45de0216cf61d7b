//! The switchboard: what the built-in providers do wrong on demand.
//!
//! A form for people; for scripts, `POST` with `provider` and any number of `fault`, which replaces what
//! was switched on at that provider.

use std::time::Duration;

use askama::Template;
use axum::extract::RawForm;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use usher_mvpd::DemoProviders;
use usher_mvpd::demo::{DemoProvider, Fault};

use super::Demo;
use super::page::page;

#[derive(Template)]
#[template(path = "demo/switchboard.html")]
struct Board {
    providers: Vec<Provider>,
}

struct Provider {
    id: &'static str,
    faults: Vec<Switch>,
}

struct Switch {
    name: &'static str,
    meaning: &'static str,
    on: bool,
}

pub(super) async fn show(Demo(demo): Demo) -> Response {
    let switch = |provider, fault: Fault| Switch {
        name: fault.name(),
        meaning: fault.meaning(),
        on: demo.switchboard.is_on(provider, fault),
    };
    let provider = |provider: DemoProvider| Provider {
        id: provider.id(),
        faults: provider.faults().map(|fault| switch(provider, fault)).collect(),
    };
    page(StatusCode::OK, &Board { providers: DemoProvider::ALL.map(provider).into() })
}

pub(super) async fn switch(Demo(demo): Demo, RawForm(form): RawForm) -> Response {
    let mut provider = None;
    let mut faults = Vec::new();
    for (name, value) in form_urlencoded::parse(&form) {
        match &*name {
            "provider" => provider = DemoProvider::named(&value),
            "fault" => match Fault::named(&value) {
                Some(fault) => faults.push(fault),
                None => return refused("no such fault: /demo/switchboard lists those there are\n"),
            },
            _ => {}
        }
    }
    match provider {
        Some(provider) => {
            demo.switchboard.set(provider, faults);
            Redirect::to("/demo/switchboard").into_response()
        }
        None => refused("no such provider: /demo/switchboard lists those there are\n"),
    }
}

fn refused(text: &'static str) -> Response {
    (StatusCode::BAD_REQUEST, text).into_response()
}

/// Waits if the provider is told to be slow.
pub(super) async fn dawdle(demo: &DemoProviders, provider: DemoProvider) {
    if demo.switchboard.is_on(provider, Fault::Slow) {
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

/// What a decision point does before it even looks at the question: it is slow, or silent for longer
/// than anybody waits, or fails.
pub(super) async fn misbehave(demo: &DemoProviders, provider: DemoProvider) -> Option<Response> {
    dawdle(demo, provider).await;
    if demo.switchboard.is_on(provider, Fault::Silent) {
        tokio::time::sleep(Duration::from_mins(10)).await;
    }
    let fails = demo.switchboard.is_on(provider, Fault::Failing);
    fails.then(|| StatusCode::INTERNAL_SERVER_ERROR.into_response())
}
