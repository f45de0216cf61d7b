//! HTTP towards providers: one client, no redirects, bounded bodies, plain HTTP on loopback only.
//!
//! Deadlines for a whole exchange are the caller's: it knows how many calls share one budget.

use std::time::Duration;

use reqwest::{Client, Method, RequestBuilder, redirect};
use serde::de::DeserializeOwned;
use url::{Host, Url};

/// The largest answer that is read, in bytes.
const BODY_BYTES_MAX: usize = 64 * 1024;

/// Why a provider gave no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PeerError {
    /// No connection, or not in time.
    #[error("no connection could be made")]
    Unreachable,
    /// The answer broke off, is too large or is not what was asked for.
    #[error("the answer is incomplete, too large or unreadable")]
    Broken,
    /// The address is not HTTPS and not on loopback (`mvpd` N3).
    #[error("the configured address is not HTTPS")]
    Insecure,
}

/// A complete answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// The body of a 200 answer read as JSON.
    pub(crate) fn json<T: DeserializeOwned>(&self) -> Result<T, PeerError> {
        if self.status != 200 {
            return Err(PeerError::Broken);
        }
        serde_json::from_slice(&self.body).map_err(|_| PeerError::Broken)
    }
}

/// The way to all providers. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Peers(Client);

impl Peers {
    /// Trusts the certificate authorities of the system. Where there are none, every TLS connection
    /// fails, but a demo world on loopback works.
    pub(crate) fn new(connect_timeout: Duration) -> Result<Self, reqwest::Error> {
        let builder = || {
            Client::builder()
                .connect_timeout(connect_timeout)
                .redirect(redirect::Policy::none())
                // Proxies are a matter of configuration (`mvpd` N2), not of the environment.
                .no_proxy()
                .user_agent(concat!("usher/", env!("CARGO_PKG_VERSION")))
        };
        builder().build().map(Self).or_else(|error| {
            tracing::warn!(%error, "no certificate authorities: TLS to providers will fail");
            builder().tls_certs_only([]).build().map(Self)
        })
    }

    /// A GET of `url`.
    pub(crate) fn get(&self, url: &Url) -> Result<RequestBuilder, PeerError> {
        self.request(Method::GET, url)
    }

    /// A POST to `url`.
    pub(crate) fn post(&self, url: &Url) -> Result<RequestBuilder, PeerError> {
        self.request(Method::POST, url)
    }

    fn request(&self, method: Method, url: &Url) -> Result<RequestBuilder, PeerError> {
        if url.scheme() == "https" || url.scheme() == "http" && is_loopback(url) {
            return Ok(self.0.request(method, url.clone()));
        }
        Err(PeerError::Insecure)
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// Sends `request` and reads the answer to its end.
pub(crate) async fn exchange(request: RequestBuilder) -> Result<Answer, PeerError> {
    let mut response = request.send().await.map_err(|error| trouble(&error))?;
    let status = response.status().as_u16();
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| trouble(&error))? {
        if body.len() + chunk.len() > BODY_BYTES_MAX {
            return Err(PeerError::Broken);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Answer { status, body })
}

fn trouble(error: &reqwest::Error) -> PeerError {
    if error.is_connect() { PeerError::Unreachable } else { PeerError::Broken }
}
