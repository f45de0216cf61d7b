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
    AuthorizationAsk, DenyReason, MvpdAuthorization, MvpdDecision, MvpdFailure, MvpdOutcome,
    MvpdSignIn, Partner, Purpose, SignInAnswer, SignInError, SignInStart, VerifiedIdentity,
};
use usher_registry::{AuthnEndpoint, AuthzEndpoint, LogoutMode, PreflightMode, RestAuthz};

use crate::credentials::Credentials;
use crate::lanes::Lanes;
use crate::oauth::{AccessError, AccessTokens, Client, OAuth, TokenEndpoint};
use crate::peer::{PeerError, Peers};
use crate::resource::Resource;
use crate::rest;

/// Where providers send browsers back to after an OAuth sign-in, below the server's origin
/// (`mvpd` §6.1).
const CALLBACK_PATH: &str = "sp/oauth2/callback";

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
        let redirect_uri = base_url.join(CALLBACK_PATH)?;
        Ok(Self {
            oauth: OAuth::new(peers.clone(), redirect_uri, Arc::clone(&clock), entropy),
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
        let Some(endpoint) = &ask.partner.mvpd.authz else {
            return at_once(MvpdOutcome::Failed(MvpdFailure::Misconfigured));
        };
        let resource = match Resource::parse(resource) {
            Ok(resource) => resource,
            Err(error) => return at_once(denied(DenyReason::NotEntitled, Some(error.to_string()))),
        };
        let Ok(_place) = timeout_at(deadline, self.lanes.enter(&ask.partner.mvpd.id)).await else {
            return at_once(MvpdOutcome::Failed(MvpdFailure::BudgetExceeded));
        };
        let asked_at = Instant::now();
        // Those who held the places may have left them because the time is up for all.
        if asked_at >= deadline {
            return at_once(MvpdOutcome::Failed(MvpdFailure::BudgetExceeded));
        }
        let answer = async {
            match endpoint {
                AuthzEndpoint::Rest(rest) => self.rest(ask, credentials, rest, &resource).await,
                AuthzEndpoint::XacmlSoap(_) => MvpdOutcome::Failed(MvpdFailure::Misconfigured),
            }
        };
        let outcome = timeout_at(deadline, answer)
            .await
            .unwrap_or(MvpdOutcome::Failed(MvpdFailure::BudgetExceeded));
        MvpdDecision { outcome, latency: asked_at.elapsed() }
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
            client_ip: ask.client_ip,
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
        let (Some(AuthnEndpoint::Oauth2(endpoint)), Some(Credentials::Oauth2(tokens))) =
            (&partner.mvpd.authn, credentials)
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
    async fn begin(&self, partner: &Partner, state: &str) -> Result<SignInStart, SignInError> {
        match &partner.mvpd.authn {
            Some(AuthnEndpoint::Oauth2(endpoint)) => self.oauth.begin(partner, endpoint, state),
            Some(AuthnEndpoint::Saml2(_)) => Err(unsupported("SAML 2.0 is not available yet")),
            None => Err(unsupported("the catalog names no way to sign in")),
        }
    }

    async fn finish(
        &self,
        partner: &Partner,
        pending: &Secret<String>,
        answer: &SignInAnswer,
    ) -> Result<VerifiedIdentity, SignInError> {
        match (&partner.mvpd.authn, answer) {
            (Some(AuthnEndpoint::Oauth2(endpoint)), SignInAnswer::OAuth(parameters)) => {
                let finish = self.oauth.finish(partner, endpoint, pending, parameters);
                within(self.sign_in_budget, finish).await
            }
            (_, SignInAnswer::OAuth(_) | SignInAnswer::Saml(_)) => Err(SignInError::Unverified(
                "the answer is in another protocol than the question".to_owned(),
            )),
        }
    }

    async fn sign_out(
        &self,
        partner: &Partner,
        credentials: Option<&Secret<String>>,
        return_to: &Url,
    ) -> Option<Url> {
        let LogoutMode::Redirect { url, return_parameter } = &partner.mvpd.logout else {
            return None;
        };
        let mut url = url.clone();
        url.query_pairs_mut().append_pair(return_parameter, return_to.as_str());
        if let Some(Credentials::Oauth2(tokens)) = credentials.and_then(Credentials::open)
            && let Some(id_token) = tokens.id_token
        {
            url.query_pairs_mut().append_pair("id_token_hint", &id_token);
        }
        if let Some(client_id) = &partner.integration.client_id {
            url.query_pairs_mut().append_pair("client_id", client_id);
        }
        Some(url)
    }
}

#[async_trait]
impl MvpdAuthorization for Gateway {
    async fn decide(&self, ask: &AuthorizationAsk) -> Vec<MvpdDecision> {
        let deadline = Instant::now() + ask.budget;
        let mode = match ask.purpose {
            Purpose::Authorize => PreflightMode::ForkJoin,
            Purpose::Preauthorize => ask.partner.mvpd.preflight.mode,
        };
        match mode {
            PreflightMode::None => ask.resources.iter().map(|_| at_once(permit())).collect(),
            PreflightMode::Lineup => match line_up(ask) {
                Some(channels) => {
                    ask.resources.iter().map(|resource| on(&channels, resource)).collect()
                }
                None => self.fork_and_join(ask, deadline).await,
            },
            // REST asks about one resource at a time, so several mean several calls.
            PreflightMode::ForkJoin | PreflightMode::MultiChannel => {
                self.fork_and_join(ask, deadline).await
            }
        }
    }
}

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

/// The line-up that came with the sign-in.
fn line_up(ask: &AuthorizationAsk) -> Option<Vec<String>> {
    Some(Credentials::open(ask.credentials.as_ref()?)?.line_up()?.to_vec())
}

/// The answer of a line-up (`mvpd` §8): no call, so no time.
fn on(channels: &[String], resource: &str) -> MvpdDecision {
    at_once(match Resource::parse(resource) {
        Ok(resource) if channels.contains(&resource.channel) => permit(),
        Ok(_) => denied(DenyReason::NotEntitled, None),
        Err(error) => denied(DenyReason::NotEntitled, Some(error.to_string())),
    })
}

fn at_once(outcome: MvpdOutcome) -> MvpdDecision {
    MvpdDecision { outcome, latency: Duration::ZERO }
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
