//! The built-in TV providers over HTTP: pages for people, endpoints for usher itself. Only in the demo.
//!
//! What they decide is in `usher_mvpd::demo`; here are paths, forms and pages. Pages need no script
//! (but for the player, which plays an app), may not be framed and load nothing from elsewhere.

mod assets;
mod authorize;
mod decisions;
mod done;
mod index;
mod logout;
mod page;
mod partner;
mod player;
mod published;
mod reports;
mod saml;
mod sign_in_page;
mod statements;
mod switchboard;
mod token;
mod userinfo;
mod xacml;

use std::convert::Infallible;
use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, FromRequestParts};
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::middleware;
use axum::response::{Redirect, Response};
use axum::routing::{get, post};
use usher_mvpd::DemoProviders;

use crate::App;

/// Forms here have a handful of fields; a query about a screenful of channels has some kilobytes.
const BODY_BYTES_MAX: usize = 64 * 1024;

pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/", get(async || Redirect::to("/demo/")))
        .route("/demo", get(async || Redirect::permanent("/demo/")))
        .route("/demo/", get(index::index))
        .route("/demo/done", get(done::done))
        .route("/demo/partner/", get(partner::show))
        .route("/demo/partner", get(async || Redirect::permanent("/demo/partner/")))
        .route("/demo/partner/status", get(partner::status))
        .route("/demo/partner/saml", post(partner::carry))
        .route("/demo/player", get(player::show))
        .route("/demo/player.js", get(player::script))
        .route("/demo/switchboard", get(switchboard::show).post(switchboard::switch))
        .route("/demo/reports/{name}", get(reports::open))
        .route("/demo/statements/{name}", get(statements::statement))
        .route("/demo/style.css", get(assets::style))
        .route("/demo/logo/{file}", get(assets::logo))
        .route("/demo/cablevision/.well-known/openid-configuration", get(published::configuration))
        .route("/demo/cablevision/jwks.json", get(published::key_set))
        .route("/demo/cablevision/authorize", get(authorize::show).post(authorize::submit))
        .route("/demo/cablevision/token", post(token::token))
        .route("/demo/cablevision/userinfo", get(userinfo::userinfo).post(userinfo::userinfo))
        .route("/demo/cablevision/logout", get(logout::logout))
        .route("/demo/cablevision/decisions", get(decisions::decide))
        .route("/demo/{provider}/metadata", get(saml::metadata))
        .route("/demo/{provider}/sso", get(saml::show).post(saml::submit))
        .route("/demo/{provider}/cancel", get(saml::cancel))
        .route("/demo/{provider}/slo", get(saml::log_out))
        .route("/demo/{provider}/leave", get(saml::leave))
        .route("/demo/{provider}/decisions", post(xacml::soap))
        .route("/demo/{provider}/xacml", post(xacml::plain))
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(middleware::map_response(guard))
}

/// What every answer carries. There is no `form-action`: browsers apply it to the redirects that follow
/// a form, and those lead to the application's own address, which may be any.
const GUARDS: [(HeaderName, HeaderValue); 5] = [
    (
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(
            "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; \
             frame-ancestors 'none'",
        ),
    ),
    (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
];

async fn guard(mut response: Response) -> Result<Response, Infallible> {
    for (name, value) in GUARDS {
        response.headers_mut().entry(name).or_insert(value);
    }
    Ok(response)
}

/// The built-in providers, where there are any.
pub(crate) struct Demo(Arc<DemoProviders>);

impl FromRequestParts<App> for Demo {
    type Rejection = StatusCode;

    async fn from_request_parts(_: &mut Parts, app: &App) -> Result<Self, StatusCode> {
        app.demo.clone().map(Self).ok_or(StatusCode::NOT_FOUND)
    }
}
