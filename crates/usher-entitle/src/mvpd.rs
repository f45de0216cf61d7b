//! What the entitlement service needs from TV providers: signing viewers in and out, and deciding.
//!
//! Adapters speak the protocols (`mvpd`); this side knows only viewers, resources and answers.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use url::Url;
use usher_core::{MvpdId, Secret, StoreError, Timestamp};
use usher_registry::{EffectiveSettings, Platform, Snapshot};

use crate::partner::Partner;
use crate::profile::Upstream;

/// Signs viewers in and out at their TV provider.
#[async_trait]
pub trait MvpdSignIn: Send + Sync + 'static {
    /// Where to send the browser. `state` is the opaque, single-use reference that must come back
    /// with it; whatever else is needed to check the answer is returned as [`SignInStart::pending`].
    async fn begin(
        &self,
        partner: &Partner,
        settings: &EffectiveSettings,
        state: &str,
    ) -> Result<SignInStart, SignInError>;

    /// Checks the provider's answer to the sign-in that `pending` describes. An answer that was
    /// accepted once is refused from then on.
    async fn finish(
        &self,
        partner: &Partner,
        pending: &Secret<String>,
        answer: &SignInAnswer,
    ) -> Result<VerifiedIdentity, SignInError>;

    /// The request that a platform partner shall pass on to the provider (`mvpd` §5.9).
    async fn begin_by_platform(
        &self,
        partner: &Partner,
        platform: Platform,
    ) -> Result<PlatformRequest, SignInError>;

    /// Checks what a platform partner brought back: a `SAMLResponse` in base64. `pending` is what
    /// [`PlatformRequest::pending`] was for this device and channel, if it asked at all.
    async fn finish_by_platform(
        &self,
        partner: &Partner,
        platform: Platform,
        pending: Option<&Secret<String>>,
        saml_response: &str,
    ) -> Result<VerifiedIdentity, SignInError>;

    /// The provider that a `SAMLResponse` in base64 says to be from, if `snapshot` has it. Nothing is
    /// proven by that.
    async fn claimed_provider(&self, snapshot: &Snapshot, saml_response: &str) -> Option<MvpdId>;

    /// How the browser makes the provider forget the viewer, and comes back with `state`; nothing when
    /// the provider has no logout.
    async fn sign_out(
        &self,
        partner: &Partner,
        credentials: Option<&Secret<Vec<u8>>>,
        state: &str,
    ) -> Option<SignOutStart>;

    /// Whether the provider confirms the sign-out that `pending` describes. The viewer is signed out
    /// here whatever the answer; an error is for the log.
    async fn finish_sign_out(
        &self,
        partner: &Partner,
        pending: &Secret<String>,
        answer: &SignOutAnswer,
    ) -> Result<(), SignInError>;

    /// What a provider asks for that ends sign-ins by itself (`mvpd` §5.7): `query` is that of the
    /// request, nothing decoded.
    async fn provider_sign_out(
        &self,
        snapshot: &Snapshot,
        query: &str,
    ) -> Result<ProviderSignOut, SignInError>;
}

/// What a browser does next.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BrowserStep {
    /// It goes there.
    Go(Url),
    /// It posts a form, without anybody having to do anything.
    Post(BrowserForm),
}

/// A form that submits itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BrowserForm {
    /// Where it is posted.
    pub action: Url,
    /// Names and values of its fields.
    pub fields: Vec<(String, String)>,
}

/// A sign-in under way.
#[derive(Clone, Debug)]
pub struct SignInStart {
    /// What the browser does.
    pub step: BrowserStep,
    /// What the adapter needs to check the answer (nonce, PKCE verifier, request id). Opaque here.
    pub pending: Secret<String>,
}

/// A request that a platform partner passes on.
#[derive(Clone, Debug)]
pub struct PlatformRequest {
    /// A signed SAML request in base64.
    pub request: String,
    /// The attributes wanted of the assertion.
    pub attribute_names: Vec<String>,
    /// What the adapter needs to check the answer; to be remembered for the device and the channel.
    pub pending: Secret<String>,
}

/// A sign-out that visits the provider.
#[derive(Clone, Debug)]
pub struct SignOutStart {
    /// What the browser does.
    pub step: BrowserStep,
    /// What the adapter needs to check the answer. Opaque here.
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

/// What came back with the browser from a sign-out.
#[derive(Clone, Debug)]
pub enum SignOutAnswer {
    /// Nothing but the browser.
    Returned,
    /// SAML 2.0: the query, nothing decoded.
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
    pub credentials: Option<Secret<Vec<u8>>>,
    /// What the provider itself calls this sign-in.
    pub upstream: Upstream,
    /// When the provider ends the sign-in itself.
    pub not_after: Option<Timestamp>,
    /// When what the provider proved is over: how long a sign-in lasts of which nobody says it better
    /// (`mvpd` T1).
    pub proof_not_after: Option<Timestamp>,
}

/// A provider's wish to end sign-ins, verified.
#[derive(Clone, Debug)]
pub struct ProviderSignOut {
    /// Where they happened: the provider, and those it speaks for.
    pub mvpds: Vec<MvpdId>,
    /// Whose they are ([`Upstream::subject`]).
    pub subject: String,
    /// Which ones ([`Upstream::session_index`]); all of them when none is named.
    pub session_indexes: Vec<String>,
    /// Where the browser goes to tell the provider that it is done.
    pub answer: Url,
}

/// Why there is no verified identity, or no sign-out.
#[derive(Clone, Debug, thiserror::Error)]
pub enum SignInError {
    /// The viewer turned back, or the provider said no.
    #[error("the provider did not sign the viewer in: {0}")]
    Refused(String),
    /// The answer does not prove anything: wrong state, signature, audience, time.
    #[error("the provider's answer was not accepted ({code}): {detail}")]
    Unverified {
        /// The reason code of `mvpd` §5.5, for reports.
        code: &'static str,
        /// What exactly is wrong, for the operator.
        detail: String,
    },
    /// The provider could not be reached or answered nonsense.
    #[error("the provider could not be reached: {0}")]
    Unreachable(String),
    /// This MVPD has no sign-in that usher can do.
    #[error("signing in at this provider is not possible: {0}")]
    Unsupported(String),
    /// It could not be recorded that the answer was used.
    #[error("the record store could not answer")]
    Store(#[from] StoreError),
}

impl SignInError {
    /// The reason for reports.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::Refused(_) => "refused",
            Self::Unverified { code, .. } => code,
            Self::Unreachable(_) => "network",
            Self::Unsupported(_) => "unsupported",
            Self::Store(_) => "internal",
        }
    }
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
    pub credentials: Option<Secret<Vec<u8>>>,
    /// Resources as the application named them: plain ids or MRSS documents.
    pub resources: Vec<String>,
    /// Whether playback depends on it.
    pub purpose: Purpose,
    /// The viewer's device, as far as known.
    pub device: AskingDevice,
    /// Time for the whole question.
    pub budget: Duration,
}

/// What a provider may want to know of the device (`mvpd` §7.1).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AskingDevice {
    /// Its public address.
    pub ip: Option<IpAddr>,
    /// The port it calls from.
    pub port: Option<u16>,
    /// What it calls itself towards web servers.
    pub user_agent: Option<String>,
}

/// Why a decision is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
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
    /// Who says so.
    pub answered_by: AnsweredBy,
    /// Time spent at the provider.
    pub latency: Duration,
    /// What was said to and by the provider, for explanations. Decisions that came of one exchange
    /// share it.
    pub exchanges: Vec<Arc<Exchange>>,
    /// Credentials that replace those of the sign-in from now on.
    pub credentials: Option<Secret<Vec<u8>>>,
}

impl MvpdDecision {
    /// A decision for which nobody was asked.
    pub fn at_once(outcome: MvpdOutcome) -> Self {
        Self {
            outcome,
            answered_by: AnsweredBy::Provider,
            latency: Duration::ZERO,
            exchanges: Vec::new(),
            credentials: None,
        }
    }
}

/// Who answered a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AnsweredBy {
    /// The provider, or its line-up.
    Provider,
    /// Abuse protection: the provider has said no to this question a moment ago, more than once.
    Guard,
}

/// One call to a provider, as it may be shown to an operator: viewers, addresses and secrets are
/// masked, and everything is of bounded length.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Exchange {
    /// What was spoken, such as `xacml_soap`.
    pub protocol: &'static str,
    /// The endpoint's id in the catalog.
    pub endpoint: String,
    /// The address, without query.
    pub address: String,
    /// What was asked.
    pub asked: String,
    /// The status of the answer, or why there was none.
    pub status: ExchangeStatus,
    /// The beginning of the answer.
    pub answer: String,
    /// How long it took.
    pub took: Duration,
}

/// How a call to a provider ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ExchangeStatus {
    /// With an HTTP status.
    Answered(u16),
    /// Without an answer.
    Failed(&'static str),
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
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
