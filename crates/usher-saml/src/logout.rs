//! Single logout, both ways (`mvpd` §5.7): requests and responses, built, read and verified.

use usher_core::Timestamp;

use crate::binding::{Parameter, Redirected, redirect_url};
use crate::instant;
use crate::names::{LOGOUT_BY_USER, SAML, SAMLP, SUCCESS};
use crate::response::{NameId, StatusView, instant_of, name_id};
use crate::signature::{SignError, SignatureError, SigningIdentity, TrustedKeys, covered};
use crate::xml::{Element, Node, Xml, XmlError};

/// Who sends a logout message to whom.
#[derive(Clone, Copy, Debug)]
pub struct Header<'a> {
    /// `_` and a fresh UUID.
    pub id: &'a str,
    /// The present.
    pub issue_instant: Timestamp,
    /// The URL it is sent to.
    pub destination: &'a str,
    /// The issuer; at a provider the one the viewer signed in with.
    pub issuer: &'a str,
}

impl Header<'_> {
    fn element(&self, tag: &'static str) -> Element {
        Element::new(tag)
            .attr("xmlns:samlp", SAMLP)
            .attr("xmlns:saml", SAML)
            .attr("Destination", self.destination)
            .attr("ID", self.id)
            .attr("IssueInstant", instant::format(self.issue_instant))
            .attr("Version", "2.0")
    }

    fn issuer(&self) -> Element {
        Element::new("saml:Issuer").text(self.issuer)
    }
}

/// The redirect that asks for the logout of a viewer from a session, by their own wish.
pub fn logout_request_url(
    header: &Header<'_>,
    (name_id, session_index): (&NameId, Option<&str>),
    relay_state: Option<&str>,
    signer: &SigningIdentity,
) -> Result<String, SignError> {
    let name = Element::new("saml:NameID")
        .maybe_attr("Format", name_id.format.as_deref())
        .maybe_attr("NameQualifier", name_id.name_qualifier.as_deref())
        .maybe_attr("SPNameQualifier", name_id.sp_name_qualifier.as_deref())
        .text(&name_id.value);
    let session = session_index.map(|index| Element::new("samlp:SessionIndex").text(index));
    let xml = header
        .element("samlp:LogoutRequest")
        .attr("Reason", LOGOUT_BY_USER)
        .child(&header.issuer())
        .child(&name)
        .children(session)
        .render();
    redirect_url(header.destination, (Parameter::Request, &xml), relay_state, Some(signer))
}

/// The redirect that reports a logout as done.
pub fn logout_response_url(
    header: &Header<'_>,
    in_response_to: &str,
    relay_state: Option<&str>,
    signer: &SigningIdentity,
) -> Result<String, SignError> {
    let status = Element::new("samlp:Status")
        .child(&Element::new("samlp:StatusCode").attr("Value", SUCCESS));
    let xml = header
        .element("samlp:LogoutResponse")
        .attr("InResponseTo", in_response_to)
        .child(&header.issuer())
        .child(&status)
        .render();
    redirect_url(header.destination, (Parameter::Response, &xml), relay_state, Some(signer))
}

/// Why a logout message is not followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LogoutRejection {
    /// No XML within bounds, or an element that must be there is not.
    #[error("malformed: {0}")]
    Malformed(#[from] XmlError),
    /// For somebody else.
    #[error("not for this address")]
    Destination,
    /// From somebody else.
    #[error("the issuer is not the expected party")]
    Issuer,
    /// Signed wrongly, or not signed although it must be.
    #[error("{0}")]
    Signature(#[from] SignatureError),
    /// An answer to another request.
    #[error("does not answer our request")]
    Unsolicited,
    /// Past its own time.
    #[error("expired")]
    Expired,
}

/// What a logout message must fit.
#[derive(Clone, Copy, Debug)]
pub struct Accepts<'a> {
    /// The URL it arrived at.
    pub destination: &'a str,
    /// Who may have sent it.
    pub issuers: &'a [String],
    /// Their keys.
    pub trust: &'a TrustedKeys,
    /// Is an unsigned one refused? Requests are refused unsigned in any case.
    pub require_signature: bool,
}

/// A verified request to end the sessions of a viewer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogoutRequest {
    /// Its id, for the answer.
    pub id: String,
    /// Who asks.
    pub issuer: String,
    /// Whose sessions end.
    pub name_id: NameId,
    /// Which ones; all of them if empty.
    pub session_indexes: Vec<String>,
}

/// Reads a logout request of the redirect binding. It must be signed.
pub fn read_logout_request(
    message: &Redirected,
    accepts: &Accepts<'_>,
    now: Timestamp,
) -> Result<LogoutRequest, LogoutRejection> {
    let xml = Xml::parse(&message.xml)?;
    let accepts = Accepts { require_signature: true, ..*accepts };
    let (root, issuer) = open(&xml, "LogoutRequest", message, &accepts)?;
    if instant_of(root, "NotOnOrAfter")?.is_some_and(|until| until <= now) {
        return Err(LogoutRejection::Expired);
    }
    Ok(LogoutRequest {
        id: required_id(root)?,
        issuer,
        name_id: name_id(root).ok_or(XmlError::Malformed)?,
        session_indexes: root.children(SAMLP, "SessionIndex").map(Node::text).collect(),
    })
}

/// Reads the answer to our logout request `request_id`: did the provider end the session?
pub fn read_logout_response(
    message: &Redirected,
    accepts: &Accepts<'_>,
    request_id: &str,
) -> Result<bool, LogoutRejection> {
    let xml = Xml::parse(&message.xml)?;
    let (root, _) = open(&xml, "LogoutResponse", message, accepts)?;
    if root.attribute("InResponseTo") != Some(request_id) {
        return Err(LogoutRejection::Unsolicited);
    }
    let status = StatusView::of(root).ok_or(XmlError::Malformed)?;
    Ok(status.is_success())
}

/// The root of a logout message for us from whom we think, with its issuer.
fn open<'d>(
    xml: &'d Xml<'_>,
    name: &str,
    message: &Redirected,
    accepts: &Accepts<'_>,
) -> Result<(Node<'d>, String), LogoutRejection> {
    let root = xml.root().ok_or(XmlError::Malformed)?;
    if !root.is(SAMLP, name) || root.attribute("Version") != Some("2.0") {
        return Err(XmlError::Malformed.into());
    }
    let signed =
        message.is_signed(accepts.trust)? | covered(xml, &[root], accepts.trust)?.has(root);
    if accepts.require_signature && !signed {
        return Err(SignatureError::Missing.into());
    }
    let destination = root.attribute("Destination");
    let elsewhere = destination.is_some_and(|url| url != accepts.destination);
    if elsewhere || (signed && destination.is_none()) {
        return Err(LogoutRejection::Destination);
    }
    let issuer = root.child_text(SAML, "Issuer").ok_or(LogoutRejection::Issuer)?;
    if accepts.issuers.contains(&issuer) {
        Ok((root, issuer))
    } else {
        Err(LogoutRejection::Issuer)
    }
}

fn required_id(root: Node<'_>) -> Result<String, XmlError> {
    root.attribute("ID").map(str::to_owned).ok_or(XmlError::Malformed)
}
