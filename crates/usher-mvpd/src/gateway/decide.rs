//! Asking providers whether viewers may watch (`mvpd` §7, §8).
//!
//! One question is one call about one resource, or about several where the provider takes that. Each
//! has to get past abuse protection, the provider's circuit and its lane; all of it happens under one
//! deadline. What comes back is one decision per resource, whatever happened.

use std::sync::Arc;

use async_trait::async_trait;
use futures_util::future::join_all;
use tokio::time::{Instant, timeout_at};
use usher_entitle::{
    AnsweredBy, AuthorizationAsk, DenyReason, Exchange, MvpdAuthorization, MvpdDecision,
    MvpdFailure, MvpdOutcome, Purpose,
};
use usher_registry::{AuthzProtocol, PreflightMode, Transport};
use usher_saml::Resource;

use super::Gateway;
use super::ask::{Asked, Asking};
use crate::guard::Question;

#[async_trait]
impl MvpdAuthorization for Gateway {
    async fn decide(&self, ask: &AuthorizationAsk) -> Vec<MvpdDecision> {
        let everywhere = |outcome: MvpdOutcome| {
            ask.resources.iter().map(|_| MvpdDecision::at_once(outcome.clone())).collect()
        };
        let Some(asking) = Asking::of(ask) else {
            return everywhere(MvpdOutcome::Failed(MvpdFailure::Misconfigured));
        };
        if matches!(asking.endpoint.protocol, AuthzProtocol::None) {
            return everywhere(super::permit());
        }
        let items: Vec<Item> =
            ask.resources.iter().map(|resource| self.item(ask, resource)).collect();
        let open = items.iter().filter_map(Item::open).collect();
        let deadline = deadline(ask, asking.transport());
        let mut answers = self.answers(&asking, open, deadline).await.into_iter();
        let decided = |(item, resource): (Item, &String)| match item {
            Item::Decided(decision) => *decision,
            Item::Open(_) => {
                let answer = answers.next().unwrap_or_else(unanswered);
                self.learn(ask, resource, &answer);
                answer
            }
        };
        items.into_iter().zip(&ask.resources).map(decided).collect()
    }
}

/// One of the resources that are asked about.
enum Item {
    /// The provider has to be asked.
    Open(Resource),
    /// Nobody has to be asked.
    Decided(Box<MvpdDecision>),
}

impl Item {
    fn open(&self) -> Option<Resource> {
        match self {
            Self::Open(resource) => Some(resource.clone()),
            Self::Decided(_) => None,
        }
    }

    fn decided(answered_by: AnsweredBy, outcome: MvpdOutcome) -> Self {
        let decision = MvpdDecision::at_once(outcome);
        Self::Decided(Box::new(MvpdDecision { answered_by, ..decision }))
    }
}

impl Gateway {
    fn item(&self, ask: &AuthorizationAsk, resource: &str) -> Item {
        let parsed = match Resource::parse(resource) {
            Ok(parsed) => parsed,
            Err(error) => {
                let details = Some(error.to_string());
                let outcome = MvpdOutcome::Deny { reason: DenyReason::NotEntitled, details };
                return Item::decided(AnsweredBy::Provider, outcome);
            }
        };
        let protection = &ask.partner.mvpd.protection;
        let guarded = match ask.purpose {
            Purpose::Authorize => {
                self.guard.answer(&question(ask, resource), protection, self.clock.now())
            }
            Purpose::Preauthorize => None,
        };
        match guarded {
            Some(outcome) => Item::decided(AnsweredBy::Guard, outcome),
            None => Item::Open(parsed),
        }
    }

    /// Remembers denials that playback depended on.
    fn learn(&self, ask: &AuthorizationAsk, resource: &str, answer: &MvpdDecision) {
        if ask.purpose == Purpose::Preauthorize {
            return;
        }
        let question = question(ask, resource);
        match &answer.outcome {
            MvpdOutcome::Deny {
                reason: DenyReason::NotEntitled | DenyReason::ParentalControls,
                ..
            } => {
                let denial = (&answer.outcome, self.clock.now());
                self.guard.denied(&question, &ask.partner.mvpd.protection, denial);
            }
            MvpdOutcome::Permit { .. } | MvpdOutcome::Deny { .. } => self.guard.forget(&question),
            MvpdOutcome::Failed(_) => {}
        }
    }

    /// One answer per resource: in one call, or in one call each (`mvpd` §8).
    async fn answers(
        &self,
        asking: &Asking<'_>,
        resources: Vec<Resource>,
        deadline: Instant,
    ) -> Vec<MvpdDecision> {
        let together = asking.ask.purpose == Purpose::Preauthorize
            && asking.ask.partner.preflight().mode == PreflightMode::MultiChannel
            && asking.takes_several();
        if !together {
            return self.each(asking, resources, deadline).await;
        }
        if resources.is_empty() {
            return Vec::new();
        }
        let asked = self.call(asking, resources.clone(), deadline).await;
        if asked.wants_each {
            self.each(asking, resources, deadline).await
        } else {
            asked.decisions
        }
    }

    async fn each(
        &self,
        asking: &Asking<'_>,
        resources: Vec<Resource>,
        deadline: Instant,
    ) -> Vec<MvpdDecision> {
        let calls =
            resources.into_iter().map(|resource| self.call(asking, vec![resource], deadline));
        join_all(calls).await.into_iter().flat_map(|asked| asked.decisions).collect()
    }

    /// One call. Waiting for a place counts against the budget, but is not the provider's time.
    async fn call(
        &self,
        asking: &Asking<'_>,
        resources: Vec<Resource>,
        deadline: Instant,
    ) -> Asked {
        let count = resources.len();
        let failed = |failure| Asked::all(count, &MvpdOutcome::Failed(failure));
        let (mvpd, id) = (&asking.ask.partner.speaker().id, asking.endpoint.id());
        let transport = asking.transport();
        let breaker = self.breakers.to(mvpd, id);
        let bounds = (transport.failures_max, transport.pause);
        if let Err(failure) = breaker.admit(self.clock.now(), transport.pause) {
            return failed(failure);
        }
        let lane = self.lanes.enter(mvpd, id, transport.questions_max);
        let Ok(_place) = timeout_at(deadline, lane).await else {
            return failed(MvpdFailure::BudgetExceeded);
        };
        let asked_at = Instant::now();
        // Those who held the places may have left them because the time is up for all.
        if asked_at >= deadline {
            return failed(MvpdFailure::BudgetExceeded);
        }
        let mut asked = match timeout_at(deadline, self.ask(asking, resources)).await {
            Ok(asked) => asked,
            Err(_) => failed(MvpdFailure::BudgetExceeded)
                .with(&Arc::new(asking.timed_out(asked_at.elapsed()))),
        };
        match asked.failure() {
            Some(failure) => breaker.failed(failure, bounds, self.clock.now()),
            None => breaker.answered(),
        }
        asked.took(asked_at.elapsed());
        asked
    }
}

/// When all of it must be over.
fn deadline(ask: &AuthorizationAsk, transport: &Transport) -> Instant {
    let preflight = match ask.purpose {
        Purpose::Preauthorize => ask.partner.preflight().timeout,
        Purpose::Authorize => None,
    };
    let budget = ask.budget.min(transport.deadline);
    Instant::now() + preflight.map_or(budget, |preflight| preflight.min(budget))
}

fn question(ask: &AuthorizationAsk, resource: &str) -> Question {
    Question::of(&ask.partner.mvpd.id, &ask.user_id, resource)
}

fn unanswered() -> MvpdDecision {
    MvpdDecision::at_once(MvpdOutcome::Failed(MvpdFailure::BadAnswer))
}

impl Asked {
    /// With a record of a call more.
    fn with(mut self, exchange: &Arc<Exchange>) -> Self {
        for decision in &mut self.decisions {
            decision.exchanges.push(Arc::clone(exchange));
        }
        self
    }

    /// The failure they all share.
    fn failure(&self) -> Option<MvpdFailure> {
        let mut failures = self.decisions.iter().map(|decision| match decision.outcome {
            MvpdOutcome::Failed(failure) => Some(failure),
            MvpdOutcome::Permit { .. } | MvpdOutcome::Deny { .. } => None,
        });
        let first = failures.next()??;
        failures.all(|failure| failure.is_some()).then_some(first)
    }

    fn took(&mut self, latency: std::time::Duration) {
        for decision in &mut self.decisions {
            decision.latency = latency;
        }
    }
}
