//! Calls on behalf of viewers: the application that is proven to act for a channel, and what the request
//! says of the device (`pass-rest-v2` §3, `errors` §5).
//!
//! Shared by the APIs that viewers' devices call; each says in its own words what is wrong.

pub(crate) mod header;
pub(crate) mod probe;

use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::ConnectInfo;
use axum::http::request::Parts;
use usher_clients::BearerError;
use usher_core::{DeviceId, TraceId};
use usher_entitle::{Call, DeviceInfo, Origin};
use usher_registry::Scope;

use crate::{App, bearer};

/// How a request came in.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Arrival {
    /// Its name.
    pub(crate) trace: TraceId,
    /// The other end of its connection.
    pub(crate) peer: Option<SocketAddr>,
}

impl Arrival {
    /// As the layers around the router have noted it.
    pub(crate) fn noted(parts: &Parts, app: &App) -> Self {
        let peer = parts.extensions.get().map(|ConnectInfo(peer)| *peer);
        Self { trace: crate::trace::of(&parts.extensions, app), peer }
    }
}

/// Why nobody is proven to act for the channel in the path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Unproven {
    /// The token proves nobody, or not enough.
    Bearer(BearerError),
    /// There is no such channel.
    Channel,
    /// The application does not act for the channel.
    NotAssigned,
}

impl From<BearerError> for Unproven {
    fn from(error: BearerError) -> Self {
        Self::Bearer(error)
    }
}

/// The application, proven by its token to act for the `channel` that the path names: none where that is
/// not UTF-8. Of the device nothing is said yet: [`described`] and [`undescribed`] do.
pub(crate) async fn proven(
    parts: &Parts,
    app: &App,
    arrival: Arrival,
    channel: Option<&str>,
) -> Result<Box<Call>, Unproven> {
    let caller = bearer::caller(app, &parts.headers).await?.with_scope(Scope::Api)?;
    let channel = channel.and_then(|id| caller.snapshot.service_provider(id));
    let channel = Arc::clone(channel.ok_or(Unproven::Channel)?);
    if !caller.may_use(&channel.id) {
        return Err(Unproven::NotAssigned);
    }
    let origin = Origin {
        software: Some(caller.application.id.clone()),
        ..origin(parts, app, arrival.peer)
    };
    Ok(Box::new(Call {
        snapshot: caller.snapshot,
        service_provider: channel,
        trace: arrival.trace,
        client: caller.client,
        origin,
        sso: header::sso_tokens(&parts.headers),
        framework: header::framework_status(&parts.headers),
        pass_identity: header::pass_identity(&parts.headers),
    }))
}

fn origin(parts: &Parts, app: &App, peer: Option<SocketAddr>) -> Origin {
    let trust = &app.settings.throttle.trust_forwarded_for;
    let client_ip = peer.map(|peer| trust.device(&parts.headers, peer.ip()));
    Origin {
        device_info: DeviceInfo::default(),
        client_ip,
        client_port: peer
            .filter(|peer| client_ip == Some(peer.ip().to_canonical()))
            .map(|peer| peer.port()),
        software: None,
        visitor_id: header::visitor_identifier(&parts.headers),
    }
}

/// The device that the request names, if it names one.
pub(crate) fn identifier(parts: &Parts) -> Result<Option<DeviceId>, header::Malformed> {
    header::device_identifier(&parts.headers)
}

/// `call` with what the application says about its device.
pub(crate) fn described(
    call: Box<Call>,
    parts: &Parts,
    app: &App,
) -> Result<Box<Call>, header::Malformed> {
    Ok(calling(call, header::device_info(&parts.headers)?, parts, app))
}

/// `call` with what only the request itself says about the device.
pub(crate) fn undescribed(call: Box<Call>, parts: &Parts, app: &App) -> Box<Call> {
    calling(call, DeviceInfo::default(), parts, app)
}

fn calling(mut call: Box<Call>, said: DeviceInfo, parts: &Parts, app: &App) -> Box<Call> {
    let agent = header::user_agent(&parts.headers);
    call.origin.device_info = said.calling_as(agent, &app.user_agents);
    call
}
