//! Whom a call towards a TV provider is about: a channel, the provider, and who speaks for it.

use std::sync::Arc;

use usher_core::ServiceProviderId;
use usher_registry::{
    AuthnEndpoint, AuthzEndpoint, ChosenEndpoints, Connection, Integration, LogoutEndpoint, Mvpd,
    Preflight,
};

/// A channel, a TV provider and what they agreed.
#[derive(Clone, Debug)]
pub struct Partner {
    /// The channel.
    pub service_provider: ServiceProviderId,
    /// The TV provider.
    pub mvpd: Arc<Mvpd>,
    /// The proxy that speaks for it (`mvpd` §12.1).
    pub proxy: Option<Arc<Mvpd>>,
    /// Their integration.
    pub integration: Arc<Integration>,
}

impl Partner {
    /// Whose endpoints and certificates are used: the proxy's where there is one.
    pub fn speaker(&self) -> &Arc<Mvpd> {
        self.proxy.as_ref().unwrap_or(&self.mvpd)
    }

    /// What the provider calls the channel: the partner id they agreed on, else the channel's id.
    pub fn requestor(&self) -> &str {
        self.integration.partner_id.as_deref().unwrap_or_else(|| self.service_provider.as_str())
    }

    /// Where new sign-ins happen (`mvpd` M1).
    pub fn authn(&self) -> Option<&AuthnEndpoint> {
        self.speaker().authn.chosen(self.integration.endpoints.authn.as_deref())
    }

    /// Where it is asked whether a viewer may watch: at the endpoint the sign-in remembers, as long as
    /// there is one (`mvpd` M2).
    pub fn authz(&self, remembered: &ChosenEndpoints) -> Option<&AuthzEndpoint> {
        let endpoints = &self.speaker().authz;
        let remembered = remembered.authz.as_deref().and_then(|id| endpoints.get(id));
        remembered.or_else(|| endpoints.chosen(self.integration.endpoints.authz.as_deref()))
    }

    /// Where viewers sign out: at the endpoint the sign-in remembers, as long as there is one.
    pub fn logout(&self, remembered: &ChosenEndpoints) -> Option<&LogoutEndpoint> {
        let endpoints = &self.speaker().logout;
        let remembered = remembered.logout.as_deref().and_then(|id| endpoints.get(id));
        remembered.or_else(|| endpoints.chosen(self.integration.endpoints.logout.as_deref()))
    }

    /// The endpoints in use now, for a sign-in to remember.
    pub fn endpoints(&self) -> ChosenEndpoints {
        let now = ChosenEndpoints::default();
        ChosenEndpoints {
            authn: self.authn().map(|endpoint| endpoint.id().to_owned()),
            authz: self.authz(&now).map(|endpoint| endpoint.id().to_owned()),
            logout: self.logout(&now).map(|endpoint| endpoint.id().to_owned()),
        }
    }

    /// The properties of the connection to an endpoint that sets `own` ones.
    pub fn connection(&self, own: &Connection) -> Connection {
        let proxy = self.proxy.as_ref().map(|proxy| &proxy.connection);
        let levels = [&self.mvpd.connection, own, &self.integration.connection];
        Connection::resolve(proxy.into_iter().chain(levels))
    }

    /// How several resources are asked for at once.
    pub fn preflight(&self) -> Preflight {
        let proxy = self.proxy.as_ref().and_then(|proxy| proxy.preflight);
        self.mvpd.preflight.or(proxy).unwrap_or_default()
    }
}
