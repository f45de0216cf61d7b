//! Signing viewers in and out by whatever protocol the catalog names.

use std::future::Future;
use std::time::Duration;

use async_trait::async_trait;
use tokio::time::timeout;
use usher_core::{MvpdId, Secret};
use usher_entitle::{
    BrowserStep, MvpdSignIn, Partner, PlatformRequest, ProviderSignOut, SignInAnswer, SignInError,
    SignInStart, SignOutAnswer, SignOutStart, VerifiedIdentity,
};
use usher_registry::{AuthnProtocol, EffectiveSettings, LogoutMode, Platform, Snapshot};

use super::{Gateway, unsupported};
use crate::credentials::Credentials;

#[async_trait]
impl MvpdSignIn for Gateway {
    async fn begin(
        &self,
        partner: &Partner,
        settings: &EffectiveSettings,
        state: &str,
    ) -> Result<SignInStart, SignInError> {
        let endpoint = partner.authn().ok_or_else(|| unsupported("it has no sign-in endpoint"))?;
        match &endpoint.protocol {
            AuthnProtocol::Oauth2(oauth) => {
                let connection = partner.connection(&endpoint.connection);
                let endpoint = (endpoint, &**oauth);
                self.oauth.begin(partner, endpoint, (settings, &connection), state)
            }
            AuthnProtocol::Saml2(saml) => self.saml.begin(partner, (endpoint, saml), state).await,
        }
    }

    async fn finish(
        &self,
        partner: &Partner,
        pending: &Secret<String>,
        answer: &SignInAnswer,
    ) -> Result<VerifiedIdentity, SignInError> {
        match answer {
            SignInAnswer::OAuth(parameters) => {
                let finish = self.oauth.finish(partner, pending, parameters);
                within(self.sign_in_budget, finish).await
            }
            SignInAnswer::Saml(response) => self.saml.finish(partner, pending, response).await,
        }
    }

    async fn begin_by_platform(
        &self,
        partner: &Partner,
        platform: Platform,
    ) -> Result<PlatformRequest, SignInError> {
        self.saml.begin_by_platform(partner, platform).await
    }

    async fn finish_by_platform(
        &self,
        partner: &Partner,
        platform: Platform,
        pending: Option<&Secret<String>>,
        saml_response: &str,
    ) -> Result<VerifiedIdentity, SignInError> {
        self.saml.finish_by_platform(partner, platform, pending, saml_response).await
    }

    async fn claimed_provider(&self, snapshot: &Snapshot, saml_response: &str) -> Option<MvpdId> {
        self.saml.claimed_provider(snapshot, saml_response).await
    }

    async fn sign_out(
        &self,
        partner: &Partner,
        credentials: Option<&Secret<Vec<u8>>>,
        state: &str,
    ) -> Option<SignOutStart> {
        let credentials = credentials.and_then(Credentials::open);
        if let Some(Credentials::Oauth2(credentials)) = &credentials {
            self.oauth.forget(partner, credentials).await;
        }
        let remembered = credentials.as_ref().map(Credentials::endpoints).cloned();
        match (&partner.logout(&remembered.unwrap_or_default())?.protocol, &credentials) {
            (LogoutMode::Redirect(logout), credentials) => {
                let location = self.oauth.sign_out(partner, logout, credentials.as_ref(), state);
                let step = BrowserStep::Go(location);
                Some(SignOutStart { step, pending: Secret::new(String::new()) })
            }
            (LogoutMode::SamlSlo(logout), Some(Credentials::Saml2(credentials))) => {
                self.saml.sign_out(logout, credentials, state).await
            }
            (LogoutMode::SamlSlo(_), Some(Credentials::Oauth2(_)) | None)
            | (LogoutMode::None, _) => None,
        }
    }

    async fn finish_sign_out(
        &self,
        partner: &Partner,
        pending: &Secret<String>,
        answer: &SignOutAnswer,
    ) -> Result<(), SignInError> {
        match answer {
            SignOutAnswer::Returned => Ok(()),
            SignOutAnswer::Saml(query) => self.saml.finish_sign_out(partner, pending, query),
        }
    }

    async fn provider_sign_out(
        &self,
        snapshot: &Snapshot,
        query: &str,
    ) -> Result<ProviderSignOut, SignInError> {
        self.saml.provider_sign_out(snapshot, query).await
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
