//! The TV providers that `usher demo` brings along: plain logic, without HTTP.
//!
//! `Cablevision` is an OpenID provider with a REST decision point, `OpCo` and the proxy `OpCoHub` are SAML
//! identity providers with XACML decision points. Subscribers and what is special about each are data
//! ([`SUBSCRIBERS`]); what a provider does wrong is switched on at the [`Switchboard`]. Tokens are signed
//! rather than remembered, so a restart forgets only sign-ins that are under way. Nothing here is for
//! real viewers: passwords are public.

mod decision;
mod oidc;
mod partner;
mod saml;
mod sign_in;
mod subscribers;
mod switchboard;
mod tokens;
mod verdict;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use moka::policy::EvictionPolicy;
use moka::sync::Cache;
use url::Url;
use usher_core::{Clock, Entropy, Secret};
use usher_jose::{EcKey, Jwks, SigningKey};
use usher_saml::{SignError, TrustError};

pub use decision::{Decision, DecisionAnswer, DecisionQuestion};
pub use oidc::{ClientAuthentication, TokenAnswer, TokenForm, TokenProblem};
pub use partner::{CarryError, FrameworkWish};
pub use saml::{
    SamlForm, SamlIdentity, SamlOutcome, SamlPeer, SamlRequestError, SamlSide, XacmlAnswer,
};
pub use sign_in::{AuthorizeError, AuthorizeRequest, SignInForm, SignInOutcome};
pub use subscribers::{CHANNELS, SUBSCRIBERS, Special, Subscriber};
pub use switchboard::{DemoProvider, Fault, Switchboard};

use self::saml::{Peer, SamlProvider};
use self::tokens::Grant;

/// How long permits last unless told otherwise (`demo` §3).
const AUTHZ_TTL: Duration = Duration::from_hours(1);
/// Codes that wait to be redeemed.
const CODES_MAX: u64 = 10_000;
/// Sessions that were signed out, the latest ones.
const SIGNED_OUT_MAX: u64 = 10_000;

/// A client of the providers: usher on behalf of a channel.
#[derive(Clone, Debug)]
pub struct DemoClient {
    /// Its id.
    pub id: String,
    /// Its secret.
    pub secret: Secret<String>,
}

/// Why there are no built-in providers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DemoError {
    /// A provider cannot sign.
    #[error("a demo provider cannot sign: {0}")]
    Sign(#[from] SignError),
    /// usher's certificates are no use.
    #[error("a demo provider cannot trust usher: {0}")]
    Trust(#[from] TrustError),
}

/// What the built-in providers are made of.
pub struct DemoSettings {
    /// Signs Cablevision's tokens.
    pub cablevision: EcKey,
    /// usher's clients there.
    pub clients: Vec<DemoClient>,
    /// What OpCo signs with.
    pub opco: SamlIdentity,
    /// What its hub signs with.
    pub opcohub: SamlIdentity,
    /// usher, as both know it.
    pub peer: SamlPeer,
    /// How long permits last; an hour when not given (`demo` §3).
    pub authz_ttl: Option<Duration>,
}

/// The built-in providers.
pub struct DemoProviders {
    origin: String,
    key: SigningKey,
    clients: Vec<DemoClient>,
    opco: SamlProvider,
    opcohub: SamlProvider,
    peer: Peer,
    /// What goes wrong on demand.
    pub switchboard: Switchboard,
    authz_ttl: Duration,
    codes: Cache<String, Grant>,
    /// Provider sessions (`sid`) that ended.
    signed_out: Cache<String, ()>,
    /// How often the refresh token of a session was replaced, where it was.
    rotations: Cache<String, u32>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
}

impl DemoProviders {
    /// Providers below `base_url`, which is usher's own address: browsers come back there.
    pub fn new(
        base_url: &Url,
        settings: DemoSettings,
        (clock, entropy): (Arc<dyn Clock>, Arc<dyn Entropy>),
    ) -> Result<Self, DemoError> {
        Ok(Self {
            origin: base_url.as_str().trim_end_matches('/').to_owned(),
            key: settings.cablevision.into(),
            clients: settings.clients,
            opco: SamlProvider::new(DemoProvider::OpCo, &settings.opco)?,
            opcohub: SamlProvider::new(DemoProvider::OpCoHub, &settings.opcohub)?,
            peer: Peer::new(settings.peer)?,
            switchboard: Switchboard::default(),
            authz_ttl: settings.authz_ttl.unwrap_or(AUTHZ_TTL),
            codes: bounded(CODES_MAX),
            signed_out: bounded(SIGNED_OUT_MAX),
            rotations: bounded(SIGNED_OUT_MAX),
            clock,
            entropy,
        })
    }

    /// The address everything here is below, without a slash at the end.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// The issuer of the id tokens.
    pub fn issuer(&self) -> String {
        format!("{}/demo/cablevision", self.origin)
    }

    /// The keys of the id tokens.
    pub fn key_set(&self) -> Jwks {
        Jwks::of([self.key.public()])
    }

    fn client(&self, id: &str) -> Option<&DemoClient> {
        self.clients.iter().find(|client| client.id == id)
    }
}

impl fmt::Debug for DemoProviders {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("DemoProviders").field("origin", &self.origin).finish_non_exhaustive()
    }
}

/// The least recently used go first: a flood must not keep the newest out.
fn bounded<V: Clone + Send + Sync + 'static>(entries: u64) -> Cache<String, V> {
    Cache::builder().max_capacity(entries).eviction_policy(EvictionPolicy::lru()).build()
}
