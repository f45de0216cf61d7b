//! The doors of the server: where a connection's requests go.
//!
//! Nine of ten requests of a full house are heartbeats. They, and everything else of stream limiting, are
//! answered at the [`Desk`] at once; the rest goes to axum's router and its layers, which none of them
//! needs.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::{ConnectInfo, Request};
use axum::response::Response;
use tower::Service as _;

use crate::App;
use crate::streams::Desk;

/// Opens a door for each connection.
#[derive(Clone)]
pub struct Doors {
    desk: Arc<Desk>,
    others: Router,
    app: App,
}

impl Doors {
    /// The doors of a server with these services.
    pub fn new(app: App) -> Self {
        Self { desk: Arc::new(Desk::new(app.clone())), others: crate::router(app.clone()), app }
    }

    /// The door for a connection of `peer`.
    pub(crate) fn open(&self, peer: SocketAddr) -> Door {
        let Self { desk, others, app } = self.clone();
        Door { desk, others, app, peer }
    }
}

/// Where one connection's requests come in.
#[derive(Clone)]
pub(crate) struct Door {
    desk: Arc<Desk>,
    others: Router,
    app: App,
    peer: SocketAddr,
}

impl Door {
    /// Answers one request.
    pub(crate) async fn answer(mut self, mut request: Request) -> Result<Response, Infallible> {
        self.app.settings.report_hosts.rewrite(&mut request);
        if Desk::serves(request.uri().path()) {
            return Ok(self.desk.serve(request).await);
        }
        request.extensions_mut().insert(ConnectInfo(self.peer));
        self.others.call(request).await
    }
}
