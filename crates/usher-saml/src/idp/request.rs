//! Reading a request to sign a viewer in.

use crate::binding::Redirected;
use crate::names::{SAML, SAMLP};
use crate::signature::{SignatureError, TrustedKeys, covered};
use crate::xml::{Node, Xml, XmlError};

/// A request whose signature is the service provider's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthnRequestView {
    /// Its id, for the answer.
    pub id: String,
    /// Who asks, with the scoping suffix if there is one.
    pub issuer: String,
    /// Where the answer shall be posted. To be compared with what is known of the asker.
    pub acs_url: Option<String>,
    /// Must the viewer prove who they are again?
    pub force_authn: bool,
    /// Must the provider not show itself?
    pub passive: bool,
    /// The format wanted of the name identifier.
    pub name_id_format: Option<String>,
    /// The service provider the name identifier is for.
    pub sp_name_qualifier: Option<String>,
    /// `samlp:RequesterID`.
    pub requester_id: Option<String>,
    /// Name and `ProviderID` of the proxied provider asked for.
    pub proxied: Option<(Option<String>, String)>,
}

/// Why a request is not answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RequestRejection {
    /// No XML within bounds, or an element that must be there is not.
    #[error("malformed: {0}")]
    Malformed(#[from] XmlError),
    /// For somebody else.
    #[error("not for this address")]
    Destination,
    /// Signed wrongly or not at all.
    #[error("{0}")]
    Signature(#[from] SignatureError),
}

/// Reads a request of the redirect binding, which signs the query.
pub fn read_redirected_request(
    message: &Redirected,
    destination: &str,
    trust: &TrustedKeys,
) -> Result<AuthnRequestView, RequestRejection> {
    if !message.is_signed(trust)? {
        return Err(SignatureError::Missing.into());
    }
    let xml = Xml::parse(&message.xml)?;
    view(open(&xml, destination)?)
}

/// Reads a request of the POST binding, which signs the document.
pub fn read_posted_request(
    document: &str,
    destination: &str,
    trust: &TrustedKeys,
) -> Result<AuthnRequestView, RequestRejection> {
    let xml = Xml::parse(document)?;
    let root = open(&xml, destination)?;
    if covered(&xml, &[root], trust)?.has(root) {
        view(root)
    } else {
        Err(SignatureError::Missing.into())
    }
}

fn open<'d>(xml: &'d Xml<'_>, destination: &str) -> Result<Node<'d>, RequestRejection> {
    let root = xml.root().ok_or(XmlError::Malformed)?;
    if !root.is(SAMLP, "AuthnRequest") || root.attribute("Version") != Some("2.0") {
        return Err(XmlError::Malformed.into());
    }
    if root.attribute("Destination") == Some(destination) {
        Ok(root)
    } else {
        Err(RequestRejection::Destination)
    }
}

fn view(root: Node<'_>) -> Result<AuthnRequestView, RequestRejection> {
    let flag = |name| matches!(root.attribute(name), Some("true" | "1"));
    let owned = |text: &str| text.to_owned();
    let policy = root.child(SAMLP, "NameIDPolicy");
    let scoping = root.child(SAMLP, "Scoping");
    let entry = scoping
        .and_then(|scoping| scoping.child(SAMLP, "IDPList"))
        .and_then(|list| list.child(SAMLP, "IDPEntry"));
    let proxied = entry.and_then(|entry| {
        Some((entry.attribute("Name").map(owned), entry.attribute("ProviderID")?.to_owned()))
    });
    Ok(AuthnRequestView {
        id: root.attribute("ID").map(owned).ok_or(XmlError::Malformed)?,
        issuer: root.child_text(SAML, "Issuer").ok_or(XmlError::Malformed)?,
        acs_url: root.attribute("AssertionConsumerServiceURL").map(owned),
        force_authn: flag("ForceAuthn"),
        passive: flag("IsPassive"),
        name_id_format: policy.and_then(|node| node.attribute("Format")).map(owned),
        sp_name_qualifier: policy.and_then(|node| node.attribute("SPNameQualifier")).map(owned),
        requester_id: scoping.and_then(|scoping| scoping.child_text(SAMLP, "RequesterID")),
        proxied,
    })
}
