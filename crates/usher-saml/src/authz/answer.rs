//! Reading the answers of authorization services.

use std::time::Duration;

use usher_core::Timestamp;

use super::obligation::{Assignment, AuthzResult, Decision, Obligation};
use crate::names::{SAML, SAMLP, SOAP, XACML, XACML_POLICY, XACML_SAML};
use crate::response::{StatusView, Window, accepts_audience, is_message};
use crate::signature::{SignatureError, TrustedKeys, covered};
use crate::xml::{Node, Xml, XmlError};

/// What the answer to a SOAP query must fit.
#[derive(Clone, Copy, Debug)]
pub struct AuthzExpected<'a> {
    /// The present.
    pub now: Timestamp,
    /// Who must have made it: the issuer the viewer's profile was made by.
    pub issuer: &'a str,
    /// Our entity id, without suffix.
    pub sp_entity_id: &'a str,
    /// The requestor the query was scoped to.
    pub requestor: Option<&'a str>,
    /// The id of the query.
    pub request_id: &'a str,
    /// The provider's pinned keys; `None` if this endpoint need not sign, and then no signature is judged.
    pub trust: Option<&'a TrustedKeys>,
    /// How far the provider's clock may be off.
    pub skew: Duration,
}

/// What an authorization service answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// One decision per resource, in the order of the document.
    pub results: Vec<AuthzResult>,
    /// The end of `Conditions`; only for endpoints whose TTL is taken from there (`mvpd` §7.3).
    pub not_on_or_after: Option<Timestamp>,
}

/// Why an answer decides nothing. All of them are network errors to the viewer, unless the endpoint's
/// status table says otherwise (`mvpd` §7.5, §7.7).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AuthzRejection {
    /// No XML within bounds, or an element that must be there is not.
    #[error("malformed: {0}")]
    Malformed(#[from] XmlError),
    /// A SOAP fault.
    #[error("fault {code}")]
    Fault {
        /// The fault code, as written.
        code: String,
        /// The text that came with it.
        text: Option<String>,
    },
    /// Another status than success.
    #[error("status {code}")]
    Status {
        /// The outer status code.
        code: String,
        /// The inner one.
        detail: Option<String>,
        /// The text that came with it.
        message: Option<String>,
    },
    /// Signed wrongly or not at all.
    #[error("{0}")]
    Signature(#[from] SignatureError),
    /// Made by somebody else.
    #[error("the issuer is not the one the profile was made by")]
    Issuer,
    /// Made for somebody else.
    #[error("the answer is not meant for this service")]
    Audience,
    /// Too early or too late.
    #[error("the answer is not valid at this time")]
    Time,
    /// To another query.
    #[error("does not answer our query")]
    Unsolicited,
}

/// Reads the answer to a plain query (`mvpd` §7.2).
pub fn read_plain(document: &str) -> Result<Answer, AuthzRejection> {
    let xml = Xml::parse(document)?;
    let root = xml.root().ok_or(XmlError::Malformed)?;
    if !root.is(XACML, "Response") {
        return Err(XmlError::Malformed.into());
    }
    Ok(Answer { results: results(root)?, not_on_or_after: None })
}

/// Reads and verifies the answer to a SOAP query (`mvpd` §7.3).
pub fn read_soap(document: &str, expected: &AuthzExpected<'_>) -> Result<Answer, AuthzRejection> {
    let xml = Xml::parse(document)?;
    let body = soap_body(&xml)?;
    if let Some(fault) = body.child(SOAP, "Fault") {
        return Err(read_fault(fault));
    }
    let response = body.only_child(SAMLP, "Response").ok_or(XmlError::Malformed)?;
    if response.attribute("Version") != Some("2.0") {
        return Err(XmlError::Malformed.into());
    }
    let status = StatusView::of(response).ok_or(XmlError::Malformed)?;
    if !status.is_success() {
        let StatusView { code, detail, message } = status;
        return Err(AuthzRejection::Status { code, detail, message });
    }
    if response.attribute("InResponseTo").is_some_and(|id| id != expected.request_id) {
        return Err(AuthzRejection::Unsolicited);
    }
    let assertion = only_assertion(&xml, response)?;
    check_signature(&xml, (response, assertion), expected)?;
    let not_on_or_after = check_assertion((response, assertion), expected)?;
    let statement = assertion.only_child(XACML_SAML, "XACMLAuthzDecisionStatement").or_else(|| {
        assertion.elements().find(|node| node.is_called("XACMLAuthzDecisionStatement"))
    });
    let answer = statement
        .and_then(|statement| statement.only_child(XACML, "Response"))
        .ok_or(XmlError::Malformed)?;
    Ok(Answer { results: results(answer)?, not_on_or_after })
}

/// The body of a SOAP 1.1 envelope.
pub(crate) fn soap_body<'d>(xml: &'d Xml<'_>) -> Result<Node<'d>, XmlError> {
    let root = xml.root().filter(|root| root.is(SOAP, "Envelope")).ok_or(XmlError::Malformed)?;
    root.only_child(SOAP, "Body").ok_or(XmlError::Malformed)
}

/// The parts of a SOAP 1.1 fault are in no namespace.
fn read_fault(fault: Node<'_>) -> AuthzRejection {
    let part = |name| fault.elements().find(|node| node.is_called(name)).map(Node::text);
    AuthzRejection::Fault { code: part("faultcode").unwrap_or_default(), text: part("faultstring") }
}

/// The one assertion, a child of the one response, with no other anywhere in the document.
fn only_assertion<'d>(xml: &'d Xml<'_>, response: Node<'d>) -> Result<Node<'d>, AuthzRejection> {
    let root = xml.root().ok_or(XmlError::Malformed)?;
    let assertion = response.only_child(SAML, "Assertion").ok_or(XmlError::Malformed)?;
    if root.and_below().filter(|node| is_message(*node)).count() == 2 {
        Ok(assertion)
    } else {
        Err(SignatureError::Place.into())
    }
}

fn check_signature(
    xml: &Xml<'_>,
    (response, assertion): (Node<'_>, Node<'_>),
    expected: &AuthzExpected<'_>,
) -> Result<(), SignatureError> {
    let Some(trust) = expected.trust else { return Ok(()) };
    let coverage = covered(xml, &[response, assertion], trust)?;
    if coverage.has(response) || coverage.has(assertion) {
        Ok(())
    } else {
        Err(SignatureError::Missing)
    }
}

/// Issuer, audience and time. Returns the end of validity.
fn check_assertion(
    (response, assertion): (Node<'_>, Node<'_>),
    expected: &AuthzExpected<'_>,
) -> Result<Option<Timestamp>, AuthzRejection> {
    let issuer = |node: Node<'_>| node.child_text(SAML, "Issuer");
    let same = |found: String| found == expected.issuer;
    if !issuer(response).is_none_or(same) || !issuer(assertion).is_some_and(same) {
        return Err(AuthzRejection::Issuer);
    }
    let conditions = assertion.only_child(SAML, "Conditions").ok_or(AuthzRejection::Audience)?;
    if !accepts_audience(conditions, expected.sp_entity_id, expected.requestor) {
        return Err(AuthzRejection::Audience);
    }
    let window = Window::of(conditions)?;
    if window.holds(expected.now, expected.skew) {
        Ok(window.not_on_or_after)
    } else {
        Err(AuthzRejection::Time)
    }
}

fn results(response: Node<'_>) -> Result<Vec<AuthzResult>, AuthzRejection> {
    let results: Vec<AuthzResult> = response
        .children(XACML, "Result")
        .map(|node| result(node).ok_or(XmlError::Malformed))
        .collect::<Result<_, _>>()?;
    Ok(results)
}

fn result(node: Node<'_>) -> Option<AuthzResult> {
    let decision = match node.only_child(XACML, "Decision")?.text().as_str() {
        "Permit" => Decision::Permit,
        "Deny" => Decision::Deny,
        "NotApplicable" => Decision::NotApplicable,
        "Indeterminate" => Decision::Indeterminate,
        _ => return None,
    };
    let status = node.child(XACML, "Status");
    let code = status.and_then(|status| status.child(XACML, "StatusCode"));
    Some(AuthzResult {
        resource_id: node.attribute("ResourceId").map(|id| id.trim().to_owned()),
        decision,
        status_code: code.and_then(|code| code.attribute("Value")).map(str::to_owned),
        status_message: status.and_then(|status| status.child_text(XACML, "StatusMessage")),
        obligations: policy(node, "Obligations")
            .flat_map(|list| policy(list, "Obligation"))
            .filter_map(obligation)
            .collect(),
    })
}

fn obligation(node: Node<'_>) -> Option<Obligation> {
    Some(Obligation {
        id: node.attribute("ObligationId")?.trim().to_owned(),
        fulfil_on: node.attribute("FulfillOn").map(str::to_owned),
        assignments: policy(node, "AttributeAssignment")
            .filter_map(|assignment| {
                let attribute_id = assignment.attribute("AttributeId")?.trim().to_owned();
                Some(Assignment { attribute_id, value: assignment.text() })
            })
            .collect(),
    })
}

/// Children of the policy vocabulary; some services put them into the context namespace.
fn policy<'d>(node: Node<'d>, name: &'static str) -> impl Iterator<Item = Node<'d>> {
    node.elements().filter(move |child| child.is(XACML_POLICY, name) || child.is(XACML, name))
}
