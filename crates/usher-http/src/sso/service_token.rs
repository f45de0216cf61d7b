//! Creating and refreshing service tokens.

use axum::extract::{FromRequestParts, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, StatusCode};
use serde_json::Value;
use usher_core::DeviceId;
use usher_entitle::{Call, ServiceToken, SsoIdentity};

use super::call::{SsoCall, device};
use super::problem::Problem;
use super::{Success, times};
use crate::App;

const SSO_ID: HeaderName = HeaderName::from_static("x-sso-id");
const SSO_LINK: HeaderName = HeaderName::from_static("x-sso-link");
const NO_IDENTITY: &str = "Either x-sso-id or x-sso-link header is required for POST requests";
const NO_TOKEN: &str = "AD-Service-Token header is required for GET requests";

/// A call that says who the viewer is.
pub(super) struct CreateCall {
    call: Box<Call>,
    device: DeviceId,
    identity: SsoIdentity,
}

impl FromRequestParts<App> for CreateCall {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let SsoCall(call) = SsoCall::from_request_parts(parts, app).await?;
        let missing = Problem::HeaderMissing(NO_IDENTITY, StatusCode::BAD_REQUEST);
        let identity = identity(&parts.headers).ok_or(missing)?;
        Ok(Self { device: device(parts)?, call, identity })
    }
}

/// Of both headers the link wins (`access-variants` T4).
fn identity(headers: &HeaderMap) -> Option<SsoIdentity> {
    let said = |name: HeaderName| {
        let value = headers.get(name)?.to_str().ok()?.trim();
        (!value.is_empty()).then(|| value.to_owned())
    };
    said(SSO_LINK).map(SsoIdentity::Link).or_else(|| said(SSO_ID).map(SsoIdentity::Id))
}

/// Issues a token to a device.
pub(super) async fn create(
    State(app): State<App>,
    CreateCall { call, device, identity }: CreateCall,
) -> Result<Success, Problem> {
    let issued = app.entitlement.create_service_token(&call, device, &identity).await?;
    Ok(success(&app, StatusCode::CREATED, "CREATED", issued))
}

/// Exchanges a token for a fresh one.
pub(super) async fn refresh(
    State(app): State<App>,
    SsoCall(call): SsoCall,
) -> Result<Success, Problem> {
    let missing = Problem::HeaderMissing(NO_TOKEN, StatusCode::BAD_REQUEST);
    let token = call.sso.service.clone().ok_or(missing)?;
    let issued = app.entitlement.refresh_service_token(&call, token.expose()).await?;
    Ok(success(&app, StatusCode::OK, "OK", issued))
}

fn success(app: &App, status: StatusCode, word: &'static str, issued: ServiceToken) -> Success {
    let token = Value::String(issued.token);
    let mut members = vec![("serviceToken", token.clone())];
    if app.settings.sso_table_names {
        members.push(("jws", token));
    }
    members.extend(times(issued.not_before, issued.not_after));
    Success { status, word, members }
}
