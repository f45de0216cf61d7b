//! One use of an application on one device, and how its entitlement events look (`wolap.md` §17.1).
//!
//! Attributes are those of a REST V2 call from a device that says what it is: no SDK, not clientless.

use std::time::Duration;

use usher_core::Timestamp;
use usher_reports::{EntitlementEvent, EntitlementEventName as Name, Text};

use super::viewer::{Device, Household};
use super::world::{Brand, Channel, Player, Shortcut};

/// Which decisions API a decision was asked of.
#[derive(Clone, Copy)]
pub(super) enum Asked {
    Authorize,
    Preauthorize,
}

/// How a decision came out.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    Permit,
    Deny,
}

/// A viewer with an application in the hand.
pub(super) struct Visit<'a> {
    pub(super) household: &'a Household,
    pub(super) device: &'a Device,
    pub(super) brand: &'static Brand,
    /// What spares the viewer the sign-in.
    pub(super) shortcut: Option<Shortcut>,
    /// Of the application, for as long as it is open.
    pub(super) session: String,
}

impl Visit<'_> {
    /// What plays the brand here.
    pub(super) const fn player(&self) -> &'static Player {
        self.brand.player(self.device.model.form)
    }

    /// An event that is about nobody known yet.
    pub(super) fn anonymous(&self, event: Name, ts: Timestamp) -> EntitlementEvent {
        EntitlementEvent { user_id: None, ..self.event(event, ts) }
    }

    /// An event about a resource.
    pub(super) fn about(&self, channel: &Channel, event: Name, ts: Timestamp) -> EntitlementEvent {
        let sso = self.shortcut == Some(Shortcut::Platform);
        EntitlementEvent {
            channel: owned(channel.id),
            resource_id: owned(channel.id),
            sso_type: owned(if sso { "platform" } else { "None" }),
            ..self.event(event, ts)
        }
    }

    /// What a provider answered, after `latency`.
    pub(super) fn answered(
        &self,
        channel: &Channel,
        event: Name,
        ts: Timestamp,
        latency: Duration,
    ) -> EntitlementEvent {
        EntitlementEvent {
            latency_ms: u64::try_from(latency.as_millis()).ok(),
            ..self.about(channel, event, ts)
        }
    }

    /// What the decisions API answered.
    pub(super) fn decision(
        &self,
        channel: &Channel,
        asked: Asked,
        outcome: Outcome,
        ts: Timestamp,
    ) -> EntitlementEvent {
        let (asked, token) = match asked {
            Asked::Authorize => ("authorize", outcome == Outcome::Permit),
            Asked::Preauthorize => ("preauthorize", false),
        };
        let outcome = match outcome {
            Outcome::Permit => "permit",
            Outcome::Deny => "deny",
        };
        EntitlementEvent {
            decision_type: owned(asked),
            decision_outcome: owned(outcome),
            token_issued: Some(token),
            ..self.about(channel, Name::Decision, ts)
        }
    }

    /// An event about the viewer.
    pub(super) fn event(&self, event: Name, ts: Timestamp) -> EntitlementEvent {
        let model = self.device.model;
        let application = self.player().application;
        let version =
            if self.device.up_to_date { application.version } else { application.version_before };
        let vouched = self.shortcut == Some(Shortcut::Partner);
        EntitlementEvent {
            event_id: String::new(),
            ts,
            event,
            media_company: self.brand.company.into(),
            requestor_id: self.brand.id.into(),
            mvpd: self.household.provider.id.into(),
            dc: owned(self.household.data_centre),
            proxy: owned(self.household.provider.proxy),
            platform: owned(model.platform),
            nsdk: owned("non-sdk"),
            nsdk_version: owned("N/A"),
            cdt: owned("N/A"),
            platform_version: owned("N/A"),
            eap: owned(if vouched { "Apple" } else { "N/A" }),
            device: owned(model.class),
            os_family: owned(model.os_family),
            os_type: None,
            browser_family: model.browser.as_ref().and_then(|it| owned(it.family)),
            browser_version: model.browser.as_ref().and_then(|it| owned(it.version)),
            application_name: owned(application.name),
            application_version: owned(version),
            application_software_id: owned(application.software_id),
            customer_app: owned(application.customer_app),
            api: owned("REST V2"),
            arch: owned("v2"),
            reason: None,
            session_id: owned(&self.session),
            user_id: owned(&self.household.user_id),
            channel: None,
            resource_id: None,
            content_category: None,
            sso_type: None,
            token_type: None,
            latency_ms: None,
            decision_type: None,
            decision_outcome: None,
            token_issued: None,
            visitor_id: None,
        }
    }
}

#[expect(clippy::unnecessary_wraps, reason = "it fills optional attributes")]
fn owned(value: &str) -> Option<Text> {
    Some(value.into())
}
