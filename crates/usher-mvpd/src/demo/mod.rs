//! The TV providers that `usher demo` brings along: plain logic, without HTTP.
//!
//! Today there is `Cablevision`: an OpenID provider and a REST decision point. Subscribers and what is
//! special about each are data ([`SUBSCRIBERS`]). Tokens are signed rather than remembered, so a restart
//! forgets only sign-ins that are under way. Nothing here is for real viewers: passwords are public.

mod decision;
mod oidc;
mod sign_in;
mod subscribers;
mod tokens;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use moka::policy::EvictionPolicy;
use moka::sync::Cache;
use url::Url;
use usher_core::{Clock, Entropy, Secret};
use usher_jose::{EcKey, Jwks, SigningKey};

pub use decision::{Decision, DecisionAnswer, DecisionQuestion};
pub use oidc::{ClientAuthentication, TokenAnswer, TokenForm, TokenProblem};
pub use sign_in::{AuthorizeError, AuthorizeRequest, SignInForm, SignInOutcome};
pub use subscribers::{CHANNELS, SUBSCRIBERS, Special, Subscriber};

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

/// The built-in providers.
pub struct DemoProviders {
    origin: String,
    key: SigningKey,
    clients: Vec<DemoClient>,
    authz_ttl: Duration,
    codes: Cache<String, Grant>,
    /// Provider sessions (`sid`) that ended.
    signed_out: Cache<String, ()>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
}

impl DemoProviders {
    /// Providers below `base_url`, which is usher's own address: clients come back there. `key` signs
    /// their tokens; permits last `authz_ttl`, or an hour (`demo` §3).
    pub fn new(
        base_url: &Url,
        key: EcKey,
        clients: Vec<DemoClient>,
        authz_ttl: Option<Duration>,
        (clock, entropy): (Arc<dyn Clock>, Arc<dyn Entropy>),
    ) -> Self {
        Self {
            origin: base_url.as_str().trim_end_matches('/').to_owned(),
            key: key.into(),
            clients,
            authz_ttl: authz_ttl.unwrap_or(AUTHZ_TTL),
            codes: bounded(CODES_MAX),
            signed_out: bounded(SIGNED_OUT_MAX),
            clock,
            entropy,
        }
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
