//! What entitlement events count for (`wolap.md` §5.1, §6.1, §17.1).

use usher_cube::{Fact, Marks, Measure, Schema};

use crate::EntitlementEvent;
use crate::EntitlementEventName as Name;
use crate::layout::{EntitlementKind, Meaning, Numbered};

const AUTHN_ATTEMPT: Marks = Marks::bit(0);
const AUTHN_PENDING: Marks = Marks::bit(1);
const AUTHN_SUCCESSFUL: Marks = Marks::bit(2);
const AUTHN_FAILED: Marks = Marks::bit(3);
const CLIENTLESS_TOKEN: Marks = Marks::bit(4);
const CLIENTLESS_FAILURE: Marks = Marks::bit(5);
const AUTHZ_ATTEMPT: Marks = Marks::bit(6);
const AUTHZ_SUCCESSFUL: Marks = Marks::bit(7);
const AUTHZ_FAILED: Marks = Marks::bit(8);
const AUTHZ_REJECTED: Marks = Marks::bit(9);
const AUTHZ_LATENCY: Marks = Marks::bit(10);
const MEDIA_TOKEN: Marks = Marks::bit(11);
const COUNT: Marks = Marks::bit(12);
const DECISION: Marks = Marks::bit(13);
const DECISION_PERMIT: Marks = Marks::bit(14);
const DECISION_DENY: Marks = Marks::bit(15);
const DECISION_TOKEN: Marks = Marks::bit(16);
/// Any `authn-*` event: these count for unique sessions.
const AUTHN: Marks = AUTHN_ATTEMPT.and(AUTHN_PENDING).and(AUTHN_SUCCESSFUL).and(AUTHN_FAILED);

/// Columns and metrics of entitlement facts.
pub(crate) static SCHEMA: Schema = Schema {
    dims: &[
        "media-company",
        "requestor-id",
        "proxy",
        "mvpd",
        "dc",
        "platform",
        "nsdk",
        "nsdk-version",
        "cdt",
        "platform-version",
        "eap",
        "device",
        "os-family",
        "browser-family",
        "browser-version",
        "application-name",
        "application-version",
        "application-software-id",
        "customer-app",
        "api",
        "arch",
        "event",
        "reason",
        "channel",
        "content-category",
        "sso-type",
        "decision-type",
    ],
    metrics: &[
        ("authn-attempts", Measure::Count(AUTHN_ATTEMPT)),
        ("authn-pending", Measure::Count(AUTHN_PENDING)),
        ("authn-successful", Measure::Count(AUTHN_SUCCESSFUL)),
        ("authn-failed", Measure::Count(AUTHN_FAILED)),
        ("clientless-tokens", Measure::Count(CLIENTLESS_TOKEN)),
        ("clientless-failures", Measure::Count(CLIENTLESS_FAILURE)),
        ("authz-attempts", Measure::Count(AUTHZ_ATTEMPT)),
        ("authz-successful", Measure::Count(AUTHZ_SUCCESSFUL)),
        ("authz-failed", Measure::Count(AUTHZ_FAILED)),
        ("authz-rejected", Measure::Count(AUTHZ_REJECTED)),
        ("authz-latency", Measure::Sum(AUTHZ_LATENCY)),
        ("media-tokens", Measure::Count(MEDIA_TOKEN)),
        ("count", Measure::Count(COUNT)),
        ("decision-attempts", Measure::Count(DECISION)),
        ("decision-successful", Measure::Count(DECISION_PERMIT)),
        ("decision-failed", Measure::Count(DECISION_DENY)),
        ("decision-media-tokens", Measure::Count(DECISION_TOKEN)),
        // Over all events of the group, whatever set the cube has (contracts README, clarification 17).
        ("unique-accounts", Measure::Actors(Marks::ANY)),
        ("unique-sessions", Measure::Sessions(AUTHN)),
    ],
    streams: None,
};

impl EntitlementEvent {
    /// Hands the event to `take` as a fact.
    pub(crate) fn with_fact<T>(&self, take: impl FnOnce(&Fact<'_>) -> T) -> T {
        let numbered = if self.latency_ms.is_some() { Numbered::Yes } else { Numbered::No };
        let kind = self.kind();
        take(&Fact {
            at: self.ts.as_millis(),
            labels: &kind.labels(self.event),
            marks: kind.marks(self.event, numbered),
            amount: self.latency_ms.map(|millis| i64::try_from(millis).unwrap_or(i64::MAX)),
            actor: present(self.user_id.as_deref()).map(|user| [self.mvpd.as_str(), user]),
            session: present(self.session_id.as_deref()).map(|session| (session, None)),
        })
    }
}

impl<'a> EntitlementKind<'a> {
    /// Hands what events of this kind mean to `take`; nothing when they are none of this version.
    pub(crate) fn with_meaning<T>(
        self,
        numbered: Numbered,
        take: impl FnOnce(Meaning<'_>) -> T,
    ) -> Option<T> {
        let event = Name::named(self.event?)?;
        let (labels, marks) = (self.labels(event), self.marks(event, numbered));
        Some(take(Meaning { labels: &labels, marks, step: None }))
    }

    /// One label per dimension of [`SCHEMA`], absent ones replaced as `wolap.md` §5.1 says: `Unknown`
    /// where the attribute could apply, `N/A` where it cannot.
    fn labels(self, event: Name) -> [&'a str; 27] {
        let clientless = if event.is_clientless() { UNKNOWN } else { NOT_APPLICABLE };
        let resource = if event.has_resource() { UNKNOWN } else { NOT_APPLICABLE };
        let decision = if event == Name::Decision { UNKNOWN } else { NOT_APPLICABLE };
        let without_sdk = self.nsdk == Some("non-sdk");
        [
            self.media_company.unwrap_or_default(),
            self.requestor_id.unwrap_or_default(),
            or(self.proxy, UNKNOWN),
            self.mvpd.unwrap_or_default(),
            or(self.dc, UNKNOWN),
            or(self.platform, UNKNOWN),
            or(self.nsdk, UNKNOWN),
            or(self.nsdk_version, if without_sdk { NOT_APPLICABLE } else { UNKNOWN }),
            or(self.cdt, clientless),
            or(self.platform_version, clientless),
            or(self.eap, NOT_APPLICABLE),
            or(self.device, UNKNOWN),
            or(self.os_family, UNKNOWN),
            or(self.browser_family, UNKNOWN),
            or(self.browser_version, UNKNOWN),
            or(self.application_name, UNKNOWN),
            or(self.application_version, UNKNOWN),
            or(self.application_software_id, UNKNOWN),
            or(self.customer_app, UNKNOWN),
            or(self.api, UNKNOWN),
            or(self.arch, UNKNOWN),
            event.as_str(),
            or(self.reason, "None"),
            or(self.channel, resource),
            or(self.content_category, resource),
            or(self.sso_type, "None"),
            or(self.decision_type, decision),
        ]
    }

    /// What the event increments.
    fn marks(self, event: Name, numbered: Numbered) -> Marks {
        let latency = match numbered {
            Numbered::Yes => AUTHZ_LATENCY,
            Numbered::No => Marks::NONE,
        };
        let own = match event {
            Name::AuthnAttempt => AUTHN_ATTEMPT,
            Name::AuthnPending => AUTHN_PENDING,
            Name::AuthnGranted => AUTHN_SUCCESSFUL,
            Name::AuthnFailed => AUTHN_FAILED,
            Name::ClientlessTokenGranted => CLIENTLESS_TOKEN,
            Name::ClientlessTokenFailed => CLIENTLESS_FAILURE,
            Name::AuthzAttempt => AUTHZ_ATTEMPT,
            Name::AuthzGranted => AUTHZ_SUCCESSFUL.and(latency),
            Name::AuthzFailed if self.is_denial() => AUTHZ_FAILED.and(latency),
            Name::AuthzFailed => latency,
            Name::AuthzRejected => AUTHZ_REJECTED.and(latency),
            Name::MediaToken => MEDIA_TOKEN,
            Name::Decision => return self.decision(),
            Name::MediaTokenFailed
            | Name::PreauthzAttempt
            | Name::PreauthzGranted
            | Name::PreauthzDenied
            | Name::PreauthzFailed
            | Name::LogoutAttempt
            | Name::LogoutCompleted
            | Name::LogoutFailed => Marks::NONE,
        };
        own.and(COUNT)
    }

    /// Decisions are a world of their own: they are not in `event` reports.
    fn decision(self) -> Marks {
        let outcome = match self.decision_outcome {
            Some("permit") => DECISION_PERMIT,
            Some("deny") => DECISION_DENY,
            Some(_) | None => Marks::NONE,
        };
        let token = if self.token_issued == Some("true") { DECISION_TOKEN } else { Marks::NONE };
        DECISION.and(outcome).and(token)
    }

    /// An authorization that the MVPD denied, as opposed to one that errored (`wolap.md` OP-26).
    fn is_denial(self) -> bool {
        let reason = self.reason.unwrap_or_default();
        !matches!(reason, "network" | "invalid" | "norefreshtoken" | "mismatch")
    }
}

impl Name {
    const fn is_clientless(self) -> bool {
        matches!(self, Name::ClientlessTokenGranted | Name::ClientlessTokenFailed)
    }

    /// Whether events of this kind are about a resource.
    const fn has_resource(self) -> bool {
        match self {
            Name::AuthzAttempt
            | Name::AuthzGranted
            | Name::AuthzFailed
            | Name::AuthzRejected
            | Name::MediaToken
            | Name::MediaTokenFailed
            | Name::PreauthzAttempt
            | Name::PreauthzGranted
            | Name::PreauthzDenied
            | Name::PreauthzFailed
            | Name::Decision => true,
            Name::AuthnAttempt
            | Name::AuthnPending
            | Name::AuthnGranted
            | Name::AuthnFailed
            | Name::ClientlessTokenGranted
            | Name::ClientlessTokenFailed
            | Name::LogoutAttempt
            | Name::LogoutCompleted
            | Name::LogoutFailed => false,
        }
    }
}

pub(crate) const UNKNOWN: &str = "Unknown";
const NOT_APPLICABLE: &str = "N/A";

/// `value`, unless it is empty.
pub(crate) fn present(value: Option<&str>) -> Option<&str> {
    value.filter(|text| !text.is_empty())
}

/// `value`, unless it is absent or empty.
pub(crate) fn or<'a>(value: Option<&'a str>, default: &'a str) -> &'a str {
    present(value).unwrap_or(default)
}
