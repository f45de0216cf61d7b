//! The doors of the server: where a connection's requests go.
//!
//! Nine of ten requests of a full house are heartbeats. They, and everything else of stream limiting, are
//! answered at the [`Desk`] at once; the rest goes to axum's router and its layers, which none of them
//! needs.

use std::convert::Infallible;
use std::future::{Future, Ready, ready};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::Router;
use axum::extract::{ConnectInfo, Request};
use axum::response::Response;
use axum::routing::future::RouteFuture;
use axum::serve::{IncomingStream, Listener};
use futures_util::future::Either;
use tower::Service;

use crate::App;
use crate::streams::Desk;

/// Opens a [`Door`] for each connection.
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
}

impl<L: Listener<Addr = SocketAddr>> Service<IncomingStream<'_, L>> for Doors {
    type Response = Door;
    type Error = Infallible;
    type Future = Ready<Result<Door, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, connection: IncomingStream<'_, L>) -> Self::Future {
        let Self { desk, others, app } = self.clone();
        ready(Ok(Door { desk, others, app, peer: *connection.remote_addr() }))
    }
}

/// Where one connection's requests come in.
#[derive(Clone)]
pub struct Door {
    desk: Arc<Desk>,
    others: Router,
    app: App,
    peer: SocketAddr,
}

type Answering = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

impl Service<Request> for Door {
    type Response = Response;
    type Error = Infallible;
    type Future = Either<Answering, RouteFuture<Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: Request) -> Self::Future {
        self.app.settings.report_hosts.rewrite(&mut request);
        if Desk::serves(request.uri().path()) {
            let desk = Arc::clone(&self.desk);
            return Either::Left(Box::pin(async move { Ok(desk.serve(request).await) }));
        }
        request.extensions_mut().insert(ConnectInfo(self.peer));
        Either::Right(self.others.call(request))
    }
}
