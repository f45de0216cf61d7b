//! One call to a provider's decision point.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::RequestBuilder;
use tokio::time::Instant;
use usher_core::{EntropyExt as _, Secret};
use usher_entitle::{
    AuthorizationAsk, DenyReason, Exchange, MvpdDecision, MvpdFailure, MvpdOutcome, Partner,
};
use usher_registry::{
    AuthzEndpoint, AuthzProtocol, ChosenEndpoints, RestAuthz, SamlEndpoint, Transport, XacmlAuthz,
};
use usher_saml::Resource;

use super::Gateway;
use crate::credentials::{Credentials, OAuthCredentials};
use crate::exchange::Record;
use crate::oauth::{AccessError, Live, TokenEndpoint, oauth_of};
use crate::peer::{Answer, PeerError, repeatable};
use crate::rest;
use crate::saml::{saml_of, scoping};
use crate::trust::Flow;
use crate::xacml::{Asker, Form};

/// Answers up to this size are judged on the spot: another thread would take as long to wake. They are about a
/// few channels; signatures in them included, none takes longer than a millisecond.
const SMALL_BYTES: usize = 8 * 1024;

/// A question about a viewer, and where it is asked.
pub(super) struct Asking<'a> {
    pub(super) ask: &'a AuthorizationAsk,
    pub(super) endpoint: &'a AuthzEndpoint,
    credentials: Option<Credentials>,
}

/// What came of one call.
pub(super) struct Asked {
    /// One decision per resource.
    pub(super) decisions: Vec<MvpdDecision>,
    /// The provider is better asked about each resource by itself.
    pub(super) wants_each: bool,
}

impl Asked {
    /// The same outcome for so many resources.
    pub(super) fn all(count: usize, outcome: &MvpdOutcome) -> Self {
        Self::each(vec![outcome.clone(); count])
    }

    fn each(outcomes: Vec<MvpdOutcome>) -> Self {
        let decisions = outcomes.into_iter().map(MvpdDecision::at_once).collect();
        Self { decisions, wants_each: false }
    }

    fn seen(mut self, exchange: Exchange, renewed: Option<&Secret<Vec<u8>>>) -> Self {
        let exchange = Arc::new(exchange);
        for decision in &mut self.decisions {
            decision.exchanges.push(Arc::clone(&exchange));
            decision.credentials = renewed.cloned();
        }
        self
    }
}

impl<'a> Asking<'a> {
    /// Where `ask` is asked; nothing if nowhere.
    pub(super) fn of(ask: &'a AuthorizationAsk) -> Option<Self> {
        let credentials = ask.credentials.as_ref().and_then(Credentials::open);
        let remembered = credentials.as_ref().map(Credentials::endpoints).cloned();
        let endpoint = ask.partner.authz(&remembered.unwrap_or_default())?;
        Some(Self { ask, endpoint, credentials })
    }

    /// The way there.
    pub(super) fn transport(&self) -> &Transport {
        static USUAL: std::sync::LazyLock<Transport> = std::sync::LazyLock::new(Transport::default);
        match &self.endpoint.protocol {
            AuthzProtocol::Rest(rest) => &rest.transport,
            AuthzProtocol::XacmlSoap(xacml) | AuthzProtocol::XacmlPlain(xacml) => &xacml.transport,
            AuthzProtocol::None => &USUAL,
        }
    }

    /// Can one call be about several resources?
    pub(super) const fn takes_several(&self) -> bool {
        matches!(self.endpoint.protocol, AuthzProtocol::XacmlSoap(_) | AuthzProtocol::XacmlPlain(_))
    }

    /// The record of a call whose time was up.
    pub(super) fn timed_out(&self, took: Duration) -> Exchange {
        let url = match &self.endpoint.protocol {
            AuthzProtocol::Rest(rest) => Some(&rest.url),
            AuthzProtocol::XacmlSoap(xacml) | AuthzProtocol::XacmlPlain(xacml) => Some(&xacml.url),
            AuthzProtocol::None => None,
        };
        let resources = self.ask.resources.len();
        match url {
            Some(address) => {
                self.record(address, format!("about {resources} resources"), &[]).timed_out(took)
            }
            None => unreachable_exchange(self.endpoint.id(), took),
        }
    }

    fn record<'r>(
        &'r self,
        address: &'r url::Url,
        asked: String,
        masks: &'r [&'r str],
    ) -> Record<'r> {
        use usher_registry::Protocol as _;
        let protocol = self.endpoint.protocol.name();
        Record { protocol, endpoint: self.endpoint.id(), address, asked, masks }
    }

    fn chosen(&self) -> ChosenEndpoints {
        self.credentials.as_ref().map(Credentials::endpoints).cloned().unwrap_or_default()
    }

    /// The SAML endpoint the viewer signed in at, or would sign in at.
    fn saml(&self) -> Option<(&'a str, &'a SamlEndpoint)> {
        let endpoints = &self.ask.partner.speaker().authn;
        let remembered = self.chosen().authn.and_then(|id| endpoints.get(&id));
        let now = self.ask.signed_in_at.authn();
        let every = endpoints.iter();
        remembered
            .into_iter()
            .chain(now)
            .chain(every)
            .find_map(|endpoint| Some((endpoint.id(), saml_of(endpoint)?)))
    }
}

impl Gateway {
    /// Asks about `resources` in one call.
    pub(super) async fn ask(&self, asking: &Asking<'_>, resources: Vec<Resource>) -> Asked {
        let count = resources.len();
        let at = &asking.ask.signed_in_at;
        let live = match self.bearer(at, asking.credentials.as_ref()).await {
            Ok(live) => live,
            Err(AccessError::SessionOver) => {
                let reason = DenyReason::SessionInvalidated;
                return Asked::all(count, &MvpdOutcome::Deny { reason, details: None });
            }
            Err(AccessError::Peer(error)) => return Asked::all(count, &failed(error)),
        };
        let asked = match &asking.endpoint.protocol {
            AuthzProtocol::Rest(rest) => {
                self.ask_rest(asking, rest, live.as_ref(), &resources).await
            }
            AuthzProtocol::XacmlSoap(xacml) => {
                self.ask_xacml(asking, (Form::Soap, xacml), live.as_ref(), resources).await
            }
            AuthzProtocol::XacmlPlain(xacml) => {
                self.ask_xacml(asking, (Form::Plain, xacml), live.as_ref(), resources).await
            }
            AuthzProtocol::None => Ok(Asked::all(count, &super::permit())),
        };
        asked.unwrap_or_else(|error| Asked::all(count, &failed(error)))
    }

    /// The access token for calls about a viewer who signed in by OAuth (`mvpd` O3).
    async fn bearer(
        &self,
        partner: &Partner,
        credentials: Option<&Credentials>,
    ) -> Result<Option<Live>, AccessError> {
        let Some(Credentials::Oauth2(tokens)) = credentials else { return Ok(None) };
        let remembered = tokens.endpoints.authn.as_deref();
        let endpoint = remembered.and_then(|id| partner.speaker().authn.get(id));
        let Some(oauth) = endpoint.or_else(|| partner.authn()).and_then(oauth_of) else {
            return Ok(None);
        };
        let Ok(provider) = TokenEndpoint::of(oauth, partner) else { return Ok(None) };
        self.oauth.access(&provider, tokens).await
    }

    async fn ask_rest(
        &self,
        asking: &Asking<'_>,
        endpoint: &RestAuthz,
        live: Option<&Live>,
        resources: &[Resource],
    ) -> Result<Asked, PeerError> {
        // REST asks about one resource; the caller knows (`takes_several`).
        let Some(resource) = resources.first() else { return Ok(Asked::each(Vec::new())) };
        let ask = asking.ask;
        let question = rest::Question { user_id: &ask.user_id, resource, client_ip: ask.device.ip };
        let way = self.peers.by(&endpoint.transport)?;
        let request = rest::request(&way, endpoint, &question)?;
        let request = prepared(request, ask, (&endpoint.transport, live));
        let masks = Masks::of(ask, live, None);
        let record = asking.record(&endpoint.url, rest::asked(&question), &masks.0);
        let started = Instant::now();
        let answer = repeatable(request).await;
        let outcome = match &answer {
            Ok(answer) => rest::outcome(endpoint, answer),
            Err(error) => failed(*error),
        };
        let exchange = record.ended(&answer, started.elapsed());
        let renewed = live.and_then(|live| sealed(live.renewed.as_ref()?));
        Ok(Asked::each(vec![outcome]).seen(exchange, renewed.as_ref()))
    }

    async fn ask_xacml(
        &self,
        asking: &Asking<'_>,
        (form, endpoint): (Form, &XacmlAuthz),
        live: Option<&Live>,
        resources: Vec<Resource>,
    ) -> Result<Asked, PeerError> {
        let asker = Arc::new(self.asker(asking, (form, endpoint), live)?);
        let resources: Arc<[Resource]> = resources.into();
        let id = format!("_{}", self.entropy.uuid().simple());
        let written = {
            let (asker, resources) = (Arc::clone(&asker), Arc::clone(&resources));
            let (now, signer) = (self.clock.now(), Arc::clone(&self.saml.identity));
            let write = move || asker.write(id, &resources, now, &signer);
            match form {
                Form::Soap => self.saml.workers.run_short(write).await,
                Form::Plain => Some(write()),
            }
        };
        let written = written.and_then(Result::ok).ok_or(PeerError::Identity)?;
        let way = self.peers.by(&endpoint.transport)?;
        let request = asker.request(&way, &written)?;
        let request = prepared(request, asking.ask, (&endpoint.transport, live));
        let masks = Masks::of(asking.ask, live, Some(&asker));
        let record = asking.record(&endpoint.url, written.in_words(&resources), &masks.0);
        let started = Instant::now();
        let answer = repeatable(request).await;
        let exchange = record.ended(&answer, started.elapsed());
        let outcomes = match answer {
            Ok(answer) => self.judged(&asker, answer, (written.id, &resources)).await,
            Err(error) => vec![failed(error); resources.len()],
        };
        let wants_each = asker.wants_each(&outcomes);
        let renewed = live.and_then(|live| sealed(live.renewed.as_ref()?));
        let all = Asked { wants_each, ..Asked::each(outcomes) };
        Ok(all.seen(exchange, renewed.as_ref()))
    }

    /// What `answer` says; of a large one, found out where it keeps nobody waiting.
    async fn judged(
        &self,
        asker: &Arc<Asker>,
        answer: Answer,
        (id, resources): (String, &Arc<[Resource]>),
    ) -> Vec<MvpdOutcome> {
        let now = self.clock.now();
        if answer.body.len() <= SMALL_BYTES {
            return asker.outcomes(&answer, (&id, resources), now);
        }
        let (asker, about) = (Arc::clone(asker), Arc::clone(resources));
        let judge = move || asker.outcomes(&answer, (&id, &about), now);
        let bad = || vec![MvpdOutcome::Failed(MvpdFailure::BadAnswer); resources.len()];
        self.saml.workers.run(judge).await.unwrap_or_else(bad)
    }

    /// Everything a query depends on.
    fn asker(
        &self,
        asking: &Asking<'_>,
        (form, endpoint): (Form, &XacmlAuthz),
        live: Option<&Live>,
    ) -> Result<Asker, PeerError> {
        let partner = &asking.ask.partner;
        let connection = partner.connection(&asking.endpoint.connection);
        let saml = asking.saml();
        let sp_entity_id = endpoint
            .sp_entity_id
            .as_deref()
            .or_else(|| saml.and_then(|(_, saml)| saml.sp_entity_id.as_deref()))
            .unwrap_or(&self.saml.entity_id)
            .to_owned();
        let (user, issuer, subject_token) = match &asking.credentials {
            Some(Credentials::Saml2(saml)) => (
                saml.name_id.as_ref().map(|name_id| name_id.value().to_owned()),
                Some(saml.issuer.clone()),
                saml.subject_token.clone(),
            ),
            Some(Credentials::Oauth2(_)) | None => (None, None, None),
        };
        let known = || saml.map(|(_, saml)| saml.entity_id.clone());
        Ok(Asker {
            form,
            user: user.unwrap_or_else(|| asking.ask.user_id.clone()),
            subject_token,
            has_bearer: live.is_some(),
            device: asking.ask.device.clone(),
            issuer: scoping(&connection).issuer(&sp_entity_id, partner.requestor()),
            sp_entity_id,
            requestor: partner.requestor().to_owned(),
            provider: endpoint.entity_id.clone().or(issuer).or_else(known).unwrap_or_default(),
            trust: self.trust_of(asking, endpoint)?,
            connection,
            endpoint: endpoint.clone(),
        })
    }

    /// The keys that answers must be signed with: those of the endpoint, else those of the sign-in.
    fn trust_of(
        &self,
        asking: &Asking<'_>,
        endpoint: &XacmlAuthz,
    ) -> Result<Option<Arc<usher_saml::TrustedKeys>>, PeerError> {
        if !endpoint.require_signed_response {
            return Ok(None);
        }
        let mvpd = asking.ask.partner.speaker();
        let pinned = match asking.saml() {
            Some((id, saml)) if endpoint.certificates.is_empty() => {
                self.saml.trusts.of(mvpd, (Flow::Authn, id), &saml.certificates, saml.allow_sha1)
            }
            Some(_) | None => self.saml.trusts.of(
                mvpd,
                (Flow::Authz, asking.endpoint.id()),
                &endpoint.certificates,
                endpoint.allow_sha1,
            ),
        };
        pinned.map(Some).map_err(|error| {
            tracing::error!(mvpd = %mvpd.id, %error, "a decision point's answers cannot be verified");
            PeerError::Identity
        })
    }
}

/// `request` with what proves who we and the viewer are, and whom a proxy shall speak for.
fn prepared(
    request: RequestBuilder,
    ask: &AuthorizationAsk,
    (transport, live): (&Transport, Option<&Live>),
) -> RequestBuilder {
    let request = match (live, &transport.basic) {
        (Some(live), _) => request.bearer_auth(live.token.expose()),
        (None, Some(basic)) => {
            let pair = STANDARD.encode(basic.expose());
            request.header("Authorization", format!("Basic {pair}"))
        }
        (None, None) => request,
    };
    match &ask.partner.proxy {
        Some(_) => request.header(&transport.proxied_header, ask.partner.mvpd.name_at_proxy()),
        None => request,
    }
}

/// What must not be seen in records.
struct Masks<'m>(Vec<&'m str>);

impl<'m> Masks<'m> {
    fn of(ask: &'m AuthorizationAsk, live: Option<&'m Live>, asker: Option<&'m Asker>) -> Self {
        let token = live.map(|live| live.token.expose().as_str());
        let user = asker.map(|asker| asker.user.as_str());
        let subject = asker.and_then(|asker| asker.subject_token.as_deref());
        let all = [Some(ask.user_id.as_str()), user, subject, token];
        Self(all.into_iter().flatten().collect())
    }
}

fn sealed(renewed: &OAuthCredentials) -> Option<Secret<Vec<u8>>> {
    Credentials::Oauth2(renewed.clone()).seal()
}

fn failed(error: PeerError) -> MvpdOutcome {
    MvpdOutcome::Failed(match error {
        PeerError::Unreachable => MvpdFailure::ConnectionTimeout,
        PeerError::Broken | PeerError::Interrupted => MvpdFailure::BadAnswer,
        PeerError::Insecure | PeerError::Identity => MvpdFailure::Misconfigured,
    })
}

fn unreachable_exchange(endpoint: &str, took: Duration) -> Exchange {
    Exchange {
        protocol: "none",
        endpoint: endpoint.to_owned(),
        address: String::new(),
        asked: String::new(),
        status: usher_entitle::ExchangeStatus::Failed("timed out"),
        answer: String::new(),
        took,
    }
}
