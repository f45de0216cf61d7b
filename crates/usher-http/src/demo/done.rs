//! Where viewers land when the application names no address of its own.

use axum::http::StatusCode;
use axum::response::Response;

use super::page::{Message, page};

/// Cannot know whether the viewer signed in, out or turned back: the address carries nothing.
pub(super) async fn done() -> Response {
    page(
        StatusCode::OK,
        &Message {
            title: "All done. Return to your TV.",
            text: "If you signed in, your TV notices within a few seconds and this page can be \
                   closed. If you turned back, your TV shows a new code when you ask for one.",
            good: true,
        },
    )
}
