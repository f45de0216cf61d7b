//! What both kinds of decisions share: who asks about whom, and asking the provider.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value};
use usher_core::{DeviceId, Secret, StoreError, Timestamp};
use usher_registry::EffectiveSettings;
use usher_reports::{EntitlementEvent, EntitlementEventName as Name, Event};

use super::Entitlement;
use super::sso::Shared;
use crate::call::{self, Call, PartnerError};
use crate::decision::{
    Decision, Outcome, Refusal, RefusalReason, Source, plain_details, refreshed,
};
use crate::degradation::{DegradationRule, Measure};
use crate::events::{About, Reporter, TokenType, reason, wrap};
use crate::explain::Ground;
use crate::framework::{self, StatusDefect};
use crate::mvpd::{
    AnsweredBy, AskingDevice, AuthorizationAsk, DenyReason, MvpdDecision, MvpdFailure, MvpdOutcome,
    Purpose,
};
use crate::partner::Partner;
use crate::platform::DetectedPlatform;
use crate::profile::{Profile, ProfileKey, Standing};
use crate::seen_profile::SeenProfile;
use crate::sso::{self, SsoMethod};

/// The most resources that one question may be about where no provider's limit holds. It only keeps a
/// small request from causing much work.
pub(super) const RESOURCES_MAX: usize = 100;

/// Which decisions an application asks for.
#[derive(Clone, Debug)]
pub struct DecisionAsk {
    /// The viewer's device.
    pub device: DeviceId,
    /// The provider to be asked.
    pub mvpd: String,
    /// What the viewer wants to watch: at least one.
    pub resources: Vec<String>,
}

/// Why there are no decisions at all.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecisionError {
    /// The provider cannot be dealt with.
    #[error(transparent)]
    Partner(#[from] PartnerError),
    /// The viewer signed in through a platform's framework, which does not allow it.
    #[error(transparent)]
    Framework(#[from] StatusDefect),
    /// The store could not answer.
    #[error("the store could not answer")]
    Store(#[from] StoreError),
}

/// Who asks about whom, on which platform.
pub(super) struct Scene<'s> {
    pub(super) call: &'s Call,
    pub(super) partner: Partner,
    pub(super) platform: DetectedPlatform,
    pub(super) settings: EffectiveSettings,
    pub(super) purpose: Purpose,
    pub(super) now: Timestamp,
}

/// A question of an application, looked at so far that each resource can be answered by itself.
pub(super) struct Asked {
    /// The viewer on the device, or why there is none.
    pub(super) viewer: Result<Viewer, RefusalReason>,
    /// The name that stands for whoever watches by a rule without being signed in; empty where no rule
    /// decides.
    pub(super) stand_in: String,
    /// What is asked about, in its order.
    pub(super) questions: Vec<Question>,
}

/// One resource, and what decides about it.
pub(super) struct Question {
    pub(super) resource: String,
    pub(super) basis: Basis,
}

/// What decides about a resource.
pub(super) enum Basis {
    /// A rule of degradation.
    Rule(Arc<DegradationRule>),
    /// The provider, or its answer remembered.
    Provider,
    /// Nothing: more was asked for than may be.
    TooMany,
}

impl Asked {
    /// Whom events about `question` are about.
    pub(super) fn about(&self, question: &Question) -> About<'_> {
        let about = self.viewer.as_ref().map(Viewer::about).unwrap_or_default();
        match &question.basis {
            Basis::Rule(rule) => About {
                user: about.user.or(Some(&self.stand_in)),
                token_type: TokenType::of(rule.key.measure),
                ..about
            },
            Basis::Provider | Basis::TooMany => about,
        }
    }
}

/// A signed-in viewer.
pub(super) struct Viewer {
    pub(super) profile: Arc<SeenProfile>,
    pub(super) pseudonym: Arc<str>,
    /// By what the profile counts, if it is another application's or device's.
    pub(super) shared_by: Option<SsoMethod>,
    /// Whose permits these are: decisions are made for each channel and device, however the viewer came
    /// to be known there (`access-variants` S5).
    pub(super) permits_of: Arc<str>,
}

impl Viewer {
    pub(super) fn about(&self) -> About<'_> {
        About { sso: self.shared_by, ..About::viewer(&self.profile, &self.pseudonym) }
    }
}

impl Entitlement {
    pub(super) fn decision_scene<'s>(
        &self,
        call: &'s Call,
        ask: &DecisionAsk,
        purpose: Purpose,
    ) -> Result<Scene<'s>, DecisionError> {
        let partner = call.partner(&ask.mvpd)?;
        let platform = DetectedPlatform::of(&call.origin.device_info);
        let settings = call::settings(&call.snapshot, &partner, &platform);
        Ok(Scene { call, partner, platform, settings, purpose, now: self.clock.now() })
    }

    /// Finds out who asks and what decides about each resource (`access-variants` §0). The provider is
    /// asked about at most `provider_max` of them; what a rule decides is nothing to the provider.
    pub(super) async fn asked(
        &self,
        scene: &Scene<'_>,
        ask: DecisionAsk,
        provider_max: usize,
    ) -> Result<Asked, DecisionError> {
        let rules = self.degradation.on(&scene.partner, scene.now);
        let mut viewer = self.viewer(scene, &ask.device).await?;
        let objection = viewer.as_ref().ok().and_then(|viewer| Self::objection(scene, viewer));
        if objection.is_some() {
            viewer = Err(RefusalReason::ProfileMissing);
        }
        let applies = |rule: &Arc<DegradationRule>| {
            let to_viewers_only =
                self.config.authz_all_requires_profile && rule.key.measure == Measure::AuthzAll;
            viewer.is_ok() || !to_viewers_only
        };
        let rulings: Vec<_> =
            ask.resources.iter().map(|resource| rules.on(resource).filter(applies)).collect();
        let unruled = rulings.iter().filter(|ruling| ruling.is_none()).count();
        if let Some(defect) = objection.filter(|_| unruled > 0) {
            return Err(defect.into());
        }
        let basis = |ruling| match ruling {
            Some(_) if ask.resources.len() > RESOURCES_MAX => Basis::TooMany,
            Some(rule) => Basis::Rule(rule),
            None if unruled > provider_max => Basis::TooMany,
            None => Basis::Provider,
        };
        let grounds: Vec<_> = rulings.into_iter().map(basis).collect();
        let is_ruled = grounds.iter().any(|basis| matches!(basis, Basis::Rule(_)));
        let stand_in = is_ruled.then(|| self.degraded_user(&scene.partner, &ask.device));
        let stand_in = stand_in.unwrap_or_default();
        let pairs = ask.resources.into_iter().zip(grounds);
        let questions = pairs.map(|(resource, basis)| Question { resource, basis }).collect();
        Ok(Asked { viewer, stand_in, questions })
    }

    /// The viewer on the device, or why there is none.
    async fn viewer(
        &self,
        scene: &Scene<'_>,
        device: &DeviceId,
    ) -> Result<Result<Viewer, RefusalReason>, StoreError> {
        let holder = scene.call.holder(device.clone());
        let key = ProfileKey { holder, mvpd: scene.partner.mvpd.id.clone() };
        let own = usable(self.profiles.find(&key, scene.now).await?, scene.now);
        let (profile, shared_by) = match own {
            Ok(profile) => (profile, None),
            Err(reason) => match self.shared_with(scene, device).await? {
                Some(Shared { profile, method }) => (profile, Some(method)),
                None => return Ok(Err(reason)),
            },
        };
        let pseudonym = profile.pseudonym(|profile| self.pseudonym(profile));
        let permits_of = match shared_by {
            None => profile.id.as_str().into(),
            Some(_) => format!("{} for {:?}", profile.id, key.holder).into(),
        };
        Ok(Ok(Viewer { profile, pseudonym, shared_by, permits_of }))
    }

    /// Why the viewer's sign-in must not be used.
    fn objection(scene: &Scene<'_>, viewer: &Viewer) -> Option<StatusDefect> {
        framework::objection(scene.call, &scene.partner, &viewer.profile, scene.now)
    }

    async fn shared_with(
        &self,
        scene: &Scene<'_>,
        device: &DeviceId,
    ) -> Result<Option<Shared>, StoreError> {
        let subjects = self.subjects(scene.call, device, scene.now).await?;
        self.shared_profile(scene.call, &scene.partner, &subjects, scene.now).await
    }

    pub(super) fn scene_reporter<'r>(&'r self, scene: &'r Scene<'_>) -> Reporter<'r> {
        let reporter = self.reporter(scene.call, &scene.partner.mvpd, scene.now);
        Reporter { platform: Some(&scene.platform), ..reporter }
    }

    /// The provider's answers about `resources`, one for each, and what follows from them for the
    /// profile.
    pub(super) async fn ask_provider(
        &self,
        scene: &Scene<'_>,
        viewer: &Viewer,
        resources: Vec<String>,
    ) -> Result<Vec<MvpdDecision>, StoreError> {
        let asked = resources.len();
        let ask = AuthorizationAsk {
            partner: scene.partner.clone(),
            signed_in_at: sso::origin(scene.call, &viewer.profile)
                .unwrap_or_else(|| scene.partner.clone()),
            user_id: viewer.profile.user_id.clone(),
            credentials: self.credentials(&viewer.profile),
            resources,
            purpose: scene.purpose,
            device: device(scene.call),
            budget: self.config.mvpd_deadline,
        };
        let mut answers = self.authorization.decide(&ask).await;
        answers.resize_with(asked, || {
            MvpdDecision::at_once(MvpdOutcome::Failed(MvpdFailure::BadAnswer))
        });
        self.follow_up(viewer, &answers).await?;
        Ok(answers)
    }

    /// The events of a provider's answer. What abuse protection answered was attempted, and rejected in no
    /// time; it answers nobody who only wants to know beforehand.
    pub(super) fn answer_events(
        &self,
        scene: &Scene<'_>,
        about: About<'_>,
        resource: &str,
        answer: &MvpdDecision,
    ) -> Vec<Event> {
        match answer.answered_by {
            AnsweredBy::Provider => {
                let refusal = refusal_of(&answer.outcome);
                let outcome = (refusal.as_ref(), answer.latency);
                self.asked_events(scene, about, resource, outcome).into()
            }
            AnsweredBy::Guard => {
                let reporter = self.scene_reporter(scene);
                let bare = |name| reporter.about_resource(name, about, resource);
                let rejected = EntitlementEvent {
                    reason: Some("fraud".into()),
                    latency_ms: Some(0),
                    ..bare(Name::AuthzRejected)
                };
                vec![wrap(bare(Name::AuthzAttempt)), wrap(rejected)]
            }
        }
    }

    /// The events of one resource that was asked about: how it ended, and how long that took.
    pub(super) fn asked_events(
        &self,
        scene: &Scene<'_>,
        about: About<'_>,
        resource: &str,
        (refusal, latency): (Option<&Refusal>, Duration),
    ) -> [Event; 2] {
        let (attempt, outcome) = event_names(scene.purpose, refusal);
        let reporter = self.scene_reporter(scene);
        let bare = |name| reporter.about_resource(name, about, resource);
        let outcome = EntitlementEvent {
            latency_ms: Some(u64::try_from(latency.as_millis()).unwrap_or(u64::MAX)),
            reason: refusal.map(reason).map(Into::into),
            ..bare(outcome)
        };
        [wrap(bare(attempt)), wrap(outcome)]
    }

    /// Ends the sign-in when the provider has, and keeps the metadata it sent along.
    async fn follow_up(&self, viewer: &Viewer, answers: &[MvpdDecision]) -> Result<(), StoreError> {
        let profile = &viewer.profile;
        let ended = answers.iter().any(|answer| {
            matches!(
                answer.outcome,
                MvpdOutcome::Deny { reason: DenyReason::SessionInvalidated, .. }
            )
        });
        let store = self.profiles.store();
        if let Some(renewed) = answers.iter().rev().find_map(|answer| answer.credentials.as_ref()) {
            self.keep_credentials(profile, renewed).await?;
        }
        if ended {
            let _changing = self.profiles.changing_profile(profile);
            store.invalidate(&profile.key, &profile.id, self.clock.now()).await?;
        } else if viewer.shared_by.is_none()
            && let Some(attributes) = refreshed(&profile.attributes, delivered(answers))
        {
            // A shared profile is only looked at: what was delivered is between provider and channel.
            let _changing = self.profiles.changing_profile(profile);
            store.set_attributes(&profile.key, &profile.id, &attributes).await?;
        }
        Ok(())
    }

    /// Keeps what the provider gave in place of the credentials of the sign-in (`mvpd` O1).
    async fn keep_credentials(
        &self,
        profile: &Profile,
        renewed: &Secret<Vec<u8>>,
    ) -> Result<(), StoreError> {
        let Ok(sealed) = self.seal(renewed, profile.id.as_bytes()) else {
            tracing::error!("renewed credentials could not be sealed");
            return Ok(());
        };
        let _changing = self.profiles.changing_profile(profile);
        self.profiles.store().set_credentials(&profile.key, &profile.id, &sealed).await
    }
}

/// The metadata that came with `answers`.
fn delivered(answers: &[MvpdDecision]) -> Map<String, Value> {
    answers
        .iter()
        .filter_map(|answer| match &answer.outcome {
            MvpdOutcome::Permit { attributes, .. } => Some(attributes.clone()),
            MvpdOutcome::Deny { .. } | MvpdOutcome::Failed(_) => None,
        })
        .flatten()
        .collect()
}

fn usable(
    profile: Option<Arc<SeenProfile>>,
    now: Timestamp,
) -> Result<Arc<SeenProfile>, RefusalReason> {
    let profile = profile.ok_or(RefusalReason::ProfileMissing)?;
    match profile.standing(now) {
        Standing::Active => Ok(profile),
        Standing::Expired => Err(RefusalReason::ProfileExpired),
        Standing::Invalidated => Err(RefusalReason::ProfileInvalidated),
    }
}

/// The device: its address as the network shows it, else as the application says.
fn device(call: &Call) -> AskingDevice {
    let info = &call.origin.device_info;
    let claimed = || info.connection_ip.as_deref()?.parse().ok();
    let port = || info.connection_port.as_deref()?.parse().ok();
    AskingDevice {
        ip: call.origin.client_ip.or_else(claimed),
        port: call.origin.client_port.or_else(port),
        user_agent: info.original_user_agent.clone().or_else(|| info.user_agent.clone()),
    }
}

/// A refusal for which nobody was asked.
pub(super) fn refused(resource: String, refusal: Refusal) -> Decision {
    let outcome = Outcome::Refusal(refusal);
    Decision { resource, source: Source::Mvpd, outcome, ground: Ground::Unasked }
}

/// Why the provider does not permit; nothing when it does.
pub(super) fn refusal_of(outcome: &MvpdOutcome) -> Option<Refusal> {
    match outcome {
        MvpdOutcome::Permit { .. } => None,
        MvpdOutcome::Deny { reason, details } => Some(Refusal {
            reason: RefusalReason::Denied(*reason),
            details: plain_details(details.clone()),
        }),
        MvpdOutcome::Failed(failure) => Some(RefusalReason::Failed(*failure).into()),
    }
}

/// The events that report asking and its outcome.
const fn event_names(purpose: Purpose, refusal: Option<&Refusal>) -> (Name, Name) {
    match (purpose, refusal) {
        (Purpose::Authorize, None) => (Name::AuthzAttempt, Name::AuthzGranted),
        (Purpose::Authorize, Some(_)) => (Name::AuthzAttempt, Name::AuthzFailed),
        (Purpose::Preauthorize, None) => (Name::PreauthzAttempt, Name::PreauthzGranted),
        (
            Purpose::Preauthorize,
            Some(Refusal {
                reason: RefusalReason::Denied(_) | RefusalReason::TemporaryAccess(_),
                ..
            }),
        ) => (Name::PreauthzAttempt, Name::PreauthzDenied),
        (Purpose::Preauthorize, Some(_)) => (Name::PreauthzAttempt, Name::PreauthzFailed),
    }
}
