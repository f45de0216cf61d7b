//! Software statements for whoever comes by. In production an operator hands them out; the demo's
//! applications exist to be registered by anybody.

use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::App;

/// A fresh statement of the application `name`, as the plain text an operator would download.
pub(super) async fn statement(State(app): State<App>, Path(name): Path<String>) -> Response {
    let snapshot = app.registry.snapshot();
    let Some(application) = snapshot.applications().find(|known| known.name == name) else {
        let names = "no such application: /demo/ lists those there are\n";
        return (StatusCode::NOT_FOUND, names).into_response();
    };
    match app.clients.mint_statement(&application.id) {
        Ok(statement) => ([(header::CACHE_CONTROL, "no-store")], statement).into_response(),
        Err(error) => {
            tracing::error!(%error, "a software statement could not be signed");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}
