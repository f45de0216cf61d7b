//! What a rule of degradation decides (`access-variants` §1.2, G1 to G4).

use std::sync::Arc;
use std::time::Duration;

use usher_core::{DeviceId, Timestamp};
use usher_reports::Event;

use super::Entitlement;
use super::decide::{Asked, Question, Scene};
use super::profiles::{ProfileKind, ProfileView};
use crate::call::Call;
use crate::decision::{Decision, Outcome, Permit, Playback, Refusal, RefusalReason, Source};
use crate::degradation::{DegradationRule, Measure};
use crate::explain::{Ground, Lifetime, RuleNote};
use crate::metadata::{Attribute, Attributes};
use crate::partner::Partner;

impl Entitlement {
    /// The decision of `rule`, with a media token when it permits. A viewer who is signed in keeps the
    /// own name in it; for anybody else the device stands in.
    pub(super) async fn authorize_by_rule(
        &self,
        scene: &Scene<'_>,
        asked: &Asked,
        question: &Question,
        rule: &DegradationRule,
    ) -> (Decision, Vec<Event>) {
        let resource = question.resource.clone();
        let viewer = asked.viewer.as_ref();
        let user = viewer.map_or(asked.stand_in.as_str(), |viewer| &viewer.pseudonym);
        let outcome = match rule.key.measure {
            Measure::AuthzNone => Outcome::Refusal(denial(rule)),
            Measure::AuthnAll | Measure::AuthzAll => {
                match self.playback_by_rule(scene, rule, user, &resource).await {
                    Ok(playback) => Outcome::Permit(Some(playback)),
                    Err(refusal) => Outcome::Refusal(refusal),
                }
            }
        };
        self.told_by_rule(scene, asked, (question, rule), outcome)
    }

    /// The decision of `rule` for information only.
    pub(super) fn preauthorize_by_rule(
        &self,
        scene: &Scene<'_>,
        asked: &Asked,
        question: &Question,
        rule: &DegradationRule,
    ) -> (Decision, Vec<Event>) {
        let outcome = match rule.key.measure {
            Measure::AuthzNone => Outcome::Refusal(denial(rule)),
            Measure::AuthnAll | Measure::AuthzAll => Outcome::Permit(None),
        };
        self.told_by_rule(scene, asked, (question, rule), outcome)
    }

    /// The same events as when a provider is asked (`wolap` §17.1), in no time.
    fn told_by_rule(
        &self,
        scene: &Scene<'_>,
        asked: &Asked,
        (question, rule): (&Question, &DegradationRule),
        outcome: Outcome,
    ) -> (Decision, Vec<Event>) {
        let refusal = match &outcome {
            Outcome::Permit(_) => None,
            Outcome::Refusal(refusal) => Some(refusal),
        };
        let resource = question.resource.clone();
        let ended = (refusal, Duration::ZERO);
        let events = self.asked_events(scene, asked.about(question), &resource, ended);
        let ground = Ground::Rule(RuleNote::from(rule));
        (Decision { resource, source: Source::Degradation, outcome, ground }, events.into())
    }

    async fn playback_by_rule(
        &self,
        scene: &Scene<'_>,
        rule: &DegradationRule,
        user: &str,
        resource: &str,
    ) -> Result<Playback, Refusal> {
        let ttl = self.config.authz_ttl.or(scene.settings.authz_ttl());
        let (not_after, lifetime) = match self.config.authz_ttl {
            Some(_) => (until(rule, ttl, scene.now), Lifetime::Deployment),
            None => (until(rule, ttl, scene.now), Lifetime::Integration),
        };
        let lifetime = if not_after == rule.not_after() { Lifetime::Rule } else { lifetime };
        let trace = scene.call.trace;
        let permit = Permit { not_before: scene.now, not_after, lifetime, trace };
        let playback = self.playback(scene, user, resource, permit).await?;
        // The published answer under `AuthzAll` carries no times of the decision.
        let permit = playback.permit.filter(|_| rule.key.measure == Measure::AuthnAll);
        Ok(Playback { permit, ..playback })
    }

    /// The profile of a device whose viewer counts as signed in. It is made up anew for each question,
    /// and gone with the rule.
    pub(super) fn degraded_profile(
        &self,
        call: &Call,
        partner: &Partner,
        (rule, device): (&DegradationRule, &DeviceId),
        now: Timestamp,
    ) -> ProfileView {
        let ttl = self.config.profile_ttl.or(call.settings(partner).authn_ttl());
        let user = self.degraded_user(partner, device);
        ProfileView {
            mvpd: partner.mvpd.id.clone(),
            kind: ProfileKind::Degraded,
            not_before: now,
            not_after: until(rule, ttl, now),
            attributes: Arc::new(Attributes::from([(
                "userID".to_owned(),
                Attribute::Plain(user.into()),
            )])),
        }
    }

    pub(super) fn degraded_user(&self, partner: &Partner, device: &DeviceId) -> String {
        self.pseudonyms.of_degraded(&partner.service_provider, &partner.mvpd.id, device)
    }
}

fn denial(rule: &DegradationRule) -> Refusal {
    Refusal { reason: RefusalReason::DegradationRule, details: rule.message.clone() }
}

/// The end of what lasts `ttl` from `now` on, and never longer than `rule`.
fn until(rule: &DegradationRule, ttl: Option<Duration>, now: Timestamp) -> Timestamp {
    ttl.map_or(rule.not_after(), |ttl| rule.not_after().min(now + ttl))
}
