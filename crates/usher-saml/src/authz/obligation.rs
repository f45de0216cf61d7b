//! Decisions and what comes with them (`mvpd` §7.5).

use std::time::Duration;

const RE_AUTHZ: &str = "urn:cablelabs:olca:1.0:obligations:re-authz";
const LOG: &str = "urn:cablelabs:olca:1.0:obligations:log";
const PARENTAL_CONTROL: &str = "urn:tve:xacml:2.0:obligations:restrict-pc";
const UPGRADE: &str = "urn:tve:xacml:2.0:obligations:upgrade";
const MAX_MPAA: &str = "urn:cablelabs:ocla:1.0:attribute:content:ratings:maxMPAA";
const MAX_VCHIP: &str = "urn:cablelabs:ocla:1.0:attribute:content:ratings:maxVCHIP";
const MESSAGE: &str = "urn:cablelabs:ocla:1.0:attribute:enviroment:buy-flow:message";
const REASON_CODE: &str =
    "urn:cablelabs:olca:1.0:attribute:content:subscription:tv-network:reason-code";

/// The longest text of a provider that is passed on, in characters (`mvpd` §7.7).
const TEXT_CHARS_MAX: usize = 1024;

/// What the provider decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Yes.
    Permit,
    /// No.
    Deny,
    /// No rule applies; the contract treats it as no.
    NotApplicable,
    /// The provider could not decide.
    Indeterminate,
}

/// The decision about one resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthzResult {
    /// The resource; may be missing if only one was asked about.
    pub resource_id: Option<String>,
    /// The decision.
    pub decision: Decision,
    /// The XACML status code.
    pub status_code: Option<String>,
    /// The XACML status message.
    pub status_message: Option<String>,
    /// What the decision obliges us to.
    pub obligations: Vec<Obligation>,
}

/// One obligation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Obligation {
    /// What it is.
    pub id: String,
    /// `Permit` or `Deny`.
    pub fulfil_on: Option<String>,
    /// Its parameters.
    pub assignments: Vec<Assignment>,
}

/// One parameter of an obligation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assignment {
    /// Its `AttributeId`.
    pub attribute_id: String,
    /// Its value.
    pub value: String,
}

impl AuthzResult {
    /// How long a permit holds, by the `re-authz` obligation: its first integer, in seconds.
    pub fn ttl(&self) -> Option<Duration> {
        let seconds = self
            .obliged(RE_AUTHZ)?
            .assignments
            .iter()
            .find_map(|assignment| assignment.value.parse::<u32>().ok())?;
        (seconds > 0).then(|| Duration::from_secs(u64::from(seconds)))
    }

    /// Must the transaction be written to the audit log?
    pub fn must_be_logged(&self) -> bool {
        self.obliged(LOG).is_some()
    }

    /// Is it denied by parental controls?
    pub fn is_restricted_by_parental_controls(&self) -> bool {
        self.obliged(PARENTAL_CONTROL).is_some()
    }

    /// Is it denied until the subscription is upgraded?
    pub fn wants_upgrade(&self) -> bool {
        self.obliged(UPGRADE).is_some()
    }

    /// Obligations of this decision the contract does not know; for `strictObligations`.
    pub fn unknown_obligations(&self) -> impl Iterator<Item = &Obligation> {
        let known = [RE_AUTHZ, LOG, PARENTAL_CONTROL, UPGRADE];
        self.obligations.iter().filter(move |obligation| {
            self.applies(obligation) && !known.iter().any(|id| same_id(id, &obligation.id))
        })
    }

    /// The viewer's highest MPAA rating, if told.
    pub fn max_mpaa(&self) -> Option<&str> {
        self.assigned(MAX_MPAA)
    }

    /// The viewer's highest V-chip rating, if told.
    pub fn max_vchip(&self) -> Option<&str> {
        self.assigned(MAX_VCHIP)
    }

    /// A code for the denial.
    pub fn reason_code(&self) -> Option<&str> {
        self.assigned(REASON_CODE)
    }

    /// The provider's text for the viewer: without control characters and of bounded length.
    pub fn message(&self) -> Option<String> {
        // Many services say `ok` to whatever they decided.
        let status = self.status_message.as_deref().filter(|it| !it.eq_ignore_ascii_case("ok"));
        let text = self.assigned(MESSAGE).or(status)?;
        let text: String = text.chars().filter(|c| !c.is_control()).take(TEXT_CHARS_MAX).collect();
        (!text.is_empty()).then_some(text)
    }

    fn obliged(&self, id: &str) -> Option<&Obligation> {
        self.obligations
            .iter()
            .find(|obligation| same_id(id, &obligation.id) && self.applies(obligation))
    }

    /// Is the obligation one of the decision that was made?
    fn applies(&self, obligation: &Obligation) -> bool {
        match obligation.fulfil_on.as_deref() {
            Some("Permit") => self.decision == Decision::Permit,
            Some("Deny") => matches!(self.decision, Decision::Deny | Decision::NotApplicable),
            _ => true,
        }
    }

    /// The value assigned to an attribute in whatever obligation.
    fn assigned(&self, id: &str) -> Option<&str> {
        self.obligations
            .iter()
            .flat_map(|obligation| &obligation.assignments)
            .find(|assignment| same_id(id, &assignment.attribute_id))
            .map(|assignment| assignment.value.as_str())
            .filter(|value| !value.is_empty())
    }
}

/// Are two ids the same but for spellings that are in use?
fn same_id(left: &str, right: &str) -> bool {
    let usual = |id: &str| id.replace(":ocla:", ":olca:").replace("enviroment", "environment");
    usual(left) == usual(right)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn result(
        decision: Decision,
        id: &str,
        fulfil_on: &str,
        attribute: (&str, &str),
    ) -> AuthzResult {
        let assignment = Assignment { attribute_id: attribute.0.into(), value: attribute.1.into() };
        AuthzResult {
            resource_id: None,
            decision,
            status_code: None,
            status_message: None,
            obligations: vec![Obligation {
                id: id.into(),
                fulfil_on: Some(fulfil_on.into()),
                assignments: vec![assignment],
            }],
        }
    }

    #[test]
    fn an_obligation_of_the_other_decision_does_not_count() {
        let permit = result(Decision::Permit, RE_AUTHZ, "Permit", ("ttl", "600"));
        assert_eq!(permit.ttl(), Some(Duration::from_mins(10)));
        let deny = result(Decision::Deny, RE_AUTHZ, "Permit", ("ttl", "600"));
        assert_eq!(deny.ttl(), None);
    }

    #[test]
    fn misspelt_ids_are_understood() {
        for id in [MAX_VCHIP.to_owned(), MAX_VCHIP.replace("ocla", "olca")] {
            let permit = result(Decision::Permit, "urn:x", "Permit", (&id, "TV-14"));
            assert_eq!(permit.max_vchip(), Some("TV-14"));
            assert_eq!(permit.unknown_obligations().count(), 1);
        }
        let id = MESSAGE.replace("enviroment", "environment").replace("ocla", "olca");
        let deny = result(Decision::Deny, UPGRADE, "Deny", (&id, "Buy\u{7} more"));
        assert!(deny.wants_upgrade());
        assert_eq!(deny.message().as_deref(), Some("Buy more"));
    }

    #[test]
    fn a_ttl_that_is_no_positive_integer_is_no_ttl() {
        for value in ["0", "-5", "soon", "99999999999999999999"] {
            assert_eq!(result(Decision::Permit, RE_AUTHZ, "Permit", ("ttl", value)).ttl(), None);
        }
    }
}
