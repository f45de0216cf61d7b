//! Which resources a viewer could watch (`pass-rest-v2` §10, `mvpd` §8). Permits nothing by itself.

use serde_json::Value;
use usher_registry::PreflightMode;
use usher_reports::Event;

use super::Entitlement;
use super::create_session::is_temporary;
use super::decide::{Asked, Basis, DecisionAsk, DecisionError, Scene, Viewer, refusal_of, refused};
use crate::call::Call;
use crate::decision::{Decision, Outcome, Refusal, RefusalReason, Source};
use crate::explain::Ground;
use crate::mvpd::{DenyReason, MvpdDecision, MvpdFailure, Purpose};
use crate::resource::channel_of;

/// Resources per question unless the integration says otherwise.
const RESOURCES_MAX: usize = 5;

impl Entitlement {
    /// Informative decisions, one per resource and in their order.
    pub async fn preauthorize(
        &self,
        call: &Call,
        ask: DecisionAsk,
    ) -> Result<Vec<Decision>, DecisionError> {
        let scene = self.decision_scene(call, &ask, Purpose::Preauthorize)?;
        if is_temporary(&scene.partner) {
            return Ok(self.decide_by_pass(&scene, ask).await?);
        }
        let limit = scene.settings.preflight_resources_max().unwrap_or(RESOURCES_MAX);
        let asked = self.asked(&scene, ask, limit).await?;
        let (answers, mut events) = self.provider_answers(&scene, &asked).await?;
        let mut answers = answers.into_iter();
        let reporter = self.scene_reporter(&scene);
        let mut decisions = Vec::with_capacity(asked.questions.len());
        for question in &asked.questions {
            let resource = question.resource.clone();
            let decision = match (&question.basis, &asked.viewer) {
                (Basis::Rule(rule), _) => {
                    let (decision, ruled) =
                        self.preauthorize_by_rule(&scene, &asked, question, rule);
                    events.extend(ruled);
                    decision
                }
                (Basis::TooMany, _) => refused(resource, RefusalReason::TooManyResources.into()),
                (Basis::Provider, Err(reason)) => refused(resource, (*reason).into()),
                // There is an answer for each of these questions, in their order.
                (Basis::Provider, Ok(_)) => answers.next().unwrap_or_else(|| {
                    refused(resource, RefusalReason::Failed(MvpdFailure::BadAnswer).into())
                }),
            };
            let about = asked.about(question);
            let (resource, outcome) = (&decision.resource, &decision.outcome);
            events.push(reporter.decided(about, resource, scene.purpose, outcome));
            decisions.push(decision);
        }
        self.record(events).await;
        self.explain(&scene, || asked.viewer_note(), &decisions);
        Ok(decisions)
    }

    /// The provider's decisions about what is left to it, with the events of asking it.
    async fn provider_answers(
        &self,
        scene: &Scene<'_>,
        asked: &Asked,
    ) -> Result<(Vec<Decision>, Vec<Event>), DecisionError> {
        let Ok(viewer) = &asked.viewer else { return Ok((Vec::new(), Vec::new())) };
        let open = asked.questions.iter().filter(|it| matches!(it.basis, Basis::Provider));
        let resources: Vec<_> = open.map(|question| question.resource.clone()).collect();
        if resources.is_empty() {
            return Ok((Vec::new(), Vec::new()));
        }
        self.preauthorized(scene, viewer, resources).await
    }

    async fn preauthorized(
        &self,
        scene: &Scene<'_>,
        viewer: &Viewer,
        resources: Vec<String>,
    ) -> Result<(Vec<Decision>, Vec<Event>), DecisionError> {
        let mode = scene.partner.preflight().mode;
        if scene.partner.integration.dummy || mode == PreflightMode::None {
            let permit = |resource| Decision {
                resource,
                source: Source::Dummy,
                outcome: Outcome::Permit(None),
                ground: match mode {
                    PreflightMode::None => Ground::NoPreflight,
                    _ => Ground::Dummy,
                },
            };
            return Ok((resources.into_iter().map(permit).collect(), Vec::new()));
        }
        if mode == PreflightMode::Lineup
            && let Some(channels) = line_up(viewer)
        {
            let decide = |resource| by_line_up(&channels, resource);
            return Ok((resources.into_iter().map(decide).collect(), Vec::new()));
        }
        let answers = self.ask_provider(scene, viewer, resources.clone()).await?;
        let events = resources
            .iter()
            .zip(&answers)
            .flat_map(|(resource, answer)| {
                self.answer_events(scene, viewer.about(), resource, answer)
            })
            .collect();
        let decide = |(resource, answer): (String, &MvpdDecision)| Decision {
            resource,
            source: Source::Mvpd,
            outcome: outcome(refusal_of(&answer.outcome)),
            ground: Ground::from(answer),
        };
        Ok((resources.into_iter().zip(&answers).map(decide).collect(), events))
    }
}

fn outcome(refusal: Option<Refusal>) -> Outcome {
    refusal.map_or(Outcome::Permit(None), Outcome::Refusal)
}

/// The channels that came with the sign-in; nothing when none came, and then the provider has to be
/// asked (`mvpd` §14 point 17).
fn line_up(viewer: &Viewer) -> Option<Vec<&str>> {
    let lists = ["authorized_resources", "channelID"];
    let lists: Vec<_> =
        lists.iter().filter_map(|list| viewer.profile.attributes.get(*list)).collect();
    let channels = lists.iter().flat_map(|list| match list {
        Value::Array(ids) => ids.iter().filter_map(Value::as_str).collect(),
        Value::String(id) => vec![id.as_str()],
        _ => Vec::new(),
    });
    (!lists.is_empty()).then(|| channels.collect())
}

/// The decision by the line-up (`mvpd` §8 mode `lineup`).
fn by_line_up(channels: &[&str], resource: String) -> Decision {
    let listed = channels.contains(&channel_of(&resource).as_str());
    let denied = Refusal::from(RefusalReason::Denied(DenyReason::NotEntitled));
    let outcome = outcome((!listed).then_some(denied));
    Decision { resource, source: Source::Mvpd, outcome, ground: Ground::LineUp(channels.len()) }
}
