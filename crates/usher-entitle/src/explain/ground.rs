//! What a decision rests on.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use usher_core::{MvpdId, Timestamp, TraceId};

use super::{ExchangeNote, GroundNote, PermitNote, ResourceNote};
use crate::decision::{Decision, Outcome, Permit};
use crate::degradation::{DegradationRule, Measure};
use crate::mvpd::{AnsweredBy, Exchange, MvpdDecision};
use crate::temp_pass::Trial;

/// The longest resource that is kept, in characters: MRSS documents begin with what matters.
const RESOURCE_CHARS_MAX: usize = 512;

/// What a decision rests on.
#[derive(Clone, Debug, PartialEq)]
pub enum Ground {
    /// Nothing: it was refused before anybody was asked.
    Unasked,
    /// A rule of degradation.
    Rule(RuleNote),
    /// What was decided for an earlier request.
    Remembered(TraceId),
    /// The provider's answer to another request, which asked the same at the same moment.
    Together,
    /// The provider's answer.
    Provider {
        /// How long it took.
        latency: Duration,
        /// What was said.
        exchanges: Vec<Arc<Exchange>>,
    },
    /// Abuse protection.
    Guard,
    /// An integration that permits everything.
    Dummy,
    /// A provider that is not asked beforehand.
    NoPreflight,
    /// The line-up that came with the sign-in, with so many channels.
    LineUp(usize),
    /// A temporary pass.
    Pass(PassNote),
}

/// A rule that decided.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleNote {
    /// What it does.
    pub measure: Measure,
    /// The provider or proxy it was set for.
    pub mvpd: MvpdId,
    /// The only resource it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// Since when it was in force.
    pub since: Timestamp,
    /// Until when.
    pub until: Timestamp,
}

impl From<&DegradationRule> for RuleNote {
    fn from(rule: &DegradationRule) -> Self {
        Self {
            measure: rule.key.measure,
            mvpd: rule.key.mvpd.clone(),
            target: rule.key.target.clone(),
            since: rule.activated_at,
            until: rule.not_after(),
        }
    }
}

/// A temporary pass that decided.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PassNote {
    /// When the trial began, if it has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// When it ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// Resources used.
    pub used: usize,
}

impl From<&Trial> for PassNote {
    fn from(trial: &Trial) -> Self {
        let (since, until) = (Some(trial.started_at), Some(trial.not_after));
        Self { since, until, used: trial.used.len() }
    }
}

/// Who set the end of a permit (`mvpd` §9).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lifetime {
    /// The setting `entitlement.authz_ttl`.
    Deployment,
    /// The provider's answer.
    Provider,
    /// The integration, or what it inherits.
    Integration,
    /// The sign-in, which ends earlier than the permit would.
    SignIn,
    /// The rule of degradation, which ends earlier than the permit would.
    Rule,
    /// The trial of a temporary pass.
    Trial,
}

impl From<&MvpdDecision> for Ground {
    fn from(answer: &MvpdDecision) -> Self {
        match answer.answered_by {
            AnsweredBy::Provider => {
                Self::Provider { latency: answer.latency, exchanges: answer.exchanges.clone() }
            }
            AnsweredBy::Guard => Self::Guard,
        }
    }
}

impl Ground {
    /// The ground as it is filed; exchanges that are not among `known` yet are added there.
    fn note(&self, known: &mut Vec<Arc<Exchange>>) -> GroundNote {
        match self {
            Self::Unasked => GroundNote::Unasked,
            Self::Rule(rule) => GroundNote::Rule(rule.clone()),
            Self::Remembered(trace) => GroundNote::Remembered { trace: *trace },
            Self::Together => GroundNote::Together,
            Self::Provider { latency, exchanges } => GroundNote::Provider {
                took_ms: millis(*latency),
                exchanges: exchanges.iter().map(|exchange| position(known, exchange)).collect(),
            },
            Self::Guard => GroundNote::Guard,
            Self::Dummy => GroundNote::Dummy,
            Self::NoPreflight => GroundNote::NoPreflight,
            Self::LineUp(channels) => GroundNote::LineUp { channels: *channels },
            Self::Pass(pass) => GroundNote::Pass(pass.clone()),
        }
    }
}

/// Where `exchange` stands among `known`, at their end if it is new.
fn position(known: &mut Vec<Arc<Exchange>>, exchange: &Arc<Exchange>) -> usize {
    let found = known.iter().position(|it| Arc::ptr_eq(it, exchange));
    found.unwrap_or_else(|| {
        known.push(Arc::clone(exchange));
        known.len() - 1
    })
}

/// The decisions as they are filed, with the exchanges they refer to.
pub(crate) fn notes(decisions: &[Decision]) -> (Vec<ResourceNote>, Vec<ExchangeNote>) {
    let mut exchanges = Vec::new();
    let notes = decisions.iter().map(|decision| note(decision, &mut exchanges)).collect();
    (notes, exchanges.iter().map(|exchange| ExchangeNote::from(exchange.as_ref())).collect())
}

fn note(decision: &Decision, exchanges: &mut Vec<Arc<Exchange>>) -> ResourceNote {
    let (playback, refusal) = match &decision.outcome {
        Outcome::Permit(playback) => (playback.as_ref(), None),
        Outcome::Refusal(refusal) => (None, Some(refusal)),
    };
    ResourceNote {
        resource: decision.resource.chars().take(RESOURCE_CHARS_MAX).collect(),
        permitted: refusal.is_none(),
        source: decision.source,
        ground: decision.ground.note(exchanges),
        reason: refusal.map(|refusal| refusal.reason),
        details: refusal.and_then(|refusal| refusal.details.clone()),
        permit: playback.and_then(|playback| playback.permit).map(PermitNote::from),
        token_until: playback.map(|playback| playback.token.not_after),
    }
}

impl From<Permit> for PermitNote {
    fn from(permit: Permit) -> Self {
        Self { since: permit.not_before, until: permit.not_after, by: permit.lifetime }
    }
}

/// `duration` in whole milliseconds.
pub(super) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
