//! Listening, and stopping in good order.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, Result};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use url::Url;
use usher_http::{App, Doors, Patience};

/// A server that accepts connections until it is told to stop.
#[derive(Debug)]
pub struct Server {
    stop: watch::Sender<bool>,
    serving: JoinHandle<()>,
    drain: Duration,
}

impl Server {
    /// Serves `app` on `listener`. Told to stop, requests in flight get the time to drain to finish.
    pub fn start(listener: TcpListener, app: App, settings: &usher_config::Server) -> Self {
        let (stop, mut asked) = watch::channel(false);
        let readiness = app.readiness.clone();
        let patience = Patience { idle: settings.idle_timeout, body: settings.body_timeout };
        let serving = tokio::spawn(async move {
            let stopped = async {
                // A closed channel means the owner is gone: stop as well.
                let _ = asked.wait_for(|stop| *stop).await;
                readiness.set(false);
            };
            usher_http::serve(listener, Doors::new(app), patience, stopped).await;
        });
        Self { stop, serving, drain: settings.drain }
    }

    /// Stops accepting, lets requests in flight finish (within the time to drain) and returns.
    pub async fn stop(self) -> Result<()> {
        self.stop.send_replace(true);
        let Ok(served) = tokio::time::timeout(self.drain, self.serving).await else {
            tracing::warn!("requests were still in flight after the time to drain");
            return Ok(());
        };
        served.context("the server task failed")
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
