//! The outer document: a `samlp:Response` with exactly one assertion.

use crate::names::{SAML, SAMLP, SUCCESS};
use crate::signature::SignatureError;
use crate::xml::{Node, Xml, XmlError};

use super::Rejection;

/// A response that has the right shape. Nothing in it is believed yet.
#[derive(Clone, Copy)]
pub(super) struct Envelope<'d> {
    pub(super) root: Node<'d>,
}

/// The assertion of a response.
#[derive(Clone, Copy)]
pub(super) enum Carried<'d> {
    Clear(Node<'d>),
    Encrypted(Node<'d>),
}

impl<'d> Envelope<'d> {
    /// Rows 1 and 3, but for the destination.
    pub(super) fn open(xml: &'d Xml<'_>) -> Result<Self, Rejection> {
        let root = xml.root().ok_or(XmlError::Malformed)?;
        if root.is(SAMLP, "Response") && root.attribute("Version") == Some("2.0") {
            Ok(Self { root })
        } else {
            Err(Rejection::Destination)
        }
    }

    pub(super) fn destination(self) -> Option<&'d str> {
        self.root.attribute("Destination")
    }

    pub(super) fn in_response_to(self) -> Option<&'d str> {
        self.root.attribute("InResponseTo")
    }

    pub(super) fn issuer(self) -> Option<String> {
        self.root.child_text(SAML, "Issuer")
    }

    /// The one assertion, a child of the root, with no other anywhere in the document.
    pub(super) fn carried(self) -> Result<Carried<'d>, Rejection> {
        let mut messages = self.root.and_below().filter(|node| is_message(*node));
        let (Some(_), Some(only), None) = (messages.next(), messages.next(), messages.next())
        else {
            return Err(Rejection::Signature(SignatureError::Place));
        };
        let child = only.parent().is_some_and(|parent| parent.id() == self.root.id());
        if child && only.is(SAML, "Assertion") {
            Ok(Carried::Clear(only))
        } else if child && only.is(SAML, "EncryptedAssertion") {
            Ok(Carried::Encrypted(only))
        } else {
            Err(Rejection::Signature(SignatureError::Place))
        }
    }
}

/// The assertion in a decrypted text, which must hold nothing but it.
pub(super) fn decrypted<'d>(xml: &'d Xml<'_>) -> Result<Node<'d>, Rejection> {
    let root = xml.root().ok_or(Rejection::Decrypt)?;
    let alone = root.and_below().filter(|node| is_message(*node)).count() == 1;
    if root.is(SAML, "Assertion") && alone { Ok(root) } else { Err(Rejection::Decrypt) }
}

/// Is it something that could be taken for what we look for?
pub(crate) fn is_message(node: Node<'_>) -> bool {
    (node.namespace() == Some(SAML)
        && (node.is_called("Assertion") || node.is_called("EncryptedAssertion")))
        || node.is(SAMLP, "Response")
}

/// The status of a response of any kind.
pub(crate) struct StatusView {
    pub(crate) code: String,
    pub(crate) detail: Option<String>,
    pub(crate) message: Option<String>,
}

impl StatusView {
    /// Reads the `samlp:Status` in `response`.
    pub(crate) fn of(response: Node<'_>) -> Option<Self> {
        let status = response.only_child(SAMLP, "Status")?;
        let outer = status.only_child(SAMLP, "StatusCode")?;
        let inner = outer.child(SAMLP, "StatusCode");
        Some(Self {
            code: outer.attribute("Value")?.trim().to_owned(),
            detail: inner.and_then(|code| code.attribute("Value")).map(|v| v.trim().to_owned()),
            message: status.child_text(SAMLP, "StatusMessage"),
        })
    }

    pub(crate) fn is_success(&self) -> bool {
        self.code == SUCCESS
    }
}
