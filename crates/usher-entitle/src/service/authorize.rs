//! Permission to play (`pass-rest-v2` §10, §16): a remembered permit or the provider's answer, and a
//! fresh media token for each.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use usher_reports::{EntitlementEvent, EntitlementEventName as Name, Event};

use super::Entitlement;
use super::create_session::is_temporary;
use super::decide::{
    Asked, Basis, DecisionAsk, DecisionError, Question, Scene, Viewer, refusal_of, refused,
};
use crate::call::Call;
use crate::decision::{Decision, Outcome, Permit, Playback, Refusal, RefusalReason, Source};
use crate::events::{About, decided, reason, wrap};
use crate::explain::{Ground, Lifetime};
use crate::media_token::MediaTokenContent;
use crate::mvpd::{MvpdDecision, MvpdFailure, MvpdOutcome, Purpose};
use crate::permits::PermitKey;

/// Resources per question unless the integration says otherwise.
const RESOURCES_MAX: usize = 1;

impl Entitlement {
    /// Authoritative decisions, one per resource and in their order; permits carry a media token.
    pub async fn authorize(
        &self,
        call: &Call,
        ask: DecisionAsk,
    ) -> Result<Vec<Decision>, DecisionError> {
        let scene = self.decision_scene(call, &ask, Purpose::Authorize)?;
        if is_temporary(&scene.partner) {
            return Ok(self.decide_by_pass(&scene, ask).await?);
        }
        let limit = scene.settings.authorize_resources_max().unwrap_or(RESOURCES_MAX);
        let asked = self.asked(&scene, ask, limit).await?;
        let each = asked.questions.iter();
        let answers =
            join_all(each.map(|question| self.authorize_one(&scene, &asked, question))).await;
        let mut events = Vec::new();
        let mut decisions = Vec::with_capacity(answers.len());
        for (question, (decision, asking)) in asked.questions.iter().zip(answers) {
            events.extend(asking);
            events.extend(self.concluded(&scene, asked.about(question), &decision));
            decisions.push(decision);
        }
        self.record(events).await;
        self.explain(&scene, || asked.viewer_note(), &decisions);
        Ok(decisions)
    }

    async fn authorize_one(
        &self,
        scene: &Scene<'_>,
        asked: &Asked,
        question: &Question,
    ) -> (Decision, Vec<Event>) {
        let resource = question.resource.clone();
        match (&question.basis, &asked.viewer) {
            (Basis::Rule(rule), _) => self.authorize_by_rule(scene, asked, question, rule).await,
            (Basis::TooMany, _) => {
                (refused(resource, RefusalReason::TooManyResources.into()), Vec::new())
            }
            (Basis::Provider, Err(reason)) => (refused(resource, (*reason).into()), Vec::new()),
            (Basis::Provider, Ok(viewer)) => self.authorize_viewer(scene, viewer, resource).await,
        }
    }

    async fn authorize_viewer(
        &self,
        scene: &Scene<'_>,
        viewer: &Viewer,
        resource: String,
    ) -> (Decision, Vec<Event>) {
        let dummy = scene.partner.integration.dummy;
        let source = if dummy { Source::Dummy } else { Source::Mvpd };
        let mut answer = None;
        let permit = if dummy {
            self.permit_until(scene, viewer, None)
        } else {
            self.permit(scene, viewer, &resource, &mut answer).await
        };
        let ground = match (&answer, &permit) {
            _ if dummy => Ground::Dummy,
            (Some(answer), _) => Ground::from(answer),
            (None, Ok(permit)) => Ground::Remembered(permit.trace),
            (None, Err(_)) => Ground::Together,
        };
        let events = answer
            .iter()
            .flat_map(|answer| self.answer_events(scene, viewer.about(), &resource, answer));
        let events = events.collect();
        let playback = match permit {
            Ok(permit) => self.playback(scene, &viewer.pseudonym, &resource, permit).await,
            Err(refusal) => Err(refusal),
        };
        let decision = match playback {
            Ok(playback) => {
                Decision { resource, source, outcome: Outcome::Permit(Some(playback)), ground }
            }
            Err(refusal) => Decision { ground, ..refused(resource, refusal) },
        };
        (decision, events)
    }

    /// The permit in force, or the provider's answer, which is left in `answered`.
    async fn permit(
        &self,
        scene: &Scene<'_>,
        viewer: &Viewer,
        resource: &str,
        answered: &mut Option<MvpdDecision>,
    ) -> Result<Permit, Refusal> {
        let key = PermitKey {
            viewer: Arc::clone(&viewer.permits_of),
            resource: resource.into(),
            revision: scene.call.snapshot.revision(),
        };
        let ask = async {
            // Boxed, so that what is remembered carries no room for asking around.
            let asked = Box::pin(self.provider_answer(scene, viewer, resource));
            let answer = answered.insert(asked.await);
            match (refusal_of(&answer.outcome), &answer.outcome) {
                (None, MvpdOutcome::Permit { ttl, .. }) => self.permit_until(scene, viewer, *ttl),
                (refusal, _) => Err(refusal.unwrap_or(RefusalReason::NoLifetime.into())),
            }
        };
        self.permits.get_or_ask(key, scene.now, ask).await
    }

    async fn provider_answer(
        &self,
        scene: &Scene<'_>,
        viewer: &Viewer,
        resource: &str,
    ) -> MvpdDecision {
        let unusable = || MvpdDecision::at_once(MvpdOutcome::Failed(MvpdFailure::BadAnswer));
        match self.ask_provider(scene, viewer, vec![resource.to_owned()]).await {
            Ok(answers) => answers.into_iter().next().unwrap_or_else(unusable),
            Err(error) => {
                // The provider's answer changed the profile, and that could not be kept.
                tracing::error!(%error, "a provider's answer could not be recorded");
                unusable()
            }
        }
    }

    /// A permit from now on (`mvpd` §9 T3, T4): the deployment's lifetime, else the provider's, else
    /// the integration's; never beyond the sign-in.
    fn permit_until(
        &self,
        scene: &Scene<'_>,
        viewer: &Viewer,
        provider_ttl: Option<Duration>,
    ) -> Result<Permit, Refusal> {
        let not_before = self.clock.now();
        let lifetimes = [
            (self.config.authz_ttl, Lifetime::Deployment),
            (provider_ttl, Lifetime::Provider),
            (scene.settings.authz_ttl(), Lifetime::Integration),
        ];
        let first = lifetimes.into_iter().find_map(|(ttl, by)| Some((ttl?, by)));
        let Some((ttl, lifetime)) = first else {
            tracing::error!(mvpd = %scene.partner.mvpd.id, "no lifetime is configured for permits");
            return Err(RefusalReason::NoLifetime.into());
        };
        let permit =
            Permit { not_before, not_after: not_before + ttl, lifetime, trace: scene.call.trace };
        Ok(permit.ending_by(viewer.profile.not_after, Lifetime::SignIn))
    }

    /// A fresh media token for the viewer `user`.
    pub(super) async fn playback(
        &self,
        scene: &Scene<'_>,
        user: &str,
        resource: &str,
        permit: Permit,
    ) -> Result<Playback, Refusal> {
        let content = MediaTokenContent {
            session_guid: user.to_owned(),
            service_provider: scene.call.service_provider.id.clone(),
            resource: resource.to_owned(),
            ttl: self.config.media_token_ttl,
            issue_time: self.clock.now(),
            mvpd: scene.partner.mvpd.id.clone(),
            proxy_mvpd: scene.partner.mvpd.proxy.clone(),
        };
        let token = self.mint.make(&content, self.entropy.as_ref()).await.map_err(|error| {
            tracing::error!(%error, "a media token could not be signed");
            Refusal::from(RefusalReason::NoToken)
        })?;
        Ok(Playback { permit: Some(permit), token })
    }

    /// The events of one decision, wherever it came from.
    pub(super) fn concluded(
        &self,
        scene: &Scene<'_>,
        about: About<'_>,
        decision: &Decision,
    ) -> [Event; 2] {
        let reporter = self.scene_reporter(scene);
        let (name, reason) = match &decision.outcome {
            Outcome::Permit(_) => (Name::MediaToken, None),
            Outcome::Refusal(refusal) => (Name::MediaTokenFailed, Some(reason(refusal))),
        };
        let extended = reporter.about_resource(Name::Decision, about, &decision.resource);
        let token = EntitlementEvent {
            reason: reason.map(Into::into),
            ..reporter.another(name, &extended)
        };
        [wrap(token), decided(extended, scene.purpose, &decision.outcome)]
    }
}
