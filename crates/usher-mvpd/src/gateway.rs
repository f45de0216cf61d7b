//! The two ports of the entitlement service, answered by whatever the catalog says about a provider.

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::future::join_all;
use serde_json::Map;
use tokio::time::{Instant, timeout, timeout_at};
use url::Url;
use usher_core::{Clock, Entropy, Secret};
use usher_entitle::{
    AuthorizationAsk, BrowserStep, DenyReason, MvpdAuthorization, MvpdDecision, MvpdFailure,
    MvpdOutcome, MvpdSignIn, Partner, PlatformRequest, ProviderSignOut, SignInAnswer, SignInError,
    SignInStart, SignOutAnswer, SignOutStart, VerifiedIdentity,
};
use usher_registry::{
    AuthnProtocol, AuthzProtocol, EffectiveSettings, LogoutMode, Platform, RestAuthz, Snapshot,
};

use crate::credentials::Credentials;
use crate::lanes::Lanes;
use crate::oauth::{AccessError, AccessTokens, Client, OAuth, TokenEndpoint};
use crate::peer::{PeerError, Peers};
use crate::resource::Resource;
use crate::rest;

/// Bounds that hold for every provider (`mvpd` §3, §8).
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Time for a connection.
    pub connect_timeout: Duration,
    /// Time for everything that one sign-in asks of a provider.
    pub sign_in: Duration,
    /// Authorization questions to one provider at once.
    pub questions_per_mvpd: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(2),
            sign_in: Duration::from_secs(8),
            questions_per_mvpd: 50,
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
}

/// Speaks to every provider.
pub struct Gateway {
    oauth: OAuth,
    access_tokens: AccessTokens,
    peers: Peers,
    lanes: Lanes,
    sign_in_budget: Duration,
    clock: Arc<dyn Clock>,
}

impl Gateway {
    /// A gateway of the server that browsers reach at `base_url`.
    pub fn new(
        base_url: &Url,
        limits: Limits,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
    ) -> Result<Self, GatewayError> {
        let peers = Peers::new(limits.connect_timeout)?;
        Ok(Self {
            oauth: OAuth::new(peers.clone(), base_url, Arc::clone(&clock), entropy)?,
            access_tokens: AccessTokens::default(),
            peers,
            lanes: Lanes::new(limits.questions_per_mvpd),
            sign_in_budget: limits.sign_in,
            clock,
        })
    }

    async fn fork_and_join(&self, ask: &AuthorizationAsk, deadline: Instant) -> Vec<MvpdDecision> {
        let credentials = ask.credentials.as_ref().and_then(Credentials::open);
        let questions = ask
            .resources
            .iter()
            .map(|resource| self.question(ask, credentials.as_ref(), resource, deadline));
        join_all(questions).await
    }

    /// One question. Waiting for a place counts against the budget, but is not the provider's time.
    async fn question(
        &self,
        ask: &AuthorizationAsk,
        credentials: Option<&Credentials>,
        resource: &str,
        deadline: Instant,
    ) -> MvpdDecision {
        let remembered = credentials.map(Credentials::endpoints).unwrap_or_default();
        let Some(endpoint) = ask.partner.authz(&remembered) else {
            return MvpdDecision::at_once(MvpdOutcome::Failed(MvpdFailure::Misconfigured));
        };
        let resource = match Resource::parse(resource) {
            Ok(resource) => resource,
            Err(error) => {
                let details = Some(error.to_string());
                return MvpdDecision::at_once(denied(DenyReason::NotEntitled, details));
            }
        };
        let late = || MvpdDecision::at_once(MvpdOutcome::Failed(MvpdFailure::BudgetExceeded));
        let mvpd = &ask.partner.speaker().id;
        let Ok(_place) = timeout_at(deadline, self.lanes.enter(mvpd)).await else {
            return late();
        };
        let asked_at = Instant::now();
        // Those who held the places may have left them because the time is up for all.
        if asked_at >= deadline {
            return late();
        }
        let answer = async {
            match &endpoint.protocol {
                AuthzProtocol::Rest(rest) => self.rest(ask, credentials, rest, &resource).await,
                AuthzProtocol::None => permit(),
                AuthzProtocol::XacmlSoap(_) | AuthzProtocol::XacmlPlain(_) => {
                    MvpdOutcome::Failed(MvpdFailure::Misconfigured)
                }
            }
        };
        let outcome = timeout_at(deadline, answer)
            .await
            .unwrap_or(MvpdOutcome::Failed(MvpdFailure::BudgetExceeded));
        MvpdDecision { latency: asked_at.elapsed(), ..MvpdDecision::at_once(outcome) }
    }

    async fn rest(
        &self,
        ask: &AuthorizationAsk,
        credentials: Option<&Credentials>,
        endpoint: &RestAuthz,
        resource: &Resource,
    ) -> MvpdOutcome {
        let bearer = match self.bearer(&ask.signed_in_at, credentials).await {
            Ok(bearer) => bearer,
            Err(AccessError::SessionOver) => return denied(DenyReason::SessionInvalidated, None),
            Err(AccessError::Peer(error)) => return failed(error),
        };
        let question = rest::Question {
            user_id: &ask.user_id,
            resource,
            client_ip: ask.device.ip,
            bearer: bearer.as_ref(),
        };
        rest::ask(&self.peers, endpoint, &question).await.unwrap_or_else(failed)
    }

    /// The access token for calls about a viewer who signed in by OAuth (`mvpd` O3).
    async fn bearer(
        &self,
        partner: &Partner,
        credentials: Option<&Credentials>,
    ) -> Result<Option<Secret<String>>, AccessError> {
        let Some(Credentials::Oauth2(tokens)) = credentials else { return Ok(None) };
        let endpoint =
            tokens.endpoints.authn.as_deref().and_then(|id| partner.speaker().authn.get(id));
        let Some(AuthnProtocol::Oauth2(endpoint)) =
            endpoint.or_else(|| partner.authn()).map(|endpoint| &endpoint.protocol)
        else {
            return Ok(None);
        };
        let Ok(client) = Client::of(partner) else { return Ok(None) };
        let provider = TokenEndpoint { url: &endpoint.token_url, client };
        self.access_tokens.live(&self.peers, &provider, tokens, self.clock.now()).await
    }
}

#[async_trait]
impl MvpdSignIn for Gateway {
    async fn begin(
        &self,
        partner: &Partner,
        settings: &EffectiveSettings,
        state: &str,
    ) -> Result<SignInStart, SignInError> {
        let endpoint = partner.authn().ok_or_else(|| unsupported(NO_SIGN_IN))?;
        match &endpoint.protocol {
            AuthnProtocol::Oauth2(oauth) => {
                let connection = partner.connection(&endpoint.connection);
                self.oauth.begin(partner, oauth, (settings, &connection), state)
            }
            AuthnProtocol::Saml2(_) => Err(unsupported(NO_SAML)),
        }
    }

    async fn finish(
        &self,
        partner: &Partner,
        pending: &Secret<String>,
        answer: &SignInAnswer,
    ) -> Result<VerifiedIdentity, SignInError> {
        match (partner.authn().map(|endpoint| &endpoint.protocol), answer) {
            (Some(AuthnProtocol::Oauth2(endpoint)), SignInAnswer::OAuth(parameters)) => {
                let finish = self.oauth.finish(partner, endpoint, pending, parameters);
                within(self.sign_in_budget, finish).await
            }
            (_, SignInAnswer::OAuth(_) | SignInAnswer::Saml(_)) => {
                Err(unverified("the answer is in another protocol than the question"))
            }
        }
    }

    async fn begin_by_platform(
        &self,
        _: &Partner,
        _: Platform,
    ) -> Result<PlatformRequest, SignInError> {
        Err(unsupported(NO_SAML))
    }

    async fn finish_by_platform(
        &self,
        _: &Partner,
        _: Platform,
        _: Option<&Secret<String>>,
        _: &str,
    ) -> Result<VerifiedIdentity, SignInError> {
        Err(unsupported(NO_SAML))
    }

    async fn sign_out(
        &self,
        partner: &Partner,
        credentials: Option<&Secret<String>>,
        state: &str,
    ) -> Option<SignOutStart> {
        let credentials = credentials.and_then(Credentials::open);
        let remembered = credentials.as_ref().map(Credentials::endpoints).unwrap_or_default();
        match &partner.logout(&remembered)?.protocol {
            LogoutMode::Redirect(logout) => {
                let location = self.oauth.sign_out(partner, logout, credentials.as_ref(), state);
                let step = BrowserStep::Go(location);
                Some(SignOutStart { step, pending: Secret::new(String::new()) })
            }
            LogoutMode::None | LogoutMode::SamlSlo(_) => None,
        }
    }

    async fn finish_sign_out(
        &self,
        _: &Partner,
        _: &Secret<String>,
        answer: &SignOutAnswer,
    ) -> Result<(), SignInError> {
        match answer {
            SignOutAnswer::Returned => Ok(()),
            SignOutAnswer::Saml(_) => Err(unsupported(NO_SAML)),
        }
    }

    async fn provider_sign_out(
        &self,
        _: &Snapshot,
        _: &str,
    ) -> Result<ProviderSignOut, SignInError> {
        Err(unsupported(NO_SAML))
    }
}

#[async_trait]
impl MvpdAuthorization for Gateway {
    async fn decide(&self, ask: &AuthorizationAsk) -> Vec<MvpdDecision> {
        let deadline = Instant::now() + ask.budget;
        self.fork_and_join(ask, deadline).await
    }
}

const NO_SIGN_IN: &str = "the catalog names no way to sign in";
const NO_SAML: &str = "SAML 2.0 is not available yet";

impl fmt::Debug for Gateway {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Gateway").field("lanes", &self.lanes).finish_non_exhaustive()
    }
}

async fn within<T>(
    budget: Duration,
    work: impl Future<Output = Result<T, SignInError>>,
) -> Result<T, SignInError> {
    timeout(budget, work)
        .await
        .unwrap_or_else(|_| Err(SignInError::Unreachable("it did not answer in time".to_owned())))
}

fn permit() -> MvpdOutcome {
    MvpdOutcome::Permit { ttl: None, attributes: Map::new() }
}

fn denied(reason: DenyReason, details: Option<String>) -> MvpdOutcome {
    MvpdOutcome::Deny { reason, details }
}

fn failed(error: PeerError) -> MvpdOutcome {
    MvpdOutcome::Failed(match error {
        PeerError::Unreachable => MvpdFailure::ConnectionTimeout,
        PeerError::Broken => MvpdFailure::BadAnswer,
        PeerError::Insecure => MvpdFailure::Misconfigured,
    })
}

fn unsupported(why: &str) -> SignInError {
    SignInError::Unsupported(why.to_owned())
}

fn unverified(why: &str) -> SignInError {
    SignInError::Unverified { code: "protocol", detail: why.to_owned() }
}
