//! Temporary access (`access-variants` §2): what a trial permits, decided by plain functions.
//!
//! A basic pass is good for a time per device; a promotional one also for a number of resources, per
//! device and identity. The clock starts with the first authorization and is the wall's. What was
//! used is kept by a [`TrialStore`]; nothing here reads or writes it.

mod identity;
mod store;

use serde::{Deserialize, Serialize};
use std::cmp::Reverse;
use std::time::Duration;

use indexmap::IndexMap;
use usher_core::{DeviceId, MvpdId, ServiceProviderId, Timestamp};
use usher_registry::{Daily, TempPassSettings};

use crate::metadata::{Attribute, Attributes};

pub use identity::IdentityHash;
pub use store::{DEVICES_AT_ONCE, TrialStore};

/// A temporary pass as one channel offers it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Pass {
    /// The channel.
    pub service_provider: ServiceProviderId,
    /// The provider that stands for the pass.
    pub mvpd: MvpdId,
}

/// Whose trial it is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TrialHolder {
    /// Of what.
    pub pass: Pass,
    /// The device.
    pub device: DeviceId,
    /// The viewer, for promotional passes.
    pub identity: Option<IdentityHash>,
}

/// A trial under way or over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trial {
    /// Never used again. A UUID.
    pub id: String,
    /// How often it was changed; stores count.
    pub revision: i64,
    /// The first authorization.
    pub started_at: Timestamp,
    /// When it is over. Never moves.
    pub not_after: Timestamp,
    /// The resources of a promotional pass that were authorized, each once, in order.
    pub used: Vec<String>,
}

/// Where the names of a holder lead.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FoundTrials {
    /// The device's trial.
    pub by_device: Option<Trial>,
    /// The viewer's trial.
    pub by_identity: Option<Trial>,
}

impl FoundTrials {
    /// The trial that counts: of two, the more consumed one (`access-variants` P7).
    pub(crate) fn governing(&self) -> Option<&Trial> {
        let both = self.by_device.iter().chain(&self.by_identity);
        both.min_by_key(|trial| (trial.not_after, Reverse(trial.used.len())))
    }

    /// Whether one of the holder's names leads nowhere yet.
    fn is_new_to(&self, holder: &TrialHolder) -> bool {
        self.by_device.is_none() || holder.identity.is_some() && self.by_identity.is_none()
    }
}

/// Why temporary access is not given (`access-variants` §2.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TrialRefusal {
    /// The time is up.
    DurationExceeded,
    /// The resources are used up.
    ResourcesExceeded,
    /// The pass has no duration, or is promotional without key or number of resources.
    Misconfigured,
    /// A promotional pass, and nobody said who uses it.
    NoIdentity,
}

/// What a pass offers.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Terms {
    ttl: Duration,
    reset_daily: Option<Daily>,
    promotion: Option<Promotion>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Promotion {
    resources_max: usize,
    identity_key: String,
}

impl Terms {
    /// What `settings` offer, for `duration` whatever they say.
    pub(crate) fn of(
        settings: Option<&TempPassSettings>,
        duration: Option<Duration>,
    ) -> Result<Self, TrialRefusal> {
        let settings = settings.cloned().unwrap_or_default();
        let ttl = duration.or(settings.ttl).filter(|ttl| !ttl.is_zero());
        let promotion = match (settings.resources_max, settings.identity_key) {
            (None, None) => None,
            (Some(max @ 1..), Some(identity_key)) if !identity_key.is_empty() => {
                let resources_max = usize::try_from(max).unwrap_or(usize::MAX);
                Some(Promotion { resources_max, identity_key })
            }
            (_, _) => return Err(TrialRefusal::Misconfigured),
        };
        let ttl = ttl.ok_or(TrialRefusal::Misconfigured)?;
        Ok(Self { ttl, reset_daily: settings.reset_daily, promotion })
    }

    /// When trials last started anew by schedule, if they do.
    pub(crate) fn reset_due(&self, now: Timestamp) -> Option<Timestamp> {
        self.reset_daily.as_ref()?.last(now)
    }

    /// Whom the header names, for passes that want to know.
    pub(crate) fn identity(
        &self,
        header: Option<&str>,
    ) -> Result<Option<IdentityHash>, TrialRefusal> {
        let Some(promotion) = &self.promotion else { return Ok(None) };
        header
            .and_then(|header| IdentityHash::in_header(header, &promotion.identity_key))
            .map(Some)
            .ok_or(TrialRefusal::NoIdentity)
    }

    /// Whether `resource` may be watched; `trial` is absent before the first authorization.
    pub(crate) fn permits(
        &self,
        trial: Option<&Trial>,
        resource: &str,
        now: Timestamp,
    ) -> Result<(), TrialRefusal> {
        let Some(trial) = trial else { return Ok(()) };
        if now >= trial.not_after {
            return Err(TrialRefusal::DurationExceeded);
        }
        if self.remaining(trial) == Some(0) && !is_used(trial, resource) {
            return Err(TrialRefusal::ResourcesExceeded);
        }
        Ok(())
    }

    /// Authorizes `resources` one after the other. A trial that is started has the id `fresh`.
    pub(crate) fn authorize(
        &self,
        (holder, found): (&TrialHolder, &FoundTrials),
        resources: &[String],
        now: Timestamp,
        fresh: impl FnOnce() -> String,
    ) -> Authorized {
        let governing = found.governing();
        let mut trial = governing.cloned().unwrap_or_else(|| Trial {
            id: fresh(),
            revision: 0,
            started_at: now,
            not_after: now + self.ttl,
            used: Vec::new(),
        });
        let used_before = trial.used.len();
        let verdicts = resources.iter().map(|it| self.take(&mut trial, it, now)).collect();
        let change = match governing {
            None => Change::Start,
            Some(_) if used_before != trial.used.len() || found.is_new_to(holder) => {
                Change::CarryOn
            }
            Some(_) => Change::Nothing,
        };
        Authorized { trial, change, verdicts }
    }

    fn take(&self, trial: &mut Trial, resource: &str, now: Timestamp) -> Result<(), TrialRefusal> {
        self.permits(Some(trial), resource, now)?;
        if self.promotion.is_some() && !is_used(trial, resource) {
            trial.used.push(resource.to_owned());
        }
        Ok(())
    }

    /// The profile of the viewer `user_id`: of `trial`, else of one that would start now.
    pub(crate) fn profile(
        &self,
        trial: Option<&Trial>,
        user_id: String,
        now: Timestamp,
    ) -> Result<PassProfile, TrialRefusal> {
        let (not_before, not_after) = match trial {
            Some(trial) if now >= trial.not_after => return Err(TrialRefusal::DurationExceeded),
            Some(trial) => (trial.started_at, trial.not_after),
            None => (now, now + self.ttl),
        };
        let mut attributes = IndexMap::new();
        let mut put =
            |name: &str, value| attributes.insert(name.to_owned(), Attribute::Plain(value));
        if let Some(promotion) = &self.promotion {
            let used = trial.map(|trial| trial.used.as_slice()).unwrap_or_default();
            let remaining = promotion.resources_max.saturating_sub(used.len());
            if remaining == 0 {
                return Err(TrialRefusal::ResourcesExceeded);
            }
            put("remaining_resources", remaining.into());
            put("used_assets", used.into());
        }
        put("expiration_date", not_after.as_millis().into());
        put("userID", user_id.into());
        Ok(PassProfile { not_before, not_after, attributes })
    }

    /// How many more resources `trial` is good for, if they are counted.
    fn remaining(&self, trial: &Trial) -> Option<usize> {
        let promotion = self.promotion.as_ref()?;
        Some(promotion.resources_max.saturating_sub(trial.used.len()))
    }

    /// Whether resources are counted and viewers known.
    pub(crate) const fn is_promotional(&self) -> bool {
        self.promotion.is_some()
    }
}

fn is_used(trial: &Trial, resource: &str) -> bool {
    trial.used.iter().any(|used| used == resource)
}

/// A trial after an authorization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Authorized {
    pub(crate) trial: Trial,
    pub(crate) change: Change,
    /// One per resource, in their order.
    pub(crate) verdicts: Vec<Result<(), TrialRefusal>>,
}

/// What has to be stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    Nothing,
    Start,
    CarryOn,
}

/// What a pass shows of itself as a profile.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct PassProfile {
    pub(crate) not_before: Timestamp,
    pub(crate) not_after: Timestamp,
    pub(crate) attributes: Attributes,
}

#[cfg(test)]
mod tests;
