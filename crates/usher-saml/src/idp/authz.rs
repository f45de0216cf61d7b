//! Answering an authorization service's queries.

use usher_core::Timestamp;

use super::status;
use crate::authz::{Attribute, Decision, Obligation, envelope, id, soap_body, text_attributes};
use crate::instant;
use crate::names::{SAML, SAMLP, SUCCESS, XACML, XACML_POLICY, XACML_SAML, XACML_SAMLP};
use crate::signature::{SignError, SignatureError, SigningIdentity, TrustedKeys, covered};
use crate::xml::{Element, Node, Xml, XmlError};

use super::RequestRejection;

/// A query, read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuthzQuery {
    /// Its id, for the answer; empty for a plain query.
    pub id: String,
    /// Who asks; empty for a plain query.
    pub issuer: String,
    /// The viewer, or a token that stands for them.
    pub subject: Option<Attribute>,
    /// The resources, each with its attributes.
    pub resources: Vec<Vec<Attribute>>,
    /// Address and the like.
    pub environment: Vec<Attribute>,
}

impl AuthzQuery {
    /// The ids of the resources asked about.
    pub fn resource_ids(&self) -> impl Iterator<Item = &str> {
        self.resources.iter().filter_map(|attributes| {
            let attribute = attributes.iter().find(|attribute| attribute.id == id::RESOURCE)?;
            Some(attribute.value.as_str())
        })
    }
}

/// Reads and verifies a SOAP query.
pub fn read_query(document: &str, trust: &TrustedKeys) -> Result<AuthzQuery, RequestRejection> {
    let xml = Xml::parse(document)?;
    let query = soap_body(&xml)?
        .only_child(XACML_SAMLP, "XACMLAuthzDecisionQuery")
        .ok_or(XmlError::Malformed)?;
    if !covered(&xml, &[query], trust)?.has(query) {
        return Err(SignatureError::Missing.into());
    }
    let request = query.only_child(XACML, "Request").ok_or(XmlError::Malformed)?;
    Ok(AuthzQuery {
        id: query.attribute("ID").ok_or(XmlError::Malformed)?.to_owned(),
        issuer: query.child_text(SAML, "Issuer").ok_or(XmlError::Malformed)?,
        ..read_request(request)
    })
}

/// Reads a plain query.
pub fn read_plain_query(document: &str) -> Result<AuthzQuery, RequestRejection> {
    let xml = Xml::parse(document)?;
    let root = xml.root().filter(|root| root.is(XACML, "Request")).ok_or(XmlError::Malformed)?;
    Ok(read_request(root))
}

fn read_request(request: Node<'_>) -> AuthzQuery {
    let subject = request.child(XACML, "Subject");
    AuthzQuery {
        subject: subject.and_then(|node| text_attributes(node).into_iter().next()),
        resources: request.children(XACML, "Resource").map(text_attributes).collect(),
        environment: request.child(XACML, "Environment").map(text_attributes).unwrap_or_default(),
        ..AuthzQuery::default()
    }
}

/// The decision about one resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// The resource.
    pub resource_id: String,
    /// The decision.
    pub verdict: Verdict,
}

/// A decision with what comes with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// The decision.
    pub decision: Decision,
    /// The XACML status code, such as `urn:oasis:names:tc:xacml:1.0:status:ok`.
    pub status_code: String,
    /// The text that comes with it.
    pub message: Option<String>,
    /// Obligations of the decision.
    pub obligations: Vec<Obligation>,
}

/// The answer to a SOAP query.
#[derive(Clone, Copy, Debug)]
pub struct AuthzResponse<'a> {
    /// Id of the response.
    pub response_id: &'a str,
    /// Id of the assertion.
    pub assertion_id: &'a str,
    /// The present.
    pub issue_instant: Timestamp,
    /// The end of validity.
    pub not_on_or_after: Timestamp,
    /// Who answers.
    pub issuer: &'a str,
    /// Who it is for.
    pub audience: &'a str,
    /// The query it answers.
    pub in_response_to: &'a str,
    /// The decisions.
    pub grants: &'a [Grant],
}

impl AuthzResponse<'_> {
    /// The answer in its envelope, the response signed by `signer` if there is one. As published
    /// answers do, the signature stands behind the status (`mvpd` §7.3).
    pub fn soap(&self, signer: Option<&SigningIdentity>) -> Result<String, SignError> {
        let response = Element::new("samlp:Response")
            .attr("xmlns:samlp", SAMLP)
            .attr("ID", self.response_id)
            .attr("InResponseTo", self.in_response_to)
            .attr("IssueInstant", instant::format(self.issue_instant))
            .attr("Version", "2.0")
            .child(&Element::new("saml:Issuer").attr("xmlns:saml", SAML).text(self.issuer))
            .child(&status(SUCCESS, None))
            .children(signer.map(|signer| signer.template(self.response_id)))
            .child(&self.assertion());
        let document = envelope(&response).render();
        match signer {
            Some(signer) => signer.sign(document),
            None => Ok(document),
        }
    }

    fn assertion(&self) -> Element {
        let audience = Element::new("saml2:Audience").text(self.audience);
        let conditions = Element::new("saml2:Conditions")
            .attr("NotBefore", instant::format(self.issue_instant))
            .attr("NotOnOrAfter", instant::format(self.not_on_or_after))
            .child(&Element::new("saml2:AudienceRestriction").child(&audience));
        let statement = Element::new("xacml-saml:XACMLAuthzDecisionStatement")
            .attr("xmlns:xacml-saml", XACML_SAML)
            .child(&decisions(self.grants));
        Element::new("saml2:Assertion")
            .attr("xmlns:saml2", SAML)
            .attr("ID", self.assertion_id)
            .attr("IssueInstant", instant::format(self.issue_instant))
            .attr("Version", "2.0")
            .child(&Element::new("saml2:Issuer").text(self.issuer))
            .child(&conditions)
            .child(&statement)
    }
}

/// The answer to a plain query.
pub fn plain_response(grants: &[Grant]) -> String {
    decisions(grants).render()
}

fn decisions(grants: &[Grant]) -> Element {
    Element::new("xacml-context:Response")
        .attr("xmlns:xacml-context", XACML)
        .children(grants.iter().map(result))
}

fn result(grant: &Grant) -> Element {
    let verdict = &grant.verdict;
    let decision = match verdict.decision {
        Decision::Permit => "Permit",
        Decision::Deny => "Deny",
        Decision::NotApplicable => "NotApplicable",
        Decision::Indeterminate => "Indeterminate",
    };
    let message = verdict.message.as_deref();
    let status = Element::new("xacml-context:Status")
        .child(
            &Element::new("xacml-context:StatusCode").attr("Value", verdict.status_code.as_str()),
        )
        .children(message.map(|text| Element::new("xacml-context:StatusMessage").text(text)));
    let obligations = (!verdict.obligations.is_empty()).then(|| {
        Element::new("xacml:Obligations")
            .attr("xmlns:xacml", XACML_POLICY)
            .children(verdict.obligations.iter().map(obligation))
    });
    Element::new("xacml-context:Result")
        .attr("ResourceId", grant.resource_id.as_str())
        .child(&Element::new("xacml-context:Decision").text(decision))
        .child(&status)
        .children(obligations)
}

fn obligation(obligation: &Obligation) -> Element {
    let assignments = obligation.assignments.iter().map(|assignment| {
        Element::new("xacml:AttributeAssignment")
            .attr("AttributeId", assignment.attribute_id.as_str())
            .attr("DataType", crate::authz::STRING)
            .text(&assignment.value)
    });
    Element::new("xacml:Obligation")
        .attr("ObligationId", obligation.id.as_str())
        .maybe_attr("FulfillOn", obligation.fulfil_on.as_deref())
        .children(assignments)
}
