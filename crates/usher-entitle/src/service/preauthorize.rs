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
        let mode = scene.partner.preflight().mode;
        if scene.partner.integration.dummy || mode == PreflightMode::None {
            let permit = |resource| Decision {
                resource,
                source: Source::Dummy,
                outcome: Outcome::Permit(None),
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
    Decision { resource, source: Source::Mvpd, outcome: outcome((!listed).then_some(denied)) }
}
