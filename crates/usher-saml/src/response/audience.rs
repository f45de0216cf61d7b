//! `saml:Conditions`: when and for whom an assertion holds.

use std::time::Duration;

use usher_core::Timestamp;

use crate::instant;
use crate::names::SAML;
use crate::xml::{Node, XmlError};

/// The widest skew a configuration may ask for (`mvpd` §5.5 row 11).
const SKEW_MAX: Duration = Duration::from_mins(10);

/// A span of time, either end open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Window {
    pub(crate) not_before: Option<Timestamp>,
    pub(crate) not_on_or_after: Option<Timestamp>,
}

impl Window {
    /// The window an element's attributes give.
    pub(crate) fn of(node: Node<'_>) -> Result<Self, XmlError> {
        Ok(Self {
            not_before: instant_of(node, "NotBefore")?,
            not_on_or_after: instant_of(node, "NotOnOrAfter")?,
        })
    }

    /// `NotBefore − skew ≤ now < NotOnOrAfter + skew`
    pub(crate) fn holds(self, now: Timestamp, skew: Duration) -> bool {
        let skew = bounded(skew);
        self.not_before.is_none_or(|from| from - skew <= now)
            && self.not_on_or_after.is_none_or(|until| now < until + skew)
    }
}

/// No skew is wider than the widest.
pub(crate) fn bounded(skew: Duration) -> Duration {
    skew.min(SKEW_MAX)
}

/// The instant in an attribute; an unreadable one is an error, not an absence.
pub(crate) fn instant_of(node: Node<'_>, name: &str) -> Result<Option<Timestamp>, XmlError> {
    node.attribute(name)
        .map(|text| instant::parse(text.trim()).ok_or(XmlError::Malformed))
        .transpose()
}

/// Is an assertion under these conditions meant for us? There must be a restriction, each must name us,
/// and there must be no condition we do not know.
pub(crate) fn accepts_audience(
    conditions: Node<'_>,
    sp_entity_id: &str,
    requestor: Option<&str>,
) -> bool {
    let known = ["AudienceRestriction", "OneTimeUse", "ProxyRestriction"];
    let scoped = requestor.map(|requestor| crate::scoped_entity_id(sp_entity_id, requestor));
    let us = |audience: Node<'_>| {
        let audience = audience.text();
        audience == sp_entity_id || Some(&audience) == scoped.as_ref()
    };
    let mut restrictions = conditions.children(SAML, "AudienceRestriction").peekable();
    restrictions.peek().is_some()
        && restrictions.all(|restriction| restriction.children(SAML, "Audience").any(us))
        && conditions.elements().all(|condition| known.iter().any(|name| condition.is(SAML, name)))
}
