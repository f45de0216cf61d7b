//! The checks of `mvpd` §5.5, in order.

use usher_core::Timestamp;

use super::audience::{Window, accepts_audience, bounded};
use super::document::{Carried, Envelope, StatusView, decrypted};
use super::{
    Expected, IdentityProvider, Rejection, SignedPart, Unsolicited, VerifiedAssertion, assertion,
};
use crate::encryption::{Integrity, decrypt};
use crate::names::{BEARER, SAML};
use crate::signature::{SignatureError, covered};
use crate::xml::{Node, Xml, XmlError};

impl IdentityProvider {
    /// What the document `response` proves, or why it proves nothing: rows 1, 3 to 14 and 16.
    ///
    /// Left to the caller: the session (row 2), that the request id is used once (row 4), that the
    /// assertion id is new (row 15), and the integration (row 17).
    pub fn verify(
        &self,
        response: &str,
        expected: &Expected<'_>,
    ) -> Result<VerifiedAssertion, Rejection> {
        let xml = Xml::parse(response)?;
        let envelope = Envelope::open(&xml)?;
        check_address(envelope, expected)?;
        check_status(envelope.root)?;
        let carried = envelope.carried()?;

        let clear = match carried {
            Carried::Clear(_) if self.require_encryption => return Err(Rejection::Decrypt),
            Carried::Clear(node) => Some(node),
            Carried::Encrypted(_) => None,
        };
        let places: Vec<Node<'_>> = [envelope.root].into_iter().chain(clear).collect();
        let coverage = covered(&xml, &places, &self.trust)?;
        let response_signed = coverage.has(envelope.root);
        if response_signed && envelope.destination().is_none() {
            return Err(Rejection::Destination);
        }

        let issuer = envelope.issuer();
        match carried {
            Carried::Clear(node) => {
                self.check_signed(response_signed, coverage.has(node))?;
                self.read(node, issuer, expected)
            }
            Carried::Encrypted(node) => {
                let plain = self.decrypt(node, response_signed)?;
                let inner = Xml::parse(&plain).map_err(|_| Rejection::Decrypt)?;
                let node = decrypted(&inner)?;
                let coverage = covered(&inner, &[node], &self.trust)?;
                self.check_signed(response_signed, coverage.has(node))?;
                self.read(node, issuer, expected)
            }
        }
    }

    /// Row 7.
    fn decrypt(&self, encrypted: Node<'_>, response_signed: bool) -> Result<String, Rejection> {
        let outer = if response_signed { Integrity::Signed } else { Integrity::Own };
        decrypt(encrypted, &self.decryption_keys, outer).ok_or(Rejection::Decrypt)
    }

    /// Row 8: is enough of the answer signed?
    fn check_signed(&self, response: bool, assertion: bool) -> Result<(), Rejection> {
        let enough = match self.signed {
            SignedPart::Either => response || assertion,
            SignedPart::Assertion => assertion,
            SignedPart::Both => response && assertion,
        };
        if enough { Ok(()) } else { Err(Rejection::Signature(SignatureError::Missing)) }
    }

    /// Rows 10 to 14 and 16, on an assertion that is signed.
    fn read(
        &self,
        node: Node<'_>,
        response_issuer: Option<String>,
        expected: &Expected<'_>,
    ) -> Result<VerifiedAssertion, Rejection> {
        let issuer = node.child_text(SAML, "Issuer").ok_or(Rejection::Issuer)?;
        let agrees = response_issuer.is_none_or(|response| response == issuer);
        if !agrees || !expected.issuers.contains(&issuer) {
            return Err(Rejection::Issuer);
        }
        if node.attribute("Version") != Some("2.0") {
            return Err(XmlError::Malformed.into());
        }
        let conditions = self.check_conditions(node, expected)?;
        let subject = node.only_child(SAML, "Subject").ok_or(Rejection::SubjectConfirmation)?;
        let (confirmed_until, in_response_to) = self.check_subject(subject, expected)?;
        let authentication = assertion::Authentication::of(node)?;
        let attributes = assertion::attributes(node);
        let name_id = assertion::name_id(subject);
        let until = conditions.map_or(confirmed_until, |until| until.min(confirmed_until));
        Ok(VerifiedAssertion {
            user_id: assertion::user_id(expected.user_id_attribute, &attributes, name_id.as_ref())?,
            name_id,
            session_index: authentication.session_index,
            authn_instant: authentication.instant,
            session_not_on_or_after: authentication.session_not_on_or_after,
            authn_context: authentication.context,
            attributes,
            issuer,
            assertion_id: assertion::id(node)?,
            not_on_or_after: until + bounded(self.skew),
            conditions_not_on_or_after: conditions,
            in_response_to,
        })
    }

    /// Rows 11 and 12. Returns the end of validity.
    fn check_conditions(
        &self,
        assertion: Node<'_>,
        expected: &Expected<'_>,
    ) -> Result<Option<Timestamp>, Rejection> {
        let conditions = assertion.only_child(SAML, "Conditions").ok_or(Rejection::Audience)?;
        let Window { not_before, not_on_or_after } = Window::of(conditions)?;
        if !(Window { not_before, not_on_or_after }).holds(expected.now, self.skew) {
            return Err(Rejection::Time { now: expected.now, not_before, not_on_or_after });
        }
        if accepts_audience(conditions, expected.sp_entity_id, expected.requestor) {
            Ok(not_on_or_after)
        } else {
            Err(Rejection::Audience)
        }
    }

    /// Row 13. Returns the end of the confirmation that fits, and the request it is about.
    fn check_subject(
        &self,
        subject: Node<'_>,
        expected: &Expected<'_>,
    ) -> Result<(Timestamp, Option<String>), Rejection> {
        let fits = |confirmation: Node<'_>| {
            if confirmation.attribute("Method") != Some(BEARER) {
                return None;
            }
            let data = confirmation.only_child(SAML, "SubjectConfirmationData")?;
            let window = Window::of(data).ok()?;
            let in_response_to = data.attribute("InResponseTo");
            let fits = data.attribute("Recipient") == Some(expected.acs_url)
                && window.holds(expected.now, self.skew)
                && answers(in_response_to, expected);
            let until = window.not_on_or_after.filter(|_| fits)?;
            Some((until, in_response_to.map(str::to_owned)))
        };
        subject
            .children(SAML, "SubjectConfirmation")
            .find_map(fits)
            .ok_or(Rejection::SubjectConfirmation)
    }
}

/// Rows 3 to 5: is it for us, for this session, and from whom we think?
fn check_address(envelope: Envelope<'_>, expected: &Expected<'_>) -> Result<(), Rejection> {
    if envelope.destination().is_some_and(|url| url != expected.acs_url) {
        return Err(Rejection::Destination);
    }
    if !answers(envelope.in_response_to(), expected) {
        return Err(Rejection::Unsolicited);
    }
    let issuer = envelope.issuer();
    if issuer.is_some_and(|issuer| !expected.issuers.contains(&issuer)) {
        return Err(Rejection::Issuer);
    }
    Ok(())
}

/// Does `in_response_to` name the request of this session, or is none needed?
fn answers(in_response_to: Option<&str>, expected: &Expected<'_>) -> bool {
    match in_response_to {
        Some(id) => expected.request_id == Some(id),
        None => expected.unsolicited == Unsolicited::Accepted,
    }
}

/// Row 6.
fn check_status(response: Node<'_>) -> Result<(), Rejection> {
    let status = StatusView::of(response).ok_or(XmlError::Malformed)?;
    if status.is_success() {
        Ok(())
    } else {
        Err(Rejection::Status { code: status.code, detail: status.detail })
    }
}
