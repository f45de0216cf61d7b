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

/// A short text for whoever ended up here.
#[derive(Template)]
#[template(path = "demo/message.html")]
pub(super) struct Message<'m> {
    pub(super) title: &'m str,
    pub(super) text: &'m str,
    /// Whether everything went well.
    pub(super) good: bool,
}
