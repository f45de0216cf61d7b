//! Answering a request to sign a viewer in.

use usher_core::{Entropy, Timestamp};
use usher_jose::Certificate;

use super::status;
use crate::encryption::encrypt;
use crate::instant;
use crate::names::{BEARER, SAML, SAMLP, SUCCESS, XS, XSI};
use crate::response::NameId;
use crate::signature::{SignError, SigningIdentity};
use crate::xml::Element;

/// Which parts of an answer to sign.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SignParts {
    /// The assertion.
    #[default]
    Assertion,
    /// The response around it.
    Response,
    /// Both.
    Both,
    /// Neither, to show that it is refused.
    Neither,
}

impl SignParts {
    const fn assertion(self) -> bool {
        matches!(self, Self::Assertion | Self::Both)
    }

    const fn response(self) -> bool {
        matches!(self, Self::Response | Self::Both)
    }
}

/// An answer that a viewer has signed in.
#[derive(Clone, Copy, Debug)]
pub struct ResponseToSign<'a> {
    /// Id of the response: `_` and something fresh.
    pub response_id: &'a str,
    /// Id of the assertion: `_` and something fresh.
    pub assertion_id: &'a str,
    /// The present.
    pub issue_instant: Timestamp,
    /// The start of validity.
    pub not_before: Timestamp,
    /// The end of validity.
    pub not_on_or_after: Timestamp,
    /// Who answers.
    pub issuer: &'a str,
    /// The URL it will be posted to.
    pub acs_url: &'a str,
    /// Who it is for.
    pub audience: &'a str,
    /// The request it answers; `None` if unsolicited.
    pub in_response_to: Option<&'a str>,
    /// The viewer.
    pub name_id: &'a NameId,
    /// The provider's name for its session.
    pub session_index: Option<&'a str>,
    /// When the session shall end.
    pub session_not_on_or_after: Option<Timestamp>,
    /// Attributes with their values.
    pub attributes: &'a [(&'a str, Vec<String>)],
    /// What to sign.
    pub sign: SignParts,
}

impl ResponseToSign<'_> {
    /// The answer with the assertion in clear.
    pub fn clear(&self, signer: &SigningIdentity) -> Result<String, SignError> {
        self.response(signer, &self.assertion(signer)?)
    }

    /// The answer with the assertion encrypted to the owner of `certificate`.
    pub fn encrypted(
        &self,
        signer: &SigningIdentity,
        certificate: &Certificate,
        entropy: &dyn Entropy,
    ) -> Result<String, SignError> {
        let encrypted = encrypt(&self.assertion(signer)?, certificate, entropy)?;
        self.response(signer, &encrypted.render())
    }

    fn response(&self, signer: &SigningIdentity, assertion: &str) -> Result<String, SignError> {
        let template = self.sign.response().then(|| signer.template(self.response_id));
        let to_be_signed = template.is_some();
        let response = Element::new("samlp:Response")
            .attr("xmlns:samlp", SAMLP)
            .attr("xmlns:saml", SAML)
            .attr("ID", self.response_id)
            .attr("Version", "2.0")
            .attr("IssueInstant", instant::format(self.issue_instant))
            .attr("Destination", self.acs_url)
            .maybe_attr("InResponseTo", self.in_response_to)
            .child(&Element::new("saml:Issuer").text(self.issuer))
            .children(template)
            .child(&status(SUCCESS, None))
            .raw(assertion)
            .render();
        if to_be_signed { signer.sign(response) } else { Ok(response) }
    }

    fn assertion(&self, signer: &SigningIdentity) -> Result<String, SignError> {
        let template = self.sign.assertion().then(|| signer.template(self.assertion_id));
        let to_be_signed = template.is_some();
        let assertion = Element::new("saml:Assertion")
            .attr("xmlns:saml", SAML)
            .attr("xmlns:xs", XS)
            .attr("ID", self.assertion_id)
            .attr("Version", "2.0")
            .attr("IssueInstant", instant::format(self.issue_instant))
            .child(&Element::new("saml:Issuer").text(self.issuer))
            .children(template)
            .child(&self.subject())
            .child(&self.conditions())
            .child(&self.authentication())
            .children(self.attribute_statement())
            .render();
        if to_be_signed { signer.sign(assertion) } else { Ok(assertion) }
    }

    fn subject(&self) -> Element {
        let name = Element::new("saml:NameID")
            .maybe_attr("Format", self.name_id.format.as_deref())
            .maybe_attr("NameQualifier", self.name_id.name_qualifier.as_deref())
            .maybe_attr("SPNameQualifier", self.name_id.sp_name_qualifier.as_deref())
            .text(&self.name_id.value);
        let data = Element::new("saml:SubjectConfirmationData")
            .maybe_attr("InResponseTo", self.in_response_to)
            .attr("NotOnOrAfter", instant::format(self.not_on_or_after))
            .attr("Recipient", self.acs_url);
        let confirmation =
            Element::new("saml:SubjectConfirmation").attr("Method", BEARER).child(&data);
        Element::new("saml:Subject").child(&name).child(&confirmation)
    }

    fn conditions(&self) -> Element {
        let audience = Element::new("saml:Audience").text(self.audience);
        Element::new("saml:Conditions")
            .attr("NotBefore", instant::format(self.not_before))
            .attr("NotOnOrAfter", instant::format(self.not_on_or_after))
            .child(&Element::new("saml:AudienceRestriction").child(&audience))
    }

    fn authentication(&self) -> Element {
        let class = Element::new("saml:AuthnContextClassRef")
            .text("urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport");
        Element::new("saml:AuthnStatement")
            .attr("AuthnInstant", instant::format(self.issue_instant))
            .maybe_attr("SessionIndex", self.session_index)
            .maybe_attr("SessionNotOnOrAfter", self.session_not_on_or_after.map(instant::format))
            .child(&Element::new("saml:AuthnContext").child(&class))
    }

    fn attribute_statement(&self) -> Option<Element> {
        let attribute = |(name, values): &(&str, Vec<String>)| {
            let values = values.iter().map(|value| {
                Element::new("saml:AttributeValue")
                    .attr("xmlns:xsi", XSI)
                    .attr("xsi:type", "xs:string")
                    .text(value)
            });
            Element::new("saml:Attribute")
                .attr("Name", *name)
                .attr("NameFormat", "urn:oasis:names:tc:SAML:2.0:attrname-format:basic")
                .children(values)
        };
        let some = !self.attributes.is_empty();
        some.then(|| {
            Element::new("saml:AttributeStatement").children(self.attributes.iter().map(attribute))
        })
    }
}

/// The answer that nobody has signed in, such as `…:status:Responder` with `…:status:NoPassive` inside.
pub fn failure(
    (id, issuer, acs_url): (&str, &str, &str),
    in_response_to: Option<&str>,
    (code, detail): (&str, Option<&str>),
    now: Timestamp,
) -> String {
    Element::new("samlp:Response")
        .attr("xmlns:samlp", SAMLP)
        .attr("ID", id)
        .attr("Version", "2.0")
        .attr("IssueInstant", instant::format(now))
        .attr("Destination", acs_url)
        .maybe_attr("InResponseTo", in_response_to)
        .child(&Element::new("saml:Issuer").attr("xmlns:saml", SAML).text(issuer))
        .child(&status(code, detail))
        .render()
}
