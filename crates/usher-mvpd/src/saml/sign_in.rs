//! Sending viewers to a SAML provider, and judging what they bring back (`mvpd` §5.3, §5.5).

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use usher_core::Secret;
use usher_entitle::{
    BrowserForm, BrowserStep, Partner, SignInError, SignInStart, VerifiedIdentity,
};
use usher_registry::{AuthnEndpoint, Binding, ChosenEndpoints, SamlEndpoint};
use usher_saml::binding::{from_post_value, post_value};
use usher_saml::{AuthnRequest, Expected, Proxied, Unsolicited, VerifiedAssertion};

use super::{Saml, identity, issuers, scoping, unverified};

/// What must be known to check the answer.
#[derive(Serialize, Deserialize)]
pub(super) struct Pending {
    pub(super) endpoints: ChosenEndpoints,
    pub(super) request_id: String,
}

/// How a request gets to the provider.
pub(super) enum Way {
    /// In a query.
    Redirect {
        /// Comes back with the answer.
        relay_state: String,
    },
    /// As a document of its own.
    Document,
}

impl Saml {
    /// Where the browser goes, or what it posts.
    pub(crate) async fn begin(
        &self,
        partner: &Partner,
        (endpoint, saml): (&AuthnEndpoint, &SamlEndpoint),
        state: &str,
    ) -> Result<SignInStart, SignInError> {
        let way = match saml.sso_binding {
            Binding::Redirect => Way::Redirect { relay_state: state.to_owned() },
            Binding::Post => Way::Document,
        };
        let (request, pending) = self.request(partner, (endpoint, saml), way).await?;
        let step = match saml.sso_binding {
            Binding::Redirect => {
                let url = request.parse().map_err(|_| unsupported("its address is no URL"))?;
                BrowserStep::Go(url)
            }
            Binding::Post => BrowserStep::Post(BrowserForm {
                action: saml.sso_url.clone(),
                fields: vec![
                    ("SAMLRequest".to_owned(), post_value(&request)),
                    ("RelayState".to_owned(), state.to_owned()),
                ],
            }),
        };
        Ok(SignInStart { step, pending })
    }

    /// A signed request (`mvpd` §5.3), and what must be known to check its answer.
    pub(super) async fn request(
        &self,
        partner: &Partner,
        (endpoint, saml): (&AuthnEndpoint, &SamlEndpoint),
        way: Way,
    ) -> Result<(String, Secret<String>), SignInError> {
        let endpoints =
            ChosenEndpoints { authn: Some(endpoint.id().to_owned()), ..partner.endpoints() };
        let pending = Pending { endpoints, request_id: self.id() };
        let id = pending.request_id.clone();
        let connection = partner.connection(&endpoint.connection);
        let (now, acs_url) = (self.clock.now(), self.acs_url.clone());
        let sp_entity_id = self.entity_id_at(saml).to_owned();
        let (partner, saml) = (partner.clone(), saml.clone());
        let identity = Arc::clone(&self.identity);
        let sign = move || {
            let mvpd = &partner.mvpd;
            let request = AuthnRequest {
                id: &id,
                issue_instant: now,
                destination: saml.sso_url.as_str(),
                acs_url: acs_url.as_str(),
                sp_entity_id: &sp_entity_id,
                requestor: partner.requestor(),
                scoping: scoping(&connection),
                force_authn: connection.force_authn.unwrap_or(false),
                passive: false,
                name_id_format: &saml.name_id_format,
                authn_context: saml.authn_context.as_deref(),
                proxied: partner.proxy.is_some().then(|| Proxied {
                    name: &mvpd.display_name,
                    provider_id: mvpd.name_at_proxy(),
                }),
            };
            match way {
                Way::Redirect { relay_state } => {
                    request.redirect_url(Some(&relay_state), &identity)
                }
                Way::Document => request.signed(&identity),
            }
        };
        let request = self.workers.run(sign).await.ok_or_else(ending)?;
        let request = request.map_err(|error| SignInError::Unsupported(error.to_string()))?;
        let pending = serde_json::to_string(&pending)
            .map_err(|error| SignInError::Unsupported(error.to_string()))?;
        Ok((request, Secret::new(pending)))
    }

    /// Believes what the answer proves, once.
    pub(crate) async fn finish(
        &self,
        partner: &Partner,
        pending: &Secret<String>,
        response: &str,
    ) -> Result<VerifiedIdentity, SignInError> {
        let pending: Pending = serde_json::from_str(pending.expose())
            .map_err(|_| unverified("no_session", "nothing is known about this sign-in"))?;
        let unsolicited = |saml: &SamlEndpoint| {
            if saml.block_unsolicited { Unsolicited::Refused } else { Unsolicited::Accepted }
        };
        self.accept(partner, Some(&pending), unsolicited, response).await
    }

    /// Judges `response`, which may answer `pending`.
    pub(super) async fn accept(
        &self,
        partner: &Partner,
        pending: Option<&Pending>,
        unsolicited: impl FnOnce(&SamlEndpoint) -> Unsolicited,
        response: &str,
    ) -> Result<VerifiedIdentity, SignInError> {
        let chosen = pending.map_or_else(|| partner.endpoints(), |known| known.endpoints.clone());
        let id = chosen.authn.as_deref().unwrap_or_default();
        let endpoint = partner.speaker().authn.get(id);
        let (endpoint, saml) = endpoint
            .and_then(|endpoint| Some((endpoint, super::saml_of(endpoint)?)))
            .ok_or_else(|| unverified("protocol", "the sign-in did not begin with SAML"))?;
        let judge = Judge {
            provider: self.provider(partner.speaker(), (endpoint.id(), saml))?,
            issuers: issuers(partner, saml),
            sp_entity_id: self.entity_id_at(saml).to_owned(),
            requestor: partner.requestor().to_owned(),
            request_id: pending.map(|known| known.request_id.clone()),
            unsolicited: unsolicited(saml),
            user_id_attribute: partner.connection(&endpoint.connection).authn_guid_attribute_name,
            acs_url: self.acs_url.to_string(),
            now: self.clock.now(),
        };
        let response = response.to_owned();
        let verified = self.workers.run(move || judge.verify(&response)).await;
        let verified = verified.ok_or_else(ending)??;
        let (issuer, id) = (&verified.issuer, &verified.assertion_id);
        if !self.used.use_once(issuer, id, verified.not_on_or_after).await? {
            return Err(unverified("replay", "the assertion was used before"));
        }
        let sp_issuer = scoping(&partner.connection(&endpoint.connection))
            .issuer(self.entity_id_at(saml), partner.requestor());
        Ok(identity::of(verified, saml, chosen, sp_issuer))
    }
}

/// Everything a verdict depends on, fit to go to another thread.
struct Judge {
    provider: usher_saml::IdentityProvider,
    issuers: Vec<String>,
    sp_entity_id: String,
    requestor: String,
    request_id: Option<String>,
    unsolicited: Unsolicited,
    user_id_attribute: Option<String>,
    acs_url: String,
    now: usher_core::Timestamp,
}

impl Judge {
    fn verify(&self, response: &str) -> Result<VerifiedAssertion, SignInError> {
        let document = from_post_value(response)
            .map_err(|error| unverified("malformed", error.to_string()))?;
        let expected = Expected {
            now: self.now,
            acs_url: &self.acs_url,
            sp_entity_id: &self.sp_entity_id,
            requestor: Some(&self.requestor),
            issuers: &self.issuers,
            request_id: self.request_id.as_deref(),
            unsolicited: self.unsolicited,
            user_id_attribute: self.user_id_attribute.as_deref(),
        };
        self.provider
            .verify(&document, &expected)
            .map_err(|rejection| unverified(rejection.code(), rejection.to_string()))
    }
}

fn unsupported(why: &str) -> SignInError {
    SignInError::Unsupported(why.to_owned())
}

/// The process is about to end.
pub(super) fn ending() -> SignInError {
    SignInError::Unreachable("the server is stopping".to_owned())
}
