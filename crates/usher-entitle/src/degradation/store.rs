//! What degradation needs from a record store.

use async_trait::async_trait;
use usher_core::{StoreError, Timestamp};

use super::{DegradationRule, RuleKey};

/// Rules of degradation, by what they are about.
///
/// Every method is one atomic step, durable when it is reported as done.
#[async_trait]
pub trait DegradationStore: Send + Sync + 'static {
    /// Stores each of `rules` in place of whatever is under its key.
    async fn put(&self, rules: &[DegradationRule]) -> Result<(), StoreError>;

    /// Notes that the rules under `keys` were removed at `now`; of those that are over already, and of
    /// keys without a rule, nothing changes.
    async fn remove(&self, keys: &[RuleKey], now: Timestamp) -> Result<(), StoreError>;

    /// The rules that are in force at `since` or were at some time after it, in the order in which they
    /// came into force.
    async fn since(&self, since: Timestamp) -> Result<Vec<DegradationRule>, StoreError>;

    /// Forgets the rules that were over before `before`; returns how many.
    async fn sweep(&self, before: Timestamp) -> Result<u64, StoreError>;
}
