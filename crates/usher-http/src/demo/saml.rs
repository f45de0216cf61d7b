//! OpCo and its hub over HTTP: sign-in page, logout, metadata.

use axum::Form;
use axum::extract::{FromRequestParts, Path, Query, RawQuery};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use usher_entitle::BrowserStep;
use usher_mvpd::demo::{DemoProvider, SamlForm, SamlOutcome, SamlSide};

use super::Demo;
use super::authorize::Submitted;
use super::page::{Message, broken_request, page, too_late};
use super::sign_in_page::{self, sign_in_page};
use super::switchboard::{dawdle, misbehave};
use crate::App;
use crate::sp::page::step;

/// The SAML provider a path is about.
pub(super) struct Saml {
    demo: Demo,
    name: String,
}

impl Saml {
    pub(super) fn side(&self) -> Result<SamlSide<'_>, StatusCode> {
        self.demo.0.saml(&self.name).ok_or(StatusCode::NOT_FOUND)
    }

    /// Waits if the provider is told to be slow.
    async fn wait(&self) {
        if let Ok(side) = self.side() {
            dawdle(&self.demo.0, side.name()).await;
        }
    }

    /// Whatever the decision point does before it looks at the question.
    pub(super) async fn misbehave(&self) -> Option<Response> {
        let name = self.side().ok()?.name();
        misbehave(&self.demo.0, name).await
    }
}

#[derive(Deserialize)]
struct Named {
    provider: String,
}

impl FromRequestParts<App> for Saml {
    type Rejection = StatusCode;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, StatusCode> {
        let demo = Demo::from_request_parts(parts, app).await?;
        let named = Path::<Named>::from_request_parts(parts, app).await;
        let Path(Named { provider }) = named.map_err(|_| StatusCode::NOT_FOUND)?;
        Ok(Self { demo, name: provider })
    }
}

pub(super) async fn metadata(saml: Saml) -> Result<impl IntoResponse, StatusCode> {
    let media_type = "application/samlmetadata+xml; charset=utf-8";
    Ok(([(header::CONTENT_TYPE, media_type)], saml.side()?.metadata()))
}

/// The sign-in page for a request in the query.
pub(super) async fn show(saml: Saml, RawQuery(query): RawQuery) -> Result<Response, StatusCode> {
    saml.wait().await;
    let side = saml.side()?;
    Ok(match side.asked(&query.unwrap_or_default()) {
        Ok(form) => shown(side, &form, None),
        Err(error) => broken_request(&error.to_string()),
    })
}

pub(super) async fn submit(
    saml: Saml,
    Form(form): Form<Submitted>,
) -> Result<Response, StatusCode> {
    let side = saml.side()?;
    Ok(match side.sign_in(&form.request, &form.username, &form.password) {
        SamlOutcome::Answer(answer) => step(&BrowserStep::Post(answer)),
        SamlOutcome::WrongPassword(again) => shown(side, &again, Some(&form.username)),
        SamlOutcome::Expired => too_late(),
    })
}

/// What the cancel link carries.
#[derive(Deserialize)]
pub(super) struct Cancelled {
    #[serde(default)]
    request: String,
}

pub(super) async fn cancel(
    saml: Saml,
    Query(form): Query<Cancelled>,
) -> Result<Response, StatusCode> {
    let answer = saml.side()?.cancel(&form.request);
    Ok(answer.map_or_else(too_late, |answer| step(&BrowserStep::Post(answer))))
}

/// usher's logout request.
pub(super) async fn log_out(saml: Saml, RawQuery(query): RawQuery) -> Result<Response, StatusCode> {
    saml.wait().await;
    Ok(match saml.side()?.log_out(&query.unwrap_or_default()) {
        Ok(url) => Redirect::to(url.as_str()).into_response(),
        Err(rejection) => {
            let title = "This logout request is broken.";
            let text = rejection.to_string();
            page(StatusCode::BAD_REQUEST, &Message { title, text: &text, good: false })
        }
    })
}

/// Whose sign-ins the provider ends, and which.
#[derive(Deserialize)]
pub(super) struct Ended {
    #[serde(default)]
    username: String,
    session_index: Option<String>,
}

/// A viewer signs out at the provider itself: the provider tells usher.
pub(super) async fn leave(saml: Saml, Query(ended): Query<Ended>) -> Result<Response, StatusCode> {
    let side = saml.side()?;
    let url = side.end_sign_ins(&ended.username, ended.session_index.as_deref());
    Ok(match url {
        Some(url) => Redirect::to(url.as_str()).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    })
}

fn shown(side: SamlSide<'_>, form: &SamlForm, refused: Option<&str>) -> Response {
    let name = side.name().id().to_ascii_lowercase();
    let provider = form.proxied.as_deref().unwrap_or(match side.name() {
        DemoProvider::OpCo => "OpCo Cable (demo)",
        DemoProvider::OpCoHub => "OpCo Hub (demo)",
        DemoProvider::Cablevision => "Cablevision (demo)",
    });
    let request = utf8_percent_encode(&form.request, NON_ALPHANUMERIC);
    let form = sign_in_page::Form {
        provider,
        logo: "opco.svg",
        action: &format!("/demo/{name}/sso"),
        request: &form.request,
        cancel: &format!("/demo/{name}/cancel?request={request}"),
        client: &form.requestor,
    };
    sign_in_page(&form, refused)
}
