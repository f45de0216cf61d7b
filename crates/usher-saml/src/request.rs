//! What we send to sign a viewer in: `samlp:AuthnRequest` (`mvpd` §5.3, §5.4, §5.8, §12.1).

use usher_core::Timestamp;

use crate::binding::{Parameter, redirect_url};
use crate::instant;
use crate::names::{POST, SAML, SAMLP};
use crate::signature::{SignError, SigningIdentity};
use crate::xml::Element;

/// The namespace of the extension of passive requests.
const THIRD_PARTY: &str = "urn:oasis:names:tc:SAML:protocol:ext:third-party";

/// Our entity id with the suffix that tells the provider which brand asks (`mvpd` §5.4).
pub fn scoped_entity_id(sp_entity_id: &str, requestor: &str) -> String {
    format!("{sp_entity_id}/on-behalf-of/{requestor}")
}

/// How a provider learns which brand asks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scoping {
    /// By a suffix of the issuer.
    #[default]
    Issuer,
    /// By `samlp:RequesterID`.
    RequesterId,
    /// By both.
    Both,
    /// Not at all.
    None,
}

impl Scoping {
    /// The issuer of what we send to a provider that is told this way.
    pub fn issuer(self, sp_entity_id: &str, requestor: &str) -> String {
        match self {
            Self::Issuer | Self::Both => scoped_entity_id(sp_entity_id, requestor),
            Self::RequesterId | Self::None => sp_entity_id.to_owned(),
        }
    }

    const fn names_requester(self) -> bool {
        matches!(self, Self::RequesterId | Self::Both)
    }
}

/// The proxied provider a viewer has chosen (`mvpd` §12.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Proxied<'a> {
    /// Its display name.
    pub name: &'a str,
    /// Its `ProviderID`, else its id.
    pub provider_id: &'a str,
}

/// A request to sign a viewer in.
#[derive(Clone, Copy, Debug)]
pub struct AuthnRequest<'a> {
    /// `_` and a fresh UUID.
    pub id: &'a str,
    /// The present.
    pub issue_instant: Timestamp,
    /// The provider's sign-in URL.
    pub destination: &'a str,
    /// Where the answer shall be posted.
    pub acs_url: &'a str,
    /// Our entity id, without suffix.
    pub sp_entity_id: &'a str,
    /// The requestor, or the partner id that stands for it.
    pub requestor: &'a str,
    /// How the provider learns of the requestor.
    pub scoping: Scoping,
    /// Must the viewer prove who they are again?
    pub force_authn: bool,
    /// Must the provider not show itself (`mvpd` §5.8)?
    pub passive: bool,
    /// The format wanted of the name identifier.
    pub name_id_format: &'a str,
    /// The way of signing in that is asked for, if any.
    pub authn_context: Option<&'a str>,
    /// The child of a proxy.
    pub proxied: Option<Proxied<'a>>,
}

impl AuthnRequest<'_> {
    /// The URL for the redirect binding: the query is signed, the document is not.
    pub fn redirect_url(
        &self,
        relay_state: Option<&str>,
        signer: &SigningIdentity,
    ) -> Result<String, SignError> {
        let xml = self.element(None).render();
        redirect_url(self.destination, (Parameter::Request, &xml), relay_state, Some(signer))
    }

    /// The signed document, for the POST binding or a platform partner (`mvpd` §5.9).
    pub fn signed(&self, signer: &SigningIdentity) -> Result<String, SignError> {
        let signature = signer.enveloped((self.id, None), &self.element(None).render())?;
        Ok(self.element(Some(&signature)).render())
    }

    fn element(&self, signature: Option<&Element>) -> Element {
        let flag = |value: bool| if value { "true" } else { "false" };
        let issuer = self.scoping.issuer(self.sp_entity_id, self.requestor);
        let policy = Element::new("samlp:NameIDPolicy")
            .attr("AllowCreate", "true")
            .attr("Format", self.name_id_format)
            .attr("SPNameQualifier", self.sp_entity_id);
        Element::new("samlp:AuthnRequest")
            .attr("xmlns:samlp", SAMLP)
            .attr("AssertionConsumerServiceURL", self.acs_url)
            .attr("Destination", self.destination)
            .attr("ForceAuthn", flag(self.force_authn))
            .attr("ID", self.id)
            .attr("IsPassive", flag(self.passive))
            .attr("IssueInstant", instant::format(self.issue_instant))
            .attr("ProtocolBinding", POST)
            .attr("Version", "2.0")
            .child(&Element::new("saml:Issuer").attr("xmlns:saml", SAML).text(&issuer))
            .children(signature.cloned())
            .children(self.passive.then(|| self.respond_to()))
            .child(&policy)
            .children(self.authn_context.map(requested_context))
            .children(self.scoping_element())
    }

    fn respond_to(&self) -> Element {
        let respond_to = Element::new("thrpty:RespondTo")
            .attr("xmlns:thrpty", THIRD_PARTY)
            .text(self.sp_entity_id);
        Element::new("samlp:Extensions").child(&respond_to)
    }

    /// A proxied provider is always asked for by name, and the requester with it.
    fn scoping_element(&self) -> Option<Element> {
        let list = self.proxied.map(|proxied| {
            let entry = Element::new("samlp:IDPEntry")
                .attr("Name", proxied.name)
                .attr("ProviderID", proxied.provider_id);
            Element::new("samlp:IDPList").child(&entry)
        });
        let requester = (self.scoping.names_requester() || list.is_some())
            .then(|| Element::new("samlp:RequesterID").text(self.requestor));
        requester
            .is_some()
            .then(|| Element::new("samlp:Scoping").children(list).children(requester))
    }
}

fn requested_context(class: &str) -> Element {
    Element::new("samlp:RequestedAuthnContext")
        .child(&Element::new("saml:AuthnContextClassRef").attr("xmlns:saml", SAML).text(class))
}
