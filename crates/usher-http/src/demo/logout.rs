//! Cablevision's logout.

use axum::extract::Query;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::Demo;
use super::page::{Message, page};

#[derive(Deserialize)]
pub(super) struct LogoutRequest {
    id_token_hint: Option<String>,
    post_logout_redirect_uri: Option<String>,
    state: Option<String>,
}

/// Ends the session and returns the browser; where the address is not registered, it stays.
pub(super) async fn logout(Demo(demo): Demo, Query(request): Query<LogoutRequest>) -> Response {
    let hint = request.id_token_hint.as_deref();
    match demo.log_out(hint, request.post_logout_redirect_uri.as_deref()) {
        Some(mut url) => {
            if let Some(state) = &request.state {
                url.query_pairs_mut().append_pair("state", state);
            }
            Redirect::to(url.as_str()).into_response()
        }
        None => page(
            StatusCode::OK,
            &Message {
                title: "You are signed out of Cablevision (demo).",
                text: "You can close this page.",
                good: true,
            },
        ),
    }
}
