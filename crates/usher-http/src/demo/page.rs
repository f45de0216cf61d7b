//! Renders pages.

use askama::Template;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};

/// A page with a status. What keeps a template from rendering is a defect of ours.
pub(super) fn page(status: StatusCode, template: &impl Template) -> Response {
    match template.render() {
        Ok(html) => (status, Html(html)).into_response(),
        Err(error) => {
            tracing::error!(%error, "a page of the demo cannot be rendered");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// The page for a sign-in request that makes no sense.
pub(super) fn broken_request(text: &str) -> Response {
    let title = "This sign-in request is broken.";
    page(StatusCode::BAD_REQUEST, &Message { title, text, good: false })
}

/// The page for a form that is hours old, or not one of ours.
pub(super) fn too_late() -> Response {
    let title = "This sign-in took too long.";
    let text = "Go back to your TV and ask for a new code.";
    page(StatusCode::BAD_REQUEST, &Message { title, text, good: false })
}

/// A short text for whoever ended up here.
#[derive(Template)]
#[template(path = "demo/message.html")]
pub(super) struct Message<'m> {
    pub(super) title: &'m str,
    pub(super) text: &'m str,
    /// Whether everything went well.
    pub(super) good: bool,
}
