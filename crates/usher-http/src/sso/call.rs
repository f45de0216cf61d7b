//! Who calls the service: the application for the channel in the path, on behalf of a device.

use axum::extract::{FromRequestParts, Path};
use axum::http::StatusCode;
use axum::http::request::Parts;
use usher_core::DeviceId;
use usher_entitle::Call;

use super::problem::Problem;
use crate::App;
use crate::viewer::{self, Arrival, Unproven, identifier};

const NO_DEVICE: &str = "AP-Device-Identifier header is required for POST requests";

/// A proven call, with what it says of its device.
pub(super) struct SsoCall(pub(super) Box<Call>);

/// A proven call from a device that shows a token: its own name for the device, and the token.
pub(super) struct TokenCall {
    pub(super) call: Box<Call>,
    pub(super) device: DeviceId,
    pub(super) token: String,
}

impl FromRequestParts<App> for SsoCall {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        // Fails for segments that are not UTF-8 only.
        let channel = Path::<String>::from_request_parts(parts, app).await.ok();
        let channel = channel.as_ref().map(|Path(id)| id.as_str());
        let call = viewer::proven(parts, app, Arrival::noted(parts, app), channel).await?;
        // What cannot be read says nothing: no error of the service is about it.
        let described = viewer::described(call.clone(), parts, app);
        Ok(Self(described.unwrap_or_else(|_| viewer::undescribed(call, parts, app))))
    }
}

impl FromRequestParts<App> for TokenCall {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let SsoCall(call) = SsoCall::from_request_parts(parts, app).await?;
        let asked_for = match parts.uri.path().trim_end_matches('/').rsplit('/').next() {
            Some("link") => "AD-Service-Token header is required for link requests",
            Some("unlink") => "AD-Service-Token header is required for unlink requests",
            _ => "AD-Service-Token header is required for list requests",
        };
        let missing = Problem::HeaderMissing(asked_for, StatusCode::UNAUTHORIZED);
        let token = call.sso.service.as_ref().ok_or(missing)?.expose().clone();
        Ok(Self { device: device(parts)?, call, token })
    }
}

/// The device that the request has to name.
pub(super) fn device(parts: &Parts) -> Result<DeviceId, Problem> {
    let missing = Problem::HeaderMissing(NO_DEVICE, StatusCode::BAD_REQUEST);
    identifier(parts).ok().flatten().ok_or(missing)
}

impl From<Unproven> for Problem {
    fn from(unproven: Unproven) -> Self {
        match unproven {
            Unproven::Bearer(error) => error.into(),
            Unproven::Channel | Unproven::NotAssigned => Self::Unauthorized,
        }
    }
}
