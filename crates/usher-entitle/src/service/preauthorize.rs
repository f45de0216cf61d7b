//! Which resources a viewer could watch (`pass-rest-v2` §10, `mvpd` §8). Permits nothing by itself.

use serde_json::Value;
use usher_registry::PreflightMode;
use usher_reports::Event;

use super::Entitlement;
use super::create_session::is_temporary;
use super::decide::{DecisionAsk, DecisionError, Scene, Viewer, refusal_of, refuse_all};
use crate::call::Call;
use crate::decision::{Decision, Outcome, Refusal, RefusalReason, Source};
use crate::events::About;
use crate::mvpd::{DenyReason, MvpdDecision, Purpose};
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
        let viewer = self.viewer(&scene, &ask, limit).await?;
        let (decisions, about, mut events) = match &viewer {
            Err(reason) => (refuse_all(ask.resources, *reason), About::default(), Vec::new()),
            Ok(viewer) => {
                let (decisions, events) = self.preauthorized(&scene, viewer, ask.resources).await?;
                (decisions, viewer.about(), events)
            }
        };
        let reporter = self.scene_reporter(&scene);
        events.extend(decisions.iter().map(|decision| {
            reporter.decided(about, &decision.resource, scene.purpose, &decision.outcome)
        }));
        self.record(events).await;
        Ok(decisions)
    }

    async fn preauthorized(
        &self,
        scene: &Scene<'_>,
        viewer: &Viewer,
        resources: Vec<String>,
    ) -> Result<(Vec<Decision>, Vec<Event>), DecisionError> {
        let mode = scene.partner.mvpd.preflight.mode;
        if scene.partner.integration.dummy || mode == PreflightMode::None {
            let permit = |resource| Decision {
                resource,
                source: Source::Dummy,
                outcome: Outcome::Permit(None),
            };
            return Ok((resources.into_iter().map(permit).collect(), Vec::new()));
        }
        if mode == PreflightMode::Lineup {
            let decide = |resource| by_lineup(viewer, resource);
            return Ok((resources.into_iter().map(decide).collect(), Vec::new()));
        }
        let answers = self.ask_provider(scene, viewer, resources.clone()).await?;
        let events = resources
            .iter()
            .zip(&answers)
            .flat_map(|(resource, answer)| {
                let refusal = refusal_of(&answer.outcome);
                let outcome = (refusal.as_ref(), answer.latency);
                self.asked_events(scene, viewer.about(), resource, outcome)
            })
            .collect();
        let decide = |(resource, answer): (String, &MvpdDecision)| Decision {
            resource,
            source: Source::Mvpd,
            outcome: outcome(refusal_of(&answer.outcome)),
        };
        Ok((resources.into_iter().zip(&answers).map(decide).collect(), events))
    }
}

fn outcome(refusal: Option<Refusal>) -> Outcome {
    refusal.map_or(Outcome::Permit(None), Outcome::Refusal)
}

/// The decision by the line-up that came with the sign-in (`mvpd` §8 mode `lineup`).
fn by_lineup(viewer: &Viewer, resource: String) -> Decision {
    let channel = channel_of(&resource);
    let lists = ["authorized_resources", "channelID"];
    let listed = lists.into_iter().any(|list| match viewer.profile.attributes.get(list) {
        Some(Value::Array(ids)) => ids.iter().any(|id| id.as_str() == Some(&channel)),
        Some(Value::String(id)) => *id == channel,
        _ => false,
    });
    let denied = Refusal::from(RefusalReason::Denied(DenyReason::NotEntitled));
    Decision { resource, source: Source::Mvpd, outcome: outcome((!listed).then_some(denied)) }
}
