//! Signing out: as usher asks for it, and of the provider's own accord.

use url::Url;
use usher_saml::binding::{Parameter, Redirected};
use usher_saml::logout::{
    Accepts, Header, LogoutRejection, logout_request_url, logout_response_url, read_logout_request,
};
use usher_saml::{NameId, PERSISTENT};

use super::super::subscribers::by_name;
use super::super::switchboard::Fault;
use super::SamlSide;

impl SamlSide<'_> {
    /// Ends the session that usher's request in `query` names; the browser goes back with the answer.
    pub fn log_out(&self, query: &str) -> Result<Url, LogoutRejection> {
        let message = Redirected::parse(query, Parameter::Request)?;
        let peer = &self.demo.peer;
        let here = format!("{}/slo", self.entity_id());
        let issuers = self.issuers_of(&message)?;
        let accepts = Accepts {
            destination: &here,
            issuers: &issuers,
            trust: &peer.signing,
            require_signature: true,
        };
        let request = read_logout_request(&message, &accepts, self.demo.clock.now())?;
        let back = format!("{}/sp/saml/LogoutServiceHTTPRedirectResponse", self.demo.origin);
        let header = Header {
            id: &self.id(),
            issue_instant: self.demo.clock.now(),
            destination: &back,
            issuer: &self.name_given(),
        };
        let answered = if self.does(Fault::LogoutFails) { "_another" } else { &request.id };
        logout_response_url(&header, answered, message.relay_state.as_deref(), self.identity())
            .ok()
            .and_then(|url| self.sent(&url))
            .ok_or(LogoutRejection::Destination)
    }

    /// usher's entity id, and the brand's name that may follow it.
    fn issuers_of(&self, message: &Redirected) -> Result<[String; 1], LogoutRejection> {
        let issuer = usher_saml::claimed_issuer(&message.xml)?;
        let ours = issuer.strip_prefix(self.demo.peer.entity_id.as_str());
        match ours {
            Some(rest) if rest.is_empty() || rest.starts_with("/on-behalf-of/") => Ok([issuer]),
            _ => Err(LogoutRejection::Issuer),
        }
    }

    /// The viewer `name` signs out at the provider itself: the browser carries the news to usher, for
    /// all sign-ins or for that of one session.
    pub fn end_sign_ins(&self, name: &str, session_index: Option<&str>) -> Option<Url> {
        let subscriber = by_name(name)?;
        let name_id = NameId {
            value: subscriber.user_id(),
            format: Some(PERSISTENT.to_owned()),
            ..NameId::default()
        };
        let there = format!("{}/sp/saml/LogoutServiceHTTPRedirect", self.demo.origin);
        let header = Header {
            id: &self.id(),
            issue_instant: self.demo.clock.now(),
            destination: &there,
            issuer: &self.name_given(),
        };
        let url = logout_request_url(&header, (&name_id, session_index), None, self.identity());
        self.sent(&url.ok()?)
    }

    /// The address of a signed message, with what the switchboard does to its signature.
    fn sent(&self, url: &str) -> Option<Url> {
        if self.does(Fault::Unsigned) {
            url.split("&SigAlg=").next()?.parse().ok()
        } else if self.does(Fault::BadSignature) {
            url.replace("&Signature=", "&Signature=AAAA").parse().ok()
        } else {
            url.parse().ok()
        }
    }
}
