//! HTTP towards providers: no redirects, bounded bodies, TLS but for loopback and laboratories.
//!
//! Deadlines for a whole exchange are the caller's: it knows how many calls share one budget.

use std::sync::Arc;
use std::time::Duration;

use moka::sync::Cache;
use reqwest::{Client, ClientBuilder, Identity, Method, NoProxy, Proxy, RequestBuilder, redirect};
use serde::de::DeserializeOwned;
use url::{Host, Url};
use usher_jose::sha256;
use usher_registry::Transport;

/// The largest answer that is read, in bytes. Signed answers about a screenful of channels need some
/// dozens of kilobytes.
const BODY_BYTES_MAX: usize = 256 * 1024;

/// Clients kept; as many as there are different ways to providers.
const CLIENTS_MAX: u64 = 1_000;

/// Why a provider gave no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PeerError {
    /// No connection, or not in time.
    #[error("no connection could be made")]
    Unreachable,
    /// The answer broke off, is too large or is not what was asked for.
    #[error("the answer is incomplete, too large or unreadable")]
    Broken,
    /// The connection broke before there was an answer.
    #[error("the connection broke before the answer")]
    Interrupted,
    /// The address is not HTTPS, not on loopback, and there is no permission for that (`mvpd` N3).
    #[error("the configured address is not HTTPS")]
    Insecure,
    /// A certificate or key of the connection cannot be used.
    #[error("a configured certificate or key of the connection cannot be used")]
    Identity,
}

impl PeerError {
    /// The error in one word, for records of what was said.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Unreachable => "unreachable",
            Self::Broken => "broken",
            Self::Interrupted => "interrupted",
            Self::Insecure => "insecure",
            Self::Identity => "misconfigured",
        }
    }
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

/// May providers be talked to in the clear where the catalog says so?
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PlainHttp {
    /// No: viewers here are real.
    #[default]
    Refused,
    /// Yes: this deployment is a laboratory.
    Allowed,
}

/// The network as the deployment sees it.
#[derive(Clone, Debug)]
pub(crate) struct Network {
    pub(crate) connect_timeout: Duration,
    pub(crate) proxy: Option<Url>,
    pub(crate) plain_http: PlainHttp,
}

/// The ways to all providers. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Peers {
    network: Arc<Network>,
    usual: Client,
    special: Cache<[u8; 32], Client>,
}

impl Peers {
    /// Trusts the certificate authorities of the system. Where there are none, every TLS connection
    /// fails, but a demo world on loopback works.
    pub(crate) fn new(network: Network) -> Result<Self, reqwest::Error> {
        let builder = || builder(&network, network.connect_timeout);
        let usual = builder()?.build().or_else(|error| {
            tracing::warn!(%error, "no certificate authorities: TLS to providers will fail");
            builder()?.tls_certs_only([]).build()
        })?;
        Ok(Self { network: Arc::new(network), usual, special: Cache::new(CLIENTS_MAX) })
    }

    /// A GET of `url` in the usual way.
    pub(crate) fn get(&self, url: &Url) -> Result<RequestBuilder, PeerError> {
        self.usually().request(Method::GET, url)
    }

    /// A POST to `url` in the usual way.
    pub(crate) fn post(&self, url: &Url) -> Result<RequestBuilder, PeerError> {
        self.usually().request(Method::POST, url)
    }

    fn usually(&self) -> Way {
        Way { client: self.usual.clone(), plain_http: PlainHttp::Refused }
    }

    /// The way that `transport` describes.
    pub(crate) fn by(&self, transport: &Transport) -> Result<Way, PeerError> {
        let plain_http =
            if transport.allow_plain_http { self.network.plain_http } else { PlainHttp::Refused };
        let key = digest(transport);
        if let Some(client) = self.special.get(&key) {
            return Ok(Way { client, plain_http });
        }
        let client = special(&self.network, transport).map_err(|error| {
            tracing::warn!(%error, "a provider's transport cannot be used");
            PeerError::Identity
        })?;
        self.special.insert(key, client.clone());
        Ok(Way { client, plain_http })
    }
}

/// One way to a provider.
pub(crate) struct Way {
    client: Client,
    plain_http: PlainHttp,
}

impl Way {
    /// A request to `url`.
    pub(crate) fn request(&self, method: Method, url: &Url) -> Result<RequestBuilder, PeerError> {
        let clear =
            url.scheme() == "http" && (is_loopback(url) || self.plain_http == PlainHttp::Allowed);
        if url.scheme() == "https" || clear {
            return Ok(self.client.request(method, url.clone()));
        }
        Err(PeerError::Insecure)
    }
}

/// Proxies are a matter of configuration (`mvpd` N2), not of the environment; loopback needs none.
fn builder(network: &Network, connect_timeout: Duration) -> Result<ClientBuilder, reqwest::Error> {
    let builder = Client::builder()
        .connect_timeout(connect_timeout)
        .redirect(redirect::Policy::none())
        .no_proxy()
        .user_agent(concat!("usher/", env!("CARGO_PKG_VERSION")));
    Ok(match &network.proxy {
        Some(proxy) => {
            let direct = NoProxy::from_string("localhost,127.0.0.0/8,::1");
            builder.proxy(Proxy::all(proxy.clone())?.no_proxy(direct))
        }
        None => builder,
    })
}

fn special(network: &Network, transport: &Transport) -> Result<Client, reqwest::Error> {
    let mut builder = builder(network, transport.connect_timeout)?
        .read_timeout(transport.read_timeout)
        .pool_max_idle_per_host(transport.questions_max);
    if !transport.certificate_authorities.is_empty() {
        let roots = transport
            .certificate_authorities
            .iter()
            .map(|pem| reqwest::Certificate::from_pem(pem.as_bytes()))
            .collect::<Result<Vec<_>, _>>()?;
        builder = builder.tls_certs_only(roots);
    }
    if let (Some(certificate), Some(key)) = (&transport.client_certificate, &transport.client_key) {
        let both = format!("{certificate}\n{}", key.expose());
        builder = builder.identity(Identity::from_pem(both.as_bytes())?);
    }
    builder.build().or_else(|error| {
        if transport.certificate_authorities.is_empty() {
            tracing::warn!(%error, "no certificate authorities: TLS to providers will fail");
            let builder = self::builder(network, transport.connect_timeout)?;
            return builder.read_timeout(transport.read_timeout).tls_certs_only([]).build();
        }
        Err(error)
    })
}

/// Equal for ways that can share connections.
fn digest(transport: &Transport) -> [u8; 32] {
    let key = transport.client_key.as_ref().map(|key| key.expose().as_str());
    let parts = [transport.client_certificate.as_deref(), key];
    let text = format!(
        "{:?} {:?} {} {:?} {:?}",
        transport.connect_timeout,
        transport.read_timeout,
        transport.questions_max,
        transport.certificate_authorities,
        parts
    );
    sha256(text.as_bytes())
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
    explained(request).await.map_err(|(error, _)| error)
}

/// The same for people who want to know why: an error comes with what the network says.
pub(crate) async fn explained(request: RequestBuilder) -> Result<Answer, (PeerError, String)> {
    let explain = |error: reqwest::Error| (trouble(&error), cause(&error));
    let mut response = request.send().await.map_err(explain)?;
    let status = response.status().as_u16();
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(explain)? {
        if body.len() + chunk.len() > BODY_BYTES_MAX {
            return Err((PeerError::Broken, format!("more than {BODY_BYTES_MAX} bytes")));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Answer { status, body })
}

/// The same for a question that may be asked twice: once more if the connection broke before there was
/// an answer, as it does when the provider has just closed one that was idle.
pub(crate) async fn repeatable(request: RequestBuilder) -> Result<Answer, PeerError> {
    let again = request.try_clone();
    match (exchange(request).await, again) {
        (Err(PeerError::Interrupted), Some(again)) => exchange(again).await,
        (outcome, _) => outcome,
    }
}

fn trouble(error: &reqwest::Error) -> PeerError {
    if error.is_connect() {
        PeerError::Unreachable
    } else if error.is_request() && !error.is_timeout() {
        PeerError::Interrupted
    } else {
        PeerError::Broken
    }
}

/// What lies at the bottom of `error`.
fn cause(error: &dyn std::error::Error) -> String {
    let mut deepest = error;
    while let Some(source) = deepest.source() {
        deepest = source;
    }
    deepest.to_string()
}
