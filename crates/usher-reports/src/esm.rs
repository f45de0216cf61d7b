//! What entitlement events count for (`wolap.md` §5.1, §6.1, §17.1).

use usher_cube::{Fact, Marks, Measure, Schema};

use crate::EntitlementEvent;
use crate::EntitlementEventName as Name;

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
    refused: Marks::NONE,
};

impl EntitlementEvent {
    /// Hands the event to `take` as a fact.
    pub(crate) fn with_fact<T>(&self, take: impl FnOnce(&Fact<'_>) -> T) -> T {
        let labels = self.labels();
        take(&Fact {
            at: self.ts.as_millis(),
            labels: &labels,
            marks: self.marks(),
            amount: self.latency_ms.map_or(0, |millis| u32::try_from(millis).unwrap_or(u32::MAX)),
            actor: present(self.user_id.as_deref()).map(|user| [self.mvpd.as_str(), user]),
            session: present(self.session_id.as_deref()).map(|session| (session, None)),
        })
    }

    /// One label per dimension of [`SCHEMA`], absent ones replaced as `wolap.md` §5.1 says: `Unknown`
    /// where the attribute could apply, `N/A` where it cannot.
    fn labels(&self) -> [&str; 27] {
        let clientless = if self.is_clientless() { UNKNOWN } else { NOT_APPLICABLE };
        let resource = if self.has_resource() { UNKNOWN } else { NOT_APPLICABLE };
        let decision = if self.event == Name::Decision { UNKNOWN } else { NOT_APPLICABLE };
        let without_sdk = self.nsdk.as_deref() == Some("non-sdk");
        [
            &self.media_company,
            &self.requestor_id,
            or(self.proxy.as_deref(), UNKNOWN),
            &self.mvpd,
            or(self.dc.as_deref(), UNKNOWN),
            or(self.platform.as_deref(), UNKNOWN),
            or(self.nsdk.as_deref(), UNKNOWN),
            or(self.nsdk_version.as_deref(), if without_sdk { NOT_APPLICABLE } else { UNKNOWN }),
            or(self.cdt.as_deref(), clientless),
            or(self.platform_version.as_deref(), clientless),
            or(self.eap.as_deref(), NOT_APPLICABLE),
            or(self.device.as_deref(), UNKNOWN),
            or(self.os_family.as_deref(), UNKNOWN),
            or(self.browser_family.as_deref(), UNKNOWN),
            or(self.browser_version.as_deref(), UNKNOWN),
            or(self.application_name.as_deref(), UNKNOWN),
            or(self.application_version.as_deref(), UNKNOWN),
            or(self.application_software_id.as_deref(), UNKNOWN),
            or(self.customer_app.as_deref(), UNKNOWN),
            or(self.api.as_deref(), UNKNOWN),
            or(self.arch.as_deref(), UNKNOWN),
            self.event.as_str(),
            or(self.reason.as_deref(), "None"),
            or(self.channel.as_deref(), resource),
            or(self.content_category.as_deref(), resource),
            or(self.sso_type.as_deref(), "None"),
            or(self.decision_type.as_deref(), decision),
        ]
    }

    /// What the event increments.
    fn marks(&self) -> Marks {
        let own = match self.event {
            Name::AuthnAttempt => AUTHN_ATTEMPT,
            Name::AuthnPending => AUTHN_PENDING,
            Name::AuthnGranted => AUTHN_SUCCESSFUL,
            Name::AuthnFailed => AUTHN_FAILED,
            Name::ClientlessTokenGranted => CLIENTLESS_TOKEN,
            Name::ClientlessTokenFailed => CLIENTLESS_FAILURE,
            Name::AuthzAttempt => AUTHZ_ATTEMPT,
            Name::AuthzGranted => AUTHZ_SUCCESSFUL.and(self.latency()),
            Name::AuthzFailed if self.is_denial() => AUTHZ_FAILED.and(self.latency()),
            Name::AuthzFailed => self.latency(),
            Name::AuthzRejected => AUTHZ_REJECTED.and(self.latency()),
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
    fn decision(&self) -> Marks {
        let outcome = match self.decision_outcome.as_deref() {
            Some("permit") => DECISION_PERMIT,
            Some("deny") => DECISION_DENY,
            Some(_) | None => Marks::NONE,
        };
        let token = if self.token_issued == Some(true) { DECISION_TOKEN } else { Marks::NONE };
        DECISION.and(outcome).and(token)
    }

    fn latency(&self) -> Marks {
        self.latency_ms.map_or(Marks::NONE, |_| AUTHZ_LATENCY)
    }

    /// An authorization that the MVPD denied, as opposed to one that errored (`wolap.md` OP-26).
    fn is_denial(&self) -> bool {
        let reason = self.reason.as_deref().unwrap_or_default();
        !matches!(reason, "network" | "invalid" | "norefreshtoken" | "mismatch")
    }

    const fn is_clientless(&self) -> bool {
        matches!(self.event, Name::ClientlessTokenGranted | Name::ClientlessTokenFailed)
    }

    /// Whether events of this kind are about a resource.
    const fn has_resource(&self) -> bool {
        match self.event {
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
fn present(value: Option<&str>) -> Option<&str> {
    value.filter(|text| !text.is_empty())
}

/// `value`, unless it is absent or empty.
pub(crate) fn or<'a>(value: Option<&'a str>, default: &'a str) -> &'a str {
    present(value).unwrap_or(default)
}
