//! Who calls: the steps every operation begins with, in the contract's order (`errors` §5).
//!
//! Bearer token, channel, whether the application acts for it, then headers. What an operation needs
//! beyond that (path, body) it reads itself, afterwards.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::{ConnectInfo, FromRequestParts, Path};
use axum::http::request::Parts;
use usher_core::DeviceId;
use usher_entitle::{Call, DeviceInfo, Origin};
use usher_registry::Scope;

use super::header;
use super::problem::{
    INVALID_DEVICE_IDENTIFIER, INVALID_DEVICE_INFO, INVALID_SERVICE_PROVIDER,
    INVALID_TOKEN_SERVICE_PROVIDER, Problem,
};
use crate::{App, bearer};

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

/// The decoded parameters of the path.
pub(super) struct Segments(HashMap<String, String>);

impl Segments {
    /// The parameter `name`; empty when the route has none of this name.
    pub(super) fn get(&self, name: &str) -> &str {
        self.0.get(name).map(String::as_str).unwrap_or_default()
    }
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
        identifier(parts)?;
        Ok(Self(described(call, parts)?))
    }
}

impl FromRequestParts<App> for DeviceCall {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let (call, path) = proven(parts, app).await?;
        let device = identifier(parts)?.ok_or(&INVALID_DEVICE_IDENTIFIER)?;
        Ok(Self { call: described(call, parts)?, device, path })
    }
}

/// The application, proven by its token to act for the channel in the path.
async fn proven(parts: &mut Parts, app: &App) -> Result<(Call, Segments), Problem> {
    let caller = bearer::caller(app, &parts.headers).await?.with_scope(Scope::Api)?;
    // Fails for segments that are not UTF-8 only.
    let path = Path::<HashMap<String, String>>::from_request_parts(parts, app).await;
    let path = Segments(path.map_err(|_| &INVALID_SERVICE_PROVIDER)?.0);
    let channel = caller.snapshot.service_provider(path.get("sp"));
    let channel = Arc::clone(channel.ok_or(&INVALID_SERVICE_PROVIDER)?);
    if !caller.may_use(&channel.id) {
        return Err(Problem::from(&INVALID_TOKEN_SERVICE_PROVIDER));
    }
    let origin = Origin { software: Some(caller.application.id.clone()), ..origin(parts, app) };
    let call = Call {
        snapshot: caller.snapshot,
        service_provider: channel,
        client: caller.client,
        origin,
        pass_identity: header::pass_identity(&parts.headers),
    };
    Ok((call, path))
}

fn origin(parts: &Parts, app: &App) -> Origin {
    let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|connection| connection.0);
    let trust = &app.settings.throttle.trust_forwarded_for;
    let client_ip = peer.map(|peer| trust.device(&parts.headers, peer.ip()));
    Origin {
        device_info: DeviceInfo::default().calling_as(header::user_agent(&parts.headers)),
        client_ip,
        client_port: peer
            .filter(|peer| client_ip == Some(peer.ip().to_canonical()))
            .map(|peer| peer.port()),
        software: None,
        visitor_id: header::visitor_identifier(&parts.headers),
    }
}

fn identifier(parts: &Parts) -> Result<Option<DeviceId>, Problem> {
    header::device_identifier(&parts.headers)
        .map_err(|header::Malformed| Problem::from(&INVALID_DEVICE_IDENTIFIER))
}

/// `call` with what the application says about its device.
fn described(call: Call, parts: &Parts) -> Result<Call, Problem> {
    let said = header::device_info(&parts.headers)
        .map_err(|header::Malformed| Problem::from(&INVALID_DEVICE_INFO))?;
    let device_info = said.calling_as(header::user_agent(&parts.headers));
    Ok(Call { origin: Origin { device_info, ..call.origin }, ..call })
}
