//! Who calls: the steps every operation begins with, in the contract's order (`errors` §5).
//!
//! Bearer token, channel, whether the application acts for it, then headers. What an operation needs
//! beyond that (path, body) it reads itself, afterwards.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use usher_core::DeviceId;
use usher_entitle::Call;

use super::codes;
use super::problem::Problem;
use crate::App;
use crate::viewer::{Segments, header, identifier, proven};

/// A call whose device does not matter: from a second screen, about a code.
pub(super) struct AnyCall {
    pub(super) call: Call,
    pub(super) path: Segments,
}

/// A call that may say what it runs on.
pub(super) struct DescribedCall(pub(super) Call);

/// A call on behalf of a device.
pub(super) struct DeviceCall {
    pub(super) call: Call,
    pub(super) device: DeviceId,
    pub(super) path: Segments,
}

impl FromRequestParts<App> for AnyCall {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let (call, path) = proven(parts, app).await?;
        Ok(Self { call, path })
    }
}

impl FromRequestParts<App> for DescribedCall {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let (call, _) = proven(parts, app).await?;
        named(parts)?;
        Ok(Self(described(call, parts, app)?))
    }
}

impl FromRequestParts<App> for DeviceCall {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let (call, path) = proven(parts, app).await?;
        let device = named(parts)?.ok_or(&codes::INVALID_DEVICE_IDENTIFIER)?;
        Ok(Self { call: described(call, parts, app)?, device, path })
    }
}

fn named(parts: &Parts) -> Result<Option<DeviceId>, Problem> {
    identifier(parts).map_err(|header::Malformed| Problem::from(&codes::INVALID_DEVICE_IDENTIFIER))
}

fn described(call: Call, parts: &Parts, app: &App) -> Result<Call, Problem> {
    crate::viewer::described(call, parts, app)
        .map_err(|header::Malformed| Problem::from(&codes::INVALID_DEVICE_INFO))
}
