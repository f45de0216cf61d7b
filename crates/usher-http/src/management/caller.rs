//! Who manages: a client with the right scope, calling from where its application may be managed.
//!
//! A token that is no good and an address that is not allowed are 401, a client that may not do this
//! is 403: the remedies differ (`dcr` §8, `access-variants` §1.3, `mvpd` §12.2).

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::StatusCode;
use axum::http::request::Parts;
use usher_clients::{BearerError, Caller};
use usher_registry::Scope;

use crate::{App, bearer};

/// Where a management call really comes from. Unlike the throttle, this believes `X-Forwarded-For` of
/// configured proxies only: an allow-list must not depend on what callers say of themselves.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CallerAddress(pub(crate) IpAddr);

impl FromRequestParts<App> for CallerAddress {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Self::Rejection> {
        let peer = parts
            .extensions
            .get::<ConnectInfo<SocketAddr>>()
            .map_or(Ipv4Addr::UNSPECIFIED.into(), |ConnectInfo(peer)| peer.ip());
        let trust = &app.settings.throttle.trust_forwarded_for;
        Ok(Self(trust.manager(&parts.headers, peer)))
    }
}

/// Why somebody may not manage.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NotAllowed {
    /// The token proves nobody, or not enough.
    #[error(transparent)]
    Bearer(#[from] BearerError),
    /// The application may not be managed from there.
    #[error("calls from this address are not allowed")]
    Address,
}

impl NotAllowed {
    /// 401 asks for another token (or another place), 403 for other client credentials.
    pub(crate) const fn status(&self) -> StatusCode {
        match self {
            Self::Address
            | Self::Bearer(
                BearerError::Missing
                | BearerError::Invalid
                | BearerError::NotYetValid
                | BearerError::Expired,
            ) => StatusCode::UNAUTHORIZED,
            Self::Bearer(
                BearerError::Client | BearerError::Application | BearerError::Scope(_),
            ) => StatusCode::FORBIDDEN,
            Self::Bearer(BearerError::Store(_)) => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}

/// The caller, who has `scope` and calls from an address on the application's list.
pub(crate) async fn listed_manager(
    app: &App,
    parts: &Parts,
    CallerAddress(address): CallerAddress,
    scope: Scope,
) -> Result<Caller, NotAllowed> {
    let caller = bearer::caller(app, &parts.headers).await?;
    if !caller.application.may_manage_from(address) {
        return Err(NotAllowed::Address);
    }
    Ok(caller.with_scope(scope)?)
}
