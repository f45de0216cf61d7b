//! Connections: accepted, served, and left in good order.
//!
//! Promises that no peer holds a connection by doing nothing ([`Patience`]), and that an answer reaches a
//! client that is still sending when it leaves ([`line`]). What is answered is the business of [`Doors`].

mod body;
mod line;

use std::convert::Infallible;
use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderValue, Version, header};
use axum::response::Response;
use axum::serve::Listener;
use http_body::Body as _;
use hyper::Request;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};

use crate::Doors;
use crate::door::Door;
use body::InTime;
use line::Line;

/// How long the server waits for its peers.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// For a byte to move either way, and for a request's head to be complete.
    pub idle: Duration,
    /// For a request's body to be complete.
    pub body: Duration,
}

/// Serves the connections of `listener` until `stopped`, and those that are busy then until they are done.
pub async fn serve(
    mut listener: TcpListener,
    doors: Doors,
    patience: Patience,
    stopped: impl Future<Output = ()>,
) {
    let builder = builder(patience);
    let open = GracefulShutdown::new();
    let mut stopped = std::pin::pin!(stopped);
    loop {
        let (stream, peer) = tokio::select! {
            // Waits a little and tries again when there is no room for another connection.
            accepted = Listener::accept(&mut listener) => accepted,
            () = &mut stopped => break,
        };
        let door = doors.open(peer);
        let answering = service_fn(move |request| answer(door.clone(), request, patience));
        let served = builder.serve_connection(TokioIo::new(line(stream, patience)), answering);
        let served = open.watch(served.into_owned());
        tokio::spawn(async move {
            if let Err(error) = served.await {
                tracing::debug!(%error, "a connection was broken off");
            }
        });
    }
    drop(listener);
    open.shutdown().await;
}

fn builder(patience: Patience) -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(patience.idle);
    // Peers that only listen are asked now and then whether they still do.
    builder.http2().timer(TokioTimer::new()).keep_alive_interval(patience.idle / 2);
    builder
}

fn line(stream: TcpStream, patience: Patience) -> Line<TcpStream> {
    // Answers are small and complete: waiting for more bytes only adds latency.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "a connection cannot be set to send at once");
    }
    Line::new(stream, patience.idle)
}

/// Answers a request. A client whose body nobody wanted is told that the connection ends with the answer,
/// unless there is so little left that it is quicker to read it.
async fn answer(
    door: Door,
    request: Request<Incoming>,
    patience: Patience,
) -> Result<Response, Infallible> {
    if request.body().is_end_stream() {
        return door.answer(request.map(Body::new)).await;
    }
    let reusable = request.version() < Version::HTTP_2;
    let (parts, body) = request.into_parts();
    let (body, rest) = InTime::new(body, patience.body);
    let mut response = door.answer(Request::from_parts(parts, Body::new(body))).await?;
    if reusable && !rest.finish().await {
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    Ok(response)
}
