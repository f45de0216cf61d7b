//! Temporary access (`access-variants` §2): deciding and showing by trials, and resetting them.
//!
//! No provider is asked and nobody signs in. A trial is written with compare-and-set: whoever comes
//! second reads again and decides anew, so that no resource is given away twice.

use std::sync::Arc;
use std::time::Duration;

use usher_core::{DeviceId, EntropyExt as _, ServiceProviderId, StoreError, Timestamp};
use usher_registry::{Kind, Snapshot};
use usher_reports::Event;

use super::Entitlement;
use super::decide::{DecisionAsk, RESOURCES_MAX, Scene, refused};
use super::profiles::{ProfileError, ProfileKind, ProfileView};
use crate::call::{self, Call};
use crate::decision::{Decision, Outcome, Permit, Playback, Refusal, RefusalReason, Source};
use crate::events::About;
use crate::explain::{Ground, Lifetime, PassNote, ViewerNote, ViewerStanding};
use crate::mvpd::Purpose;
use crate::partner::Partner;
use crate::temp_pass::{Authorized, Change, IdentityHash, Pass, Terms, TrialHolder, TrialRefusal};

/// How often a trial that others change meanwhile is decided anew.
const ATTEMPTS_MAX: usize = 16;

/// Which trials start anew.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TrialReset {
    /// That of one device; of all devices when absent.
    Device(Option<DeviceId>),
    /// That of one viewer of a promotional pass, given in clear or as a hash; of all when absent.
    Identity(Option<IdentityHash>),
}

/// Why trials were not reset.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TrialResetError {
    /// The provider does not exist or stands for something else.
    #[error("the MVPD is no temporary pass")]
    NotAPass,
    /// The pass does not know its viewers.
    #[error("only promotional passes have keys")]
    NotPromotional,
    /// The store could not answer.
    #[error("the trial store could not answer")]
    Store(#[from] StoreError),
}

/// What a pass says about a resource: an authorization has a time, a preauthorization has not.
type Verdict = Result<Option<Permit>, RefusalReason>;

/// What a question about a pass starts from.
struct Trying {
    terms: Terms,
    holder: TrialHolder,
}

impl Entitlement {
    /// Lets trials of a channel's pass start anew.
    pub async fn reset_trials(
        &self,
        snapshot: &Snapshot,
        service_provider: &ServiceProviderId,
        mvpd: &str,
        reset: &TrialReset,
    ) -> Result<(), TrialResetError> {
        let provider = snapshot.mvpd(mvpd).filter(|mvpd| mvpd.kind == Kind::TempPass);
        let provider = provider.ok_or(TrialResetError::NotAPass)?;
        let pass = Pass { service_provider: service_provider.clone(), mvpd: provider.id.clone() };
        let channel = snapshot.service_provider(service_provider.as_str());
        let partner = channel.and_then(|it| call::partner(snapshot, it, &provider.id));
        let promotional =
            partner.is_some_and(|it| self.terms(&it).is_ok_and(|terms| terms.is_promotional()));
        match reset {
            TrialReset::Device(Some(device)) => self.trials.forget_device(&pass, device).await?,
            TrialReset::Identity(_) if !promotional => return Err(TrialResetError::NotPromotional),
            TrialReset::Identity(Some(key)) => self.trials.forget_identity(&pass, key).await?,
            TrialReset::Device(None) | TrialReset::Identity(None) => {
                self.trials.forget_all(&pass).await?;
            }
        }
        Ok(())
    }

    /// What a pass shows as the profile of `device`.
    pub(super) async fn pass_profile(
        &self,
        call: &Call,
        partner: &Partner,
        device: DeviceId,
    ) -> Result<ProfileView, ProfileError> {
        let user = self.pass_user(partner, &device);
        let trying = self.trying(call, partner, device).map_err(ProfileError::TemporaryAccess)?;
        self.start_anew_if_due(&trying).await?;
        let found = self.trials.find(&trying.holder).await?;
        let profile = trying
            .terms
            .profile(found.governing(), user, self.clock.now())
            .map_err(ProfileError::TemporaryAccess)?;
        Ok(ProfileView {
            mvpd: partner.mvpd.id.clone(),
            kind: ProfileKind::Temporary,
            not_before: profile.not_before,
            not_after: profile.not_after,
            attributes: Arc::new(profile.attributes),
        })
    }

    /// Decisions by a pass, one per resource and in their order.
    pub(super) async fn decide_by_pass(
        &self,
        scene: &Scene<'_>,
        ask: DecisionAsk,
    ) -> Result<Vec<Decision>, StoreError> {
        let user = self.pass_user(&scene.partner, &ask.device);
        let about = About { user: Some(&user), ..About::default() };
        let trying = self.trying(scene.call, &scene.partner, ask.device);
        if let Ok(trying) = &trying {
            self.start_anew_if_due(trying).await?;
        }
        let (outcomes, trial) = match (&trying, scene.purpose) {
            (Err(refusal), _) => {
                (refuse(&ask.resources, RefusalReason::TemporaryAccess(*refusal)), None)
            }
            (Ok(_), _) if ask.resources.len() > RESOURCES_MAX => {
                (refuse(&ask.resources, RefusalReason::TooManyResources), None)
            }
            (Ok(trying), Purpose::Preauthorize) => {
                self.preauthorized_by_pass(scene, trying, &ask.resources).await?
            }
            (Ok(trying), Purpose::Authorize) => {
                self.authorized_by_pass(scene, trying, &ask.resources).await?
            }
        };
        let ground = trial.map_or(Ground::Unasked, Ground::Pass);
        let mut decisions = Vec::new();
        let mut events = Vec::new();
        for (resource, outcome) in ask.resources.into_iter().zip(outcomes) {
            let decision = self.pass_decision(scene, &user, resource, outcome).await;
            let decision = Decision { ground: ground.clone(), ..decision };
            events.extend(self.pass_events(scene, about, &decision));
            decisions.push(decision);
        }
        self.record(events).await;
        let viewer = || ViewerNote {
            standing: ViewerStanding::Temporary,
            user: Some(user.clone()),
            sign_in: None,
        };
        self.explain(scene, viewer, &decisions);
        Ok(decisions)
    }

    /// Consumes nothing: each resource is looked at by itself.
    async fn preauthorized_by_pass(
        &self,
        scene: &Scene<'_>,
        trying: &Trying,
        resources: &[String],
    ) -> Result<(Vec<Verdict>, Option<PassNote>), StoreError> {
        let found = self.trials.find(&trying.holder).await?;
        let look = |resource: &String| {
            let verdict = trying.terms.permits(found.governing(), resource, scene.now);
            verdict.map(|()| None).map_err(RefusalReason::TemporaryAccess)
        };
        let trial = found.governing().map(PassNote::from).unwrap_or_default();
        Ok((resources.iter().map(look).collect(), Some(trial)))
    }

    /// Starts or continues the trial; what is permitted is permitted until its end.
    async fn authorized_by_pass(
        &self,
        scene: &Scene<'_>,
        trying: &Trying,
        resources: &[String],
    ) -> Result<(Vec<Verdict>, Option<PassNote>), StoreError> {
        let Authorized { trial, verdicts, .. } = self.try_out(scene, trying, resources).await?;
        let permit = Permit {
            not_before: scene.now,
            not_after: trial.not_after,
            lifetime: Lifetime::Trial,
            trace: scene.call.trace,
        };
        let timed = |verdict: Result<(), TrialRefusal>| {
            verdict.map(|()| Some(permit)).map_err(RefusalReason::TemporaryAccess)
        };
        Ok((verdicts.into_iter().map(timed).collect(), Some(PassNote::from(&trial))))
    }

    async fn try_out(
        &self,
        scene: &Scene<'_>,
        trying: &Trying,
        resources: &[String],
    ) -> Result<Authorized, StoreError> {
        let Trying { terms, holder } = trying;
        for _ in 0..ATTEMPTS_MAX {
            let found = self.trials.find(holder).await?;
            let fresh = || self.entropy.uuid().to_string();
            let answer = terms.authorize((holder, &found), resources, scene.now, fresh);
            let stored = match answer.change {
                Change::Nothing => true,
                Change::Start => self.trials.start(holder, &answer.trial).await?,
                Change::CarryOn => self.trials.carry_on(holder, &answer.trial).await?,
            };
            if stored {
                return Ok(answer);
            }
        }
        Err(StoreError::Unavailable("too many change one trial at the same time".to_owned()))
    }

    /// The decision with its media token. A resource whose token cannot be signed stays used, so that
    /// asking again costs nothing.
    async fn pass_decision(
        &self,
        scene: &Scene<'_>,
        user: &str,
        resource: String,
        outcome: Verdict,
    ) -> Decision {
        let playback: Result<Option<Playback>, Refusal> = match outcome {
            Ok(None) => Ok(None),
            Ok(Some(permit)) => self.playback(scene, user, &resource, permit).await.map(Some),
            Err(reason) => Err(reason.into()),
        };
        match playback {
            Ok(playback) => {
                let outcome = Outcome::Permit(playback);
                let ground = Ground::Unasked;
                Decision { resource, source: Source::Temporary, outcome, ground }
            }
            Err(refusal) => Decision { source: Source::Temporary, ..refused(resource, refusal) },
        }
    }

    /// The same events as when a provider is asked (`wolap` §17.1), in no time. Questions that no trial
    /// could answer were never attempts.
    fn pass_events(&self, scene: &Scene<'_>, about: About<'_>, decision: &Decision) -> Vec<Event> {
        let refusal = match &decision.outcome {
            Outcome::Permit(_) => None,
            Outcome::Refusal(refusal) => Some(refusal),
        };
        let mut events = Vec::new();
        if refusal.is_none_or(|refusal| was_tried(refusal.reason)) {
            let outcome = (refusal, Duration::ZERO);
            events.extend(self.asked_events(scene, about, &decision.resource, outcome));
        }
        match scene.purpose {
            Purpose::Authorize => events.extend(self.concluded(scene, about, decision)),
            Purpose::Preauthorize => events.push(self.scene_reporter(scene).decided(
                about,
                &decision.resource,
                scene.purpose,
                &decision.outcome,
            )),
        }
        events
    }

    fn trying(
        &self,
        call: &Call,
        partner: &Partner,
        device: DeviceId,
    ) -> Result<Trying, TrialRefusal> {
        let terms = self.terms(partner).inspect_err(|_| {
            let (channel, mvpd) = (&partner.service_provider, &partner.mvpd.id);
            tracing::error!(%channel, %mvpd, "a temporary pass lacks limits");
        })?;
        let header = call.pass_identity.as_ref().map(|header| header.expose().as_str());
        let identity = terms.identity(header)?;
        let pass = Pass {
            service_provider: partner.service_provider.clone(),
            mvpd: partner.mvpd.id.clone(),
        };
        Ok(Trying { terms, holder: TrialHolder { pass, device, identity } })
    }

    /// Does the reset that the schedule asks for (`access-variants` P18), unless it is done: whoever
    /// comes first after its time does it for all, so that it is exact and needs nobody who wakes up.
    async fn start_anew_if_due(&self, trying: &Trying) -> Result<(), StoreError> {
        let Some(due) = trying.terms.reset_due(self.clock.now()) else { return Ok(()) };
        let pass = &trying.holder.pass;
        if self.daily_resets.get(pass).is_none_or(|done| done < due) {
            self.trials.forget_all_once(pass, due).await?;
            self.daily_resets.insert(pass.clone(), due);
        }
        Ok(())
    }

    fn terms(&self, partner: &Partner) -> Result<Terms, TrialRefusal> {
        let settings = partner.integration.temp_pass.as_ref().or(partner.mvpd.temp_pass.as_ref());
        Terms::of(settings, self.config.pass_duration)
    }

    /// The name of a device's viewer, whoever that is (contracts README, clarification 24).
    fn pass_user(&self, partner: &Partner, device: &DeviceId) -> String {
        self.pseudonyms.of_device(&partner.service_provider, &partner.mvpd.id, device)
    }

    /// Before which instant an ended trial may be forgotten.
    pub(super) fn trials_over_at(&self, now: Timestamp) -> Option<Timestamp> {
        self.config.pass_retention.map(|retention| now - retention)
    }
}

/// The same refusal for every resource.
fn refuse(resources: &[String], reason: RefusalReason) -> Vec<Verdict> {
    resources.iter().map(|_| Err(reason)).collect()
}

/// Whether a trial was looked at.
const fn was_tried(reason: RefusalReason) -> bool {
    !matches!(
        reason,
        RefusalReason::TooManyResources
            | RefusalReason::TemporaryAccess(
                TrialRefusal::Misconfigured | TrialRefusal::NoIdentity
            )
    )
}
