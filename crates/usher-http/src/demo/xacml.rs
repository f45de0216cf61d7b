//! The XACML decision points of OpCo and its hub.

use std::time::Duration;

use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use usher_mvpd::demo::XacmlAnswer;

use super::saml::Saml;

/// Decides about a query in SOAP.
pub(super) async fn soap(
    saml: Saml,
    headers: HeaderMap,
    body: String,
) -> Result<Response, StatusCode> {
    if let Some(misbehaviour) = saml.misbehave().await {
        return Ok(misbehaviour);
    }
    let proxied = headers.get("X-Proxied-Mvpd").and_then(|value| value.to_str().ok());
    let answer = saml.side()?.decide(&body, proxied);
    Ok(given(answer).await)
}

/// Decides about a plain query.
pub(super) async fn plain(saml: Saml, body: String) -> Result<Response, StatusCode> {
    if let Some(misbehaviour) = saml.misbehave().await {
        return Ok(misbehaviour);
    }
    let answer = saml.side()?.decide_plain(&body);
    Ok(given(answer).await)
}

async fn given(answer: XacmlAnswer) -> Response {
    let written = |status: StatusCode, document: String| {
        (status, [(header::CONTENT_TYPE, "text/xml; charset=utf-8")], document).into_response()
    };
    match answer {
        XacmlAnswer::Decided(document) => written(StatusCode::OK, document),
        XacmlAnswer::Late(slowness, document) => {
            late(slowness).await;
            written(StatusCode::OK, document)
        }
        XacmlAnswer::Broken(fault) => written(StatusCode::INTERNAL_SERVER_ERROR, fault),
        XacmlAnswer::Refused(rejection) => {
            (StatusCode::BAD_REQUEST, format!("{rejection}\n")).into_response()
        }
    }
}

async fn late(slowness: Duration) {
    tokio::time::sleep(slowness).await;
}
