//! What the entitlement service needs from TV providers: signing viewers in and out, and deciding.
//!
//! Adapters speak the protocols (`mvpd`); this side knows only viewers, resources and answers.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use serde_json::{Map, Value};
use url::Url;
use usher_core::{Secret, ServiceProviderId, Timestamp};
use usher_registry::{Integration, Mvpd};

/// Whom a call is about: a channel, a TV provider and what they agreed.
#[derive(Clone, Debug)]
pub struct Partner {
    /// The channel.
    pub service_provider: ServiceProviderId,
    /// The TV provider.
    pub mvpd: Arc<Mvpd>,
    /// Their integration.
    pub integration: Arc<Integration>,
}

/// Signs viewers in at their TV provider.
#[async_trait]
pub trait MvpdSignIn: Send + Sync + 'static {
    /// Where to send the browser. `state` is the opaque, single-use reference that must come back
    /// with it; whatever else is needed to check the answer is returned as [`SignInStart::pending`].
    async fn begin(&self, partner: &Partner, state: &str) -> Result<SignInStart, SignInError>;

    /// Checks the provider's answer to the sign-in that `pending` describes.
    async fn finish(
        &self,
        partner: &Partner,
        pending: &Secret<String>,
        answer: &SignInAnswer,
    ) -> Result<VerifiedIdentity, SignInError>;

    /// Where to send the browser so that the provider forgets the viewer and then returns it to
    /// `return_to`; nothing when the provider has no logout.
    async fn sign_out(
        &self,
        partner: &Partner,
        credentials: Option<&Secret<String>>,
        return_to: &Url,
    ) -> Option<Url>;
}

/// A sign-in under way.
#[derive(Clone, Debug)]
pub struct SignInStart {
    /// Where the browser goes.
    pub location: Url,
    /// What the adapter needs to check the answer (nonce, PKCE verifier, request id). Opaque here.
    pub pending: Secret<String>,
}

/// What came back with the browser.
#[derive(Clone, Debug)]
pub enum SignInAnswer {
    /// OAuth 2.0: the parameters of the callback, decoded, in order.
    OAuth(Vec<(String, String)>),
    /// SAML 2.0: the posted `SAMLResponse`, still in base64.
    Saml(String),
}

/// A viewer whom the provider vouches for.
#[derive(Clone, Debug)]
pub struct VerifiedIdentity {
    /// Opaque, persistent id of the account at the provider.
    pub user_id: String,
    /// Further metadata by profile key (`mvpd` §11.1), normalised.
    pub attributes: Map<String, Value>,
    /// Whether the sign-in was home-based, when the provider says.
    pub home_based: Option<bool>,
    /// What later calls about this viewer need (tokens, session index). Opaque here; encrypted at
    /// rest.
    pub credentials: Option<Secret<String>>,
    /// When the provider ends the sign-in itself.
    pub not_after: Option<Timestamp>,
}

/// Why there is no verified identity.
#[derive(Clone, Debug, thiserror::Error)]
pub enum SignInError {
    /// The viewer turned back, or the provider said no.
    #[error("the provider did not sign the viewer in: {0}")]
    Refused(String),
    /// The answer does not prove anything: wrong state, signature, audience, time.
    #[error("the provider's answer was not accepted: {0}")]
    Unverified(String),
    /// The provider could not be reached or answered nonsense.
    #[error("the provider could not be reached: {0}")]
    Unreachable(String),
    /// This MVPD has no sign-in that usher can do.
    #[error("signing in at this provider is not possible: {0}")]
    Unsupported(String),
}

/// Asks TV providers whether viewers may watch.
#[async_trait]
pub trait MvpdAuthorization: Send + Sync + 'static {
    /// Asks about each of `ask.resources`, by whatever means the provider offers, within
    /// `ask.budget`. The answers stand in the order of the resources, one for each.
    async fn decide(&self, ask: &AuthorizationAsk) -> Vec<MvpdDecision>;
}

/// A question to a TV provider.
#[derive(Clone, Debug)]
pub struct AuthorizationAsk {
    /// About whom.
    pub partner: Partner,
    /// Under which integration the viewer signed in: another one when the sign-in is shared. The
    /// credentials belong to it.
    pub signed_in_at: Partner,
    /// The viewer's id at the provider.
    pub user_id: String,
    /// What the sign-in left for later calls.
    pub credentials: Option<Secret<String>>,
    /// Resources as the application named them: plain ids or MRSS documents.
    pub resources: Vec<String>,
    /// Whether playback depends on it.
    pub purpose: Purpose,
    /// The viewer's device, as far as known.
    pub client_ip: Option<IpAddr>,
    /// Time for the whole question.
    pub budget: Duration,
}

/// Why a decision is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// To grey out what cannot be watched.
    Preauthorize,
    /// To play.
    Authorize,
}

/// A provider's answer about one resource.
#[derive(Clone, Debug)]
pub struct MvpdDecision {
    /// Permit or not.
    pub outcome: MvpdOutcome,
    /// Time spent at the provider.
    pub latency: Duration,
}

/// Permit or not, and why not.
#[derive(Clone, Debug, PartialEq)]
pub enum MvpdOutcome {
    /// The viewer may watch.
    Permit {
        /// For how long, when the provider says.
        ttl: Option<Duration>,
        /// Metadata that came with the answer; refreshes the profile.
        attributes: Map<String, Value>,
    },
    /// The provider says no.
    Deny {
        /// Why.
        reason: DenyReason,
        /// The provider's text for the viewer: plain, without control characters, ≤ 1024 characters.
        details: Option<String>,
    },
    /// There is no answer.
    Failed(MvpdFailure),
}

/// Why a provider says no (`errors` §9).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DenyReason {
    /// Not in the viewer's package, or no reason given.
    NotEntitled,
    /// Parental controls.
    ParentalControls,
    /// A home-based sign-in left the home.
    NotAtHome,
    /// The provider ended the sign-in; the profile is no good any more.
    SessionInvalidated,
    /// The provider does not know the viewer.
    UnknownViewer,
}

/// Why there is no answer (`errors` §9).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MvpdFailure {
    /// The connection could not be made in time.
    ConnectionTimeout,
    /// The answer broke off, was unreadable or a server error.
    BadAnswer,
    /// The time for the whole question ran out.
    BudgetExceeded,
    /// Asking this provider is not possible with its configuration.
    Misconfigured,
}
