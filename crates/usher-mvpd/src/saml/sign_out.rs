//! Single logout, both ways (`mvpd` §5.7).

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use usher_core::{MvpdId, Secret};
use usher_entitle::{BrowserStep, Partner, ProviderSignOut, SignInError, SignOutStart};
use usher_registry::{AuthnEndpoint, LogoutMode, Mvpd, SamlEndpoint, SingleLogout, Snapshot};
use usher_saml::binding::{Parameter, Redirected};
use usher_saml::claimed_issuer;
use usher_saml::logout::{
    Accepts, Header, LogoutRequest, logout_request_url, logout_response_url, read_logout_request,
    read_logout_response,
};

use super::sign_in::ending;
use super::{Saml, saml_of, unverified};
use crate::credentials::SamlCredentials;
use crate::trust::Flow;

/// What must be known to check the answer to our logout request.
#[derive(Serialize, Deserialize)]
struct Pending {
    request_id: String,
    /// The sign-in endpoint, whose keys sign the answer.
    authn: String,
    /// Who must have made it.
    issuer: String,
    require_signature: bool,
}

impl Saml {
    /// The redirect that signs the viewer out; nothing when the sign-in left no name to sign out.
    pub(crate) async fn sign_out(
        &self,
        logout: &SingleLogout,
        credentials: &SamlCredentials,
        state: &str,
    ) -> Option<SignOutStart> {
        let name_id = credentials.name_id.clone()?.into();
        let pending = Pending {
            request_id: self.id(),
            authn: credentials.endpoints.authn.clone()?,
            issuer: credentials.issuer.clone(),
            require_signature: logout.require_signed_response,
        };
        let (id, now, url) = (pending.request_id.clone(), self.clock.now(), logout.url.clone());
        let (issuer, index) = (credentials.sp_issuer.clone(), credentials.session_index.clone());
        let (identity, state) = (Arc::clone(&self.identity), state.to_owned());
        let sign = move || {
            let header =
                Header { id: &id, issue_instant: now, destination: url.as_str(), issuer: &issuer };
            logout_request_url(&header, (&name_id, index.as_deref()), Some(&state), &identity)
        };
        let location = self.workers.run(sign).await?.ok()?;
        let step = BrowserStep::Go(location.parse().ok()?);
        let pending = Secret::new(serde_json::to_string(&pending).ok()?);
        Some(SignOutStart { step, pending })
    }

    /// Does the provider confirm the sign-out?
    pub(crate) fn finish_sign_out(
        &self,
        partner: &Partner,
        pending: &Secret<String>,
        query: &str,
    ) -> Result<(), SignInError> {
        let pending: Pending = serde_json::from_str(pending.expose())
            .map_err(|_| unverified("no_session", "nothing is known about this sign-out"))?;
        let mvpd = partner.speaker();
        let endpoint = mvpd.authn.get(&pending.authn);
        let (endpoint, saml) =
            endpoint
                .and_then(|endpoint| Some((endpoint, saml_of(endpoint)?)))
                .ok_or_else(|| unverified("protocol", "the sign-in endpoint is gone"))?;
        let trust = self.trust(mvpd, endpoint, saml)?;
        let message = Redirected::parse(query, Parameter::Response)
            .map_err(|error| unverified("malformed", error.to_string()))?;
        let accepts = Accepts {
            destination: self.logout_response_url.as_str(),
            issuers: &[pending.issuer, saml.entity_id.clone()],
            trust: &trust,
            require_signature: pending.require_signature,
        };
        match read_logout_response(&message, &accepts, &pending.request_id) {
            Ok(true) => Ok(()),
            Ok(false) => Err(unverified("status", "the provider did not end its session")),
            Err(rejection) => Err(unverified("logout", rejection.to_string())),
        }
    }

    /// What the provider that sent `query` wants to end.
    pub(crate) async fn provider_sign_out(
        &self,
        snapshot: &Snapshot,
        query: &str,
    ) -> Result<ProviderSignOut, SignInError> {
        let message = Redirected::parse(query, Parameter::Request)
            .map_err(|error| unverified("malformed", error.to_string()))?;
        let issuer = claimed_issuer(&message.xml)
            .map_err(|error| unverified("malformed", error.to_string()))?;
        let (mvpd, endpoint, request) = self.claimant(snapshot, &issuer, &message)?;
        let Some(logout) = single_logout(mvpd) else {
            return Err(unverified("logout", "the provider has no logout of this kind"));
        };
        let destination = logout.response_url.as_ref().unwrap_or(&logout.url).clone();
        let (id, now, issuer) =
            (self.id(), self.clock.now(), self.entity_id_at(endpoint).to_owned());
        let (identity, relay_state) = (Arc::clone(&self.identity), message.relay_state.clone());
        let request_id = request.id.clone();
        let sign = move || {
            let header = Header {
                id: &id,
                issue_instant: now,
                destination: destination.as_str(),
                issuer: &issuer,
            };
            logout_response_url(&header, &request_id, relay_state.as_deref(), &identity)
        };
        let answer = self.workers.run(sign).await.ok_or_else(ending)?;
        let answer = answer.ok().and_then(|url| url.parse().ok());
        Ok(ProviderSignOut {
            mvpds: spoken_for(snapshot, mvpd, &request.issuer),
            subject: request.name_id.value,
            session_indexes: request.session_indexes,
            answer: answer.ok_or_else(|| unverified("logout", "the answer has no address"))?,
        })
    }

    /// The provider whose keys prove that it sent `message` in the name of `issuer`.
    fn claimant<'s>(
        &self,
        snapshot: &'s Snapshot,
        issuer: &str,
        message: &Redirected,
    ) -> Result<(&'s Arc<Mvpd>, &'s SamlEndpoint, LogoutRequest), SignInError> {
        let issuers = [issuer.to_owned()];
        let mut refusal = unverified("issuer", "no provider of this name is known");
        for (mvpd, endpoint, saml) in speakers(snapshot, issuer) {
            let trust = match self.trust(mvpd, endpoint, saml) {
                Ok(trust) => trust,
                Err(error) => {
                    refusal = error;
                    continue;
                }
            };
            let accepts = Accepts {
                destination: self.logout_url.as_str(),
                issuers: &issuers,
                trust: &trust,
                require_signature: true,
            };
            match read_logout_request(message, &accepts, self.clock.now()) {
                Ok(request) => return Ok((mvpd, saml, request)),
                Err(rejection) => refusal = unverified("logout", rejection.to_string()),
            }
        }
        Err(refusal)
    }

    fn trust(
        &self,
        mvpd: &Arc<Mvpd>,
        endpoint: &AuthnEndpoint,
        saml: &SamlEndpoint,
    ) -> Result<Arc<usher_saml::TrustedKeys>, SignInError> {
        self.trusts
            .of(mvpd, (Flow::Authn, endpoint.id()), &saml.certificates, saml.allow_sha1)
            .map_err(|error| SignInError::Unsupported(error.to_string()))
    }
}

fn single_logout(mvpd: &Mvpd) -> Option<&SingleLogout> {
    mvpd.logout.iter().find_map(|endpoint| match &endpoint.protocol {
        LogoutMode::SamlSlo(logout) => Some(logout),
        LogoutMode::None | LogoutMode::Redirect(_) => None,
    })
}

/// Does a proxy call `mvpd` `issuer`?
pub(super) fn is_called(mvpd: &Mvpd, issuer: &str) -> bool {
    mvpd.id.as_str() == issuer
        || mvpd.provider_id.as_deref() == Some(issuer)
        || mvpd.entity_id.as_deref() == Some(issuer)
}

/// The endpoints whose keys may speak in the name of `issuer`: those of that name, and those of the
/// proxies that call one behind them so.
fn speakers<'s>(
    snapshot: &'s Snapshot,
    issuer: &str,
) -> Vec<(&'s Arc<Mvpd>, &'s AuthnEndpoint, &'s SamlEndpoint)> {
    let proxies: Vec<&MvpdId> = snapshot
        .mvpds()
        .filter(|mvpd| is_called(mvpd, issuer))
        .filter_map(|mvpd| mvpd.proxy.as_ref())
        .collect();
    let endpoints = snapshot.mvpds().flat_map(|mvpd| mvpd.authn.iter().map(move |it| (mvpd, it)));
    let saml = endpoints.filter_map(|(mvpd, it)| Some((mvpd, it, saml_of(it)?)));
    saml.filter(|(mvpd, _, saml)| saml.entity_id == issuer || proxies.contains(&&mvpd.id)).collect()
}

/// Whose sign-ins `issuer` may end through `mvpd`: the proxied one it names, else its own and those of
/// everybody it speaks for.
fn spoken_for(snapshot: &Snapshot, mvpd: &Arc<Mvpd>, issuer: &str) -> Vec<MvpdId> {
    let children = || snapshot.mvpds().filter(|it| it.proxy.as_ref() == Some(&mvpd.id));
    let named: Vec<MvpdId> =
        children().filter(|it| is_called(it, issuer)).map(|it| it.id.clone()).collect();
    if !named.is_empty() {
        return named;
    }
    [mvpd].into_iter().chain(children()).map(|it| it.id.clone()).collect()
}
