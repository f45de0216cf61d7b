//! What an assertion says, once it is believed.

use std::collections::BTreeMap;

use usher_core::Timestamp;

use super::audience::instant_of;
use super::{NameId, Rejection};
use crate::names::SAML;
use crate::xml::{Node, XmlError};

/// The longest user id (`mvpd` §5.5 row 16).
const USER_ID_CHARS_MAX: usize = 1024;

/// The statement that somebody signed in (row 14).
pub(super) struct Authentication {
    pub(super) session_index: Option<String>,
    pub(super) instant: Option<Timestamp>,
    pub(super) session_not_on_or_after: Option<Timestamp>,
    pub(super) context: Option<String>,
}

impl Authentication {
    pub(super) fn of(assertion: Node<'_>) -> Result<Self, Rejection> {
        let statement = assertion.child(SAML, "AuthnStatement").ok_or(Rejection::AuthnStatement)?;
        let context = statement.child(SAML, "AuthnContext");
        Ok(Self {
            session_index: statement.attribute("SessionIndex").map(str::to_owned),
            instant: instant_of(statement, "AuthnInstant")?,
            session_not_on_or_after: instant_of(statement, "SessionNotOnOrAfter")?,
            context: context.and_then(|node| node.child_text(SAML, "AuthnContextClassRef")),
        })
    }
}

/// The name identifier of a subject or a logout request.
pub(crate) fn name_id(parent: Node<'_>) -> Option<NameId> {
    let node = parent.only_child(SAML, "NameID")?;
    let value = node.text();
    let attribute = |name| node.attribute(name).map(str::to_owned);
    (!value.is_empty()).then(|| NameId {
        value,
        format: attribute("Format"),
        name_qualifier: attribute("NameQualifier"),
        sp_name_qualifier: attribute("SPNameQualifier"),
    })
}

/// Attribute values by name; an attribute given in pieces is put together.
pub(super) fn attributes(assertion: Node<'_>) -> BTreeMap<String, Vec<String>> {
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let attributes = assertion
        .children(SAML, "AttributeStatement")
        .flat_map(|statement| statement.children(SAML, "Attribute"));
    for attribute in attributes {
        let Some(name) = attribute.attribute("Name") else { continue };
        let values = attribute.children(SAML, "AttributeValue").map(Node::text);
        found.entry(name.trim().to_owned()).or_default().extend(values);
    }
    found
}

/// The viewer's id: the first value of `attribute` if one is configured, else the name identifier.
pub(super) fn user_id(
    attribute: Option<&str>,
    attributes: &BTreeMap<String, Vec<String>>,
    name_id: Option<&NameId>,
) -> Result<String, Rejection> {
    let id = match attribute {
        Some(name) => attributes.get(name).and_then(|values| values.first()),
        None => name_id.map(|name_id| &name_id.value),
    };
    id.filter(|id| !id.is_empty() && id.chars().count() <= USER_ID_CHARS_MAX)
        .cloned()
        .ok_or(Rejection::NoUserId)
}

/// The element's id.
pub(super) fn id(assertion: Node<'_>) -> Result<String, Rejection> {
    let id = assertion.attribute("ID").filter(|id| !id.is_empty());
    id.map(str::to_owned).ok_or(Rejection::Malformed(XmlError::Malformed))
}
