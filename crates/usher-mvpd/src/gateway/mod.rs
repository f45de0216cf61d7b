//! The two ports of the entitlement service, answered by whatever the catalog says about a provider.

mod ask;
mod decide;
mod sign_in;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Map;
use url::Url;
use usher_core::{Clock, Entropy, Timestamp};
use usher_entitle::{MvpdOutcome, SignInError, UsedAssertions};
use usher_saml::SignError;

use crate::breaker::Breakers;
use crate::guard::Guard;
use crate::lanes::Lanes;
use crate::oauth::OAuth;
use crate::peer::{Network, Peers, PlainHttp};
use crate::saml::{Saml, SamlSettings};

/// How the gateway reaches providers, beyond what the catalog says about each.
#[derive(Clone, Debug)]
pub struct GatewaySettings {
    /// Time for a connection, where the catalog does not say.
    pub connect_timeout: Duration,
    /// Time for everything that one sign-in asks of a provider.
    pub sign_in: Duration,
    /// The proxy that calls leave through (`mvpd` N2).
    pub egress_proxy: Option<Url>,
    /// May providers be talked to in the clear where the catalog says so (`mvpd` N3)?
    pub plain_http: PlainHttp,
    /// Who we are towards SAML providers.
    pub saml: SamlSettings,
}

impl GatewaySettings {
    /// The usual bounds, no proxy, no clear text.
    pub const fn new(saml: SamlSettings) -> Self {
        Self {
            connect_timeout: Duration::from_secs(2),
            sign_in: Duration::from_secs(8),
            egress_proxy: None,
            plain_http: PlainHttp::Refused,
            saml,
        }
    }
}

/// Why there is no gateway.
#[derive(Debug, thiserror::Error)]
pub enum GatewayError {
    /// The server's own address cannot be extended by paths.
    #[error("the server's address is no usable base: {0}")]
    Address(#[from] url::ParseError),
    /// The HTTP client cannot be built.
    #[error("the HTTP client cannot be built: {0}")]
    Client(#[from] reqwest::Error),
    /// A key for SAML cannot be used.
    #[error("a key for SAML messages cannot be used: {0}")]
    SamlKey(#[from] SignError),
}

/// What the gateway needs of the world.
#[expect(missing_docs, reason = "each field is named for its port")]
pub struct GatewayPorts {
    pub assertions: Arc<dyn UsedAssertions>,
    pub clock: Arc<dyn Clock>,
    pub entropy: Arc<dyn Entropy>,
}

/// Speaks to every provider.
pub struct Gateway {
    oauth: OAuth,
    saml: Saml,
    peers: Peers,
    lanes: Lanes,
    breakers: Breakers,
    guard: Guard,
    sign_in_budget: Duration,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
}

impl Gateway {
    /// A gateway of the server that browsers reach at `base_url`.
    pub fn new(
        base_url: &Url,
        settings: GatewaySettings,
        ports: GatewayPorts,
    ) -> Result<Self, GatewayError> {
        let GatewayPorts { assertions, clock, entropy } = ports;
        let peers = Peers::new(Network {
            connect_timeout: settings.connect_timeout,
            proxy: settings.egress_proxy,
            plain_http: settings.plain_http,
        })?;
        let world = || (Arc::clone(&clock), Arc::clone(&entropy));
        Ok(Self {
            oauth: OAuth::new(peers.clone(), base_url, world())?,
            saml: Saml::new(base_url, &settings.saml, assertions, world())?,
            peers,
            lanes: Lanes::default(),
            breakers: Breakers::default(),
            guard: Guard::default(),
            sign_in_budget: settings.sign_in,
            clock,
            entropy,
        })
    }

    pub(crate) const fn peers(&self) -> &Peers {
        &self.peers
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Our SAML metadata document (`mvpd` §5.10).
    pub fn service_provider_metadata(&self) -> &str {
        self.saml.metadata()
    }
}

impl fmt::Debug for Gateway {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Gateway").field("lanes", &self.lanes).finish_non_exhaustive()
    }
}

fn permit() -> MvpdOutcome {
    MvpdOutcome::Permit { ttl: None, attributes: Map::new() }
}

fn unsupported(why: &str) -> SignInError {
    SignInError::Unsupported(why.to_owned())
}
