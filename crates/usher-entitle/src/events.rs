//! What the reports are told (`wolap` §17.1).

use usher_core::{Entropy, EntropyExt, MvpdId, Timestamp};
use usher_registry::{Mvpd, RegisteredApplication, ServiceProvider, Snapshot};
use usher_reports::{EntitlementEvent, EntitlementEventName as Name, Event, Text};

use crate::decision::{Outcome, Refusal, RefusalReason};
use crate::degradation::Measure;
use crate::framework::PlatformPartner;
use crate::mvpd::{DenyReason, MvpdFailure, Purpose};
use crate::platform::DetectedPlatform;
use crate::profile::Profile;
use crate::resource::{channel_of, item_of};
use crate::session::Origin;
use crate::sso::SsoMethod;
use crate::temp_pass::TrialRefusal;

/// Writes the events of one call about one TV provider.
#[derive(Clone, Copy)]
pub(crate) struct Reporter<'r> {
    pub(crate) entropy: &'r dyn Entropy,
    pub(crate) region: &'r str,
    pub(crate) snapshot: &'r Snapshot,
    pub(crate) channel: &'r ServiceProvider,
    pub(crate) mvpd: &'r Mvpd,
    pub(crate) origin: &'r Origin,
    /// What the origin's device was recognised as, if somebody has looked.
    pub(crate) platform: Option<&'r DetectedPlatform>,
    pub(crate) now: Timestamp,
}

/// Whom an event is about, as far as known.
#[derive(Clone, Copy, Default)]
pub(crate) struct About<'r> {
    /// The viewer's pseudonym.
    pub(crate) user: Option<&'r str>,
    /// The authentication session.
    pub(crate) session: Option<&'r str>,
    /// On what ground the viewer watches.
    pub(crate) token_type: TokenType,
    /// By what the sign-in of another application or device counts.
    pub(crate) sso: Option<SsoMethod>,
    /// Whose framework the sign-in goes through.
    pub(crate) framework: Option<PlatformPartner>,
}

impl<'r> About<'r> {
    /// The viewer of `profile`, whose pseudonym is `user`.
    pub(crate) fn viewer(profile: &'r Profile, user: &'r str) -> Self {
        let token_type = match profile.home_based {
            Some(true) => TokenType::Hba,
            Some(false) | None => TokenType::Normal,
        };
        let session = Some(&*profile.session_id);
        Self { user: Some(user), session, token_type, sso: None, framework: profile.framework }
    }

    /// Somebody who signs in through `framework`.
    pub(crate) fn framework(framework: PlatformPartner, session: &'r str) -> Self {
        Self { session: Some(session), framework: Some(framework), ..Self::default() }
    }
}

/// On what ground a viewer watches, in the reports' words (`access-variants` G6, H9).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum TokenType {
    #[default]
    Normal,
    AuthnAll,
    AuthzAll,
    Hba,
}

impl TokenType {
    /// The ground that a rule gives; a denial gives none.
    pub(crate) const fn of(measure: Measure) -> Self {
        match measure {
            Measure::AuthnAll => Self::AuthnAll,
            Measure::AuthzAll => Self::AuthzAll,
            Measure::AuthzNone => Self::Normal,
        }
    }

    const fn as_str(self) -> &'static str {
        match self {
            Self::Normal => "normal",
            Self::AuthnAll => "authnall",
            Self::AuthzAll => "authzall",
            Self::Hba => "hba",
        }
    }
}

impl Reporter<'_> {
    /// An event without resource: signing in and out.
    pub(crate) fn event(&self, name: Name, about: About<'_>) -> Event {
        wrap(self.bare(name, about))
    }

    /// An event without resource that says what went wrong.
    pub(crate) fn failure(&self, name: Name, about: About<'_>, reason: &str) -> Event {
        wrap(EntitlementEvent { reason: Some(reason.into()), ..self.bare(name, about) })
    }

    /// An event about `resource`.
    pub(crate) fn about_resource(
        &self,
        name: Name,
        about: About<'_>,
        resource: &str,
    ) -> EntitlementEvent {
        EntitlementEvent {
            channel: Some(channel_of(resource).into()),
            resource_id: item_of(resource).map(Into::into),
            sso_type: Some(sso_type(about.sso).into()),
            ..self.bare(name, about)
        }
    }

    /// Another event about what `event` is about.
    pub(crate) fn another(&self, name: Name, event: &EntitlementEvent) -> EntitlementEvent {
        EntitlementEvent { event_id: self.id(), event: name, ..event.clone() }
    }

    /// The decision on `resource` as the extended event.
    pub(crate) fn decided(
        &self,
        about: About<'_>,
        resource: &str,
        purpose: Purpose,
        outcome: &Outcome,
    ) -> Event {
        decided(self.about_resource(Name::Decision, about, resource), purpose, outcome)
    }

    fn bare(&self, event: Name, about: About<'_>) -> EntitlementEvent {
        let device = &self.origin.device_info;
        let looked_at = self.platform.is_none().then(|| DetectedPlatform::of(device));
        let platform = self.platform.or(looked_at.as_ref());
        let application = self.application();
        EntitlementEvent {
            event_id: self.id(),
            ts: self.now,
            event,
            media_company: self.channel.media_company.as_str().into(),
            requestor_id: self.channel.id.as_str().into(),
            mvpd: self.mvpd.id.as_str().into(),
            dc: Some(self.region.into()),
            proxy: Some(self.mvpd.proxy.as_ref().map_or("Direct", MvpdId::as_str).into()),
            platform: platform.and_then(|it| it.name).map(Into::into),
            // Nobody calls this API through an SDK of the older generations.
            nsdk: Some("non-sdk".into()),
            nsdk_version: Some("N/A".into()),
            cdt: text(device.primary_hardware_type.as_ref()),
            platform_version: None,
            eap: Some(about.framework.map_or("N/A", PlatformPartner::as_str).into()),
            device: text(device.primary_hardware_type.as_ref()),
            os_family: text(platform.and_then(|it| it.os_family.as_ref())),
            os_type: None,
            browser_family: platform.and_then(|it| it.browser).map(Into::into),
            browser_version: device.any_browser_version().map(Into::into),
            application_name: application.map(|it| it.name.as_str().into()),
            application_version: application.map(|it| it.version.as_str().into()),
            application_software_id: self.origin.software.as_ref().map(|it| it.as_str().into()),
            customer_app: text(device.application_id.as_ref()),
            api: Some("REST V2".into()),
            arch: None,
            reason: None,
            session_id: about.session.map(Into::into),
            user_id: about.user.map(Into::into),
            channel: None,
            resource_id: None,
            content_category: None,
            sso_type: None,
            token_type: Some(about.token_type.as_str().into()),
            latency_ms: None,
            decision_type: None,
            decision_outcome: None,
            token_issued: None,
            visitor_id: text(self.origin.visitor_id.as_ref()),
        }
    }

    fn id(&self) -> String {
        self.entropy.uuid().to_string()
    }

    fn application(&self) -> Option<&RegisteredApplication> {
        self.snapshot.application(self.origin.software.as_ref()?).map(AsRef::as_ref)
    }
}

/// `event` as the extended one, which says what was decided.
pub(crate) fn decided(event: EntitlementEvent, purpose: Purpose, outcome: &Outcome) -> Event {
    let kind = match purpose {
        Purpose::Preauthorize => "preauthorize",
        Purpose::Authorize => "authorize",
    };
    let (word, reason, token) = match outcome {
        Outcome::Permit(playback) => ("permit", None, playback.is_some()),
        Outcome::Refusal(refusal) => ("deny", Some(reason(refusal)), false),
    };
    wrap(EntitlementEvent {
        decision_type: Some(kind.into()),
        decision_outcome: Some(word.into()),
        token_issued: Some(token),
        reason: reason.map(Into::into),
        ..event
    })
}

/// The reports' word for how a sign-in was shared (`wolap` §5.1).
const fn sso_type(method: Option<SsoMethod>) -> &'static str {
    match method {
        Some(SsoMethod::Platform) => "platform",
        Some(SsoMethod::ServiceToken) => "adobe",
        None => "None",
    }
}

fn text(said: Option<&String>) -> Option<Text> {
    said.map(Text::new)
}

/// `event` as the journal takes it.
pub(crate) fn wrap(event: EntitlementEvent) -> Event {
    Event::Entitlement(Box::new(event))
}

/// The reports' word for a refusal.
pub(crate) const fn reason(refusal: &Refusal) -> &'static str {
    match refusal.reason {
        RefusalReason::Denied(
            DenyReason::NotEntitled | DenyReason::ParentalControls | DenyReason::NotAtHome,
        )
        | RefusalReason::TemporaryAccess(
            TrialRefusal::DurationExceeded | TrialRefusal::ResourcesExceeded,
        ) => "noAuthZ",
        RefusalReason::DegradationRule => "authzNone",
        RefusalReason::Denied(DenyReason::SessionInvalidated)
        | RefusalReason::ProfileInvalidated => "norefreshtoken",
        RefusalReason::Denied(DenyReason::UnknownViewer) => "mismatch",
        RefusalReason::Failed(
            MvpdFailure::ConnectionTimeout | MvpdFailure::BadAnswer | MvpdFailure::BudgetExceeded,
        ) => "network",
        RefusalReason::Failed(MvpdFailure::Misconfigured)
        | RefusalReason::TooManyResources
        | RefusalReason::ProfileMissing
        | RefusalReason::ProfileExpired
        | RefusalReason::TemporaryAccess(TrialRefusal::Misconfigured | TrialRefusal::NoIdentity)
        | RefusalReason::NoLifetime
        | RefusalReason::NoToken => "invalid",
    }
}
