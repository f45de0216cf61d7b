//! Listening, and stopping in good order.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, Result};
use axum::serve::ListenerExt;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use url::Url;
use usher_http::{App, Doors};

/// A server that accepts connections until it is told to stop.
#[derive(Debug)]
pub struct Server {
    stop: watch::Sender<bool>,
    serving: JoinHandle<std::io::Result<()>>,
    drain: Duration,
}

impl Server {
    /// Serves `app` on `listener`. Told to stop, requests in flight get `drain` to finish.
    pub fn start(listener: TcpListener, app: App, drain: Duration) -> Self {
        let (stop, stopped) = watch::channel(false);
        let readiness = app.readiness.clone();
        let doors = Doors::new(app);
        // Answers are small and complete: waiting for more bytes only adds latency.
        let listener = listener.tap_io(|connection| {
            if let Err(error) = connection.set_nodelay(true) {
                tracing::debug!(%error, "a connection cannot be set to send at once");
            }
        });
        let mut asked = stopped.clone();
        let serving = tokio::spawn(async move {
            axum::serve(listener, doors)
                .with_graceful_shutdown(async move {
                    // A closed channel means the owner is gone: stop as well.
                    let _ = asked.wait_for(|stop| *stop).await;
                    readiness.set(false);
                })
                .await
        });
        Self { stop, serving, drain }
    }

    /// Stops accepting, lets requests in flight finish (within the time to drain) and returns.
    pub async fn stop(self) -> Result<()> {
        self.stop.send_replace(true);
        let Ok(served) = tokio::time::timeout(self.drain, self.serving).await else {
            tracing::warn!("requests were still in flight after the time to drain");
            return Ok(());
        };
        served.context("the server task failed")?.context("serving failed")
    }
}

/// Binds `address`; the error says what to do.
pub async fn listen(address: SocketAddr) -> Result<TcpListener> {
    TcpListener::bind(address)
        .await
        .with_context(|| format!("cannot listen on {address}: choose another with --listen"))
}

/// The origin of a server that listens on `listener`: `http://` and its address, with loopback for
/// a wildcard address.
pub fn origin_of(listener: &TcpListener) -> Result<Url> {
    let address = listener.local_addr()?;
    let host = match address.ip() {
        ip if ip.is_unspecified() => "127.0.0.1".to_owned(),
        std::net::IpAddr::V6(ip) => format!("[{ip}]"),
        std::net::IpAddr::V4(ip) => ip.to_string(),
    };
    Ok(Url::parse(&format!("http://{host}:{}", address.port()))?)
}

/// From now on SIGTERM and SIGINT do not end the process: they complete the future.
#[cfg(unix)]
pub fn told_to_stop() -> Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}
