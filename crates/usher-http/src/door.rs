//! The doors of the server: where a connection's requests go.
//!
//! Nine of ten requests of a full house are heartbeats, and most of the others are about profiles and
//! decisions. Stream limiting and entitlement each have a desk where they are answered at once; the rest
//! goes to axum's router and its layers, which none of them needs.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::{ConnectInfo, Request};
use axum::response::Response;
use tower::Service as _;

use crate::throttle::Throttle;
use crate::{App, entitlement, streams};

/// Opens a door for each connection.
#[derive(Clone)]
pub struct Doors(Arc<Destinations>);

/// Where requests are answered.
struct Destinations {
    streams: streams::Desk,
    entitlement: entitlement::Desk,
    others: Router,
    app: App,
}

impl Doors {
    /// The doors of a server with these services.
    pub fn new(app: App) -> Self {
        let throttle = Throttle::new(app.settings.throttle.clone(), Arc::clone(&app.clock));
        Self(Arc::new(Destinations {
            streams: streams::Desk::new(app.clone()),
            entitlement: entitlement::Desk::new(app.clone(), Arc::clone(&throttle)),
            others: crate::router(app.clone(), throttle),
            app,
        }))
    }

    /// The door for a connection of `peer`.
    pub(crate) fn open(&self, peer: SocketAddr) -> Door {
        Door { to: Arc::clone(&self.0), peer }
    }
}

/// Where one connection's requests come in.
#[derive(Clone)]
pub(crate) struct Door {
    to: Arc<Destinations>,
    peer: SocketAddr,
}

impl Door {
    /// Answers one request.
    pub(crate) async fn answer(self, mut request: Request) -> Result<Response, Infallible> {
        self.to.app.settings.report_hosts.rewrite(&mut request);
        if streams::Desk::serves(request.uri().path()) {
            return Ok(self.to.streams.serve(request).await);
        }
        if entitlement::Desk::serves(request.uri().path()) {
            // Boxed, so that heartbeats do not carry room for it around.
            return Ok(Box::pin(self.to.entitlement.serve(self.peer, request)).await);
        }
        request.extensions_mut().insert(ConnectInfo(self.peer));
        self.to.others.clone().call(request).await
    }
}
