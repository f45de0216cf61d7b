//! Degradation (`access-variants` §1): rules that bypass an MVPD for a while.
//!
//! A rule is about one channel and one MVPD (or a proxy and all MVPDs behind it), perhaps about one
//! resource only, and ends by itself. Rules are kept by a [`DegradationStore`]; what is in force is
//! remembered here and stays in force until its end, whatever becomes of the store.

mod rules;
mod store;

use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use usher_core::{MvpdId, ServiceProviderId, StoreError, Timestamp};

pub(crate) use rules::ActiveRules;
pub use store::DegradationStore;

use crate::partner::Partner;
use rules::RuleSet;

/// How long rules that are over are remembered for whoever asks for history.
pub const HISTORY: Duration = Duration::from_hours(30 * 24);

/// What a rule does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    /// Everybody counts as signed in, and may watch everything.
    AuthnAll,
    /// Whoever is asked about may watch.
    AuthzAll,
    /// Nobody may watch.
    AuthzNone,
}

impl Measure {
    /// Its id on the wire (`access-variants` §1.1).
    pub const fn id(self) -> &'static str {
        match self {
            Self::AuthnAll => "authn-all",
            Self::AuthzAll => "authz-all",
            Self::AuthzNone => "authz-none",
        }
    }

    /// The measure with this id.
    pub fn from_id(id: &str) -> Option<Self> {
        [Self::AuthnAll, Self::AuthzAll, Self::AuthzNone].into_iter().find(|it| it.id() == id)
    }
}

/// What a rule is about; there is at most one rule for each.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RuleKey {
    /// The channel.
    pub service_provider: ServiceProviderId,
    /// The MVPD, or a proxy for all behind it.
    pub mvpd: MvpdId,
    /// What the rule does.
    pub measure: Measure,
    /// The only resource (or channel of resources) it covers; all when absent.
    pub target: Option<String>,
}

/// A rule in force or over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DegradationRule {
    /// What it is about.
    pub key: RuleKey,
    /// Text for viewers.
    pub message: Option<String>,
    /// When it came into force.
    pub activated_at: Timestamp,
    /// How long it stays.
    pub ttl: Duration,
    /// When somebody ended it early.
    pub removed_at: Option<Timestamp>,
}

/// Whether a rule is in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RuleStanding {
    /// It is.
    Applied,
    /// Its time is over.
    Expired,
    /// Somebody ended it early.
    Removed,
}

impl DegradationRule {
    /// When it ends by itself.
    pub fn not_after(&self) -> Timestamp {
        self.activated_at + self.ttl
    }

    /// Whether it is in force at `now`.
    pub fn standing(&self, now: Timestamp) -> RuleStanding {
        if self.removed_at.is_some() {
            RuleStanding::Removed
        } else if now >= self.not_after() {
            RuleStanding::Expired
        } else {
            RuleStanding::Applied
        }
    }
}

/// The rules of all channels: the store's, and what is in force in memory.
pub(crate) struct Degradation {
    store: Arc<dyn DegradationStore>,
    in_force: ArcSwap<RuleSet>,
}

impl Degradation {
    /// Nothing is in force before the first [`Degradation::refresh`].
    pub(crate) fn new(store: Arc<dyn DegradationStore>) -> Self {
        Self { store, in_force: ArcSwap::default() }
    }

    /// The store itself, for changes; each is followed by a refresh.
    pub(crate) fn store(&self) -> &dyn DegradationStore {
        self.store.as_ref()
    }

    /// Reads again what is in force. When the store cannot answer, everything stays as it is.
    pub(crate) async fn refresh(&self, now: Timestamp) -> Result<(), StoreError> {
        let rules = self.store.since(now).await?;
        self.in_force.store(Arc::new(RuleSet::of(rules, now)));
        Ok(())
    }

    /// The rules in force at `now` for the channel and MVPD of `partner`.
    pub(crate) fn on(&self, partner: &Partner, now: Timestamp) -> ActiveRules {
        self.in_force.load().on(partner, now)
    }
}
