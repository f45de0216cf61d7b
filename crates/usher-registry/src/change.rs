//! The changes log (`console` §7.3): who changed what of the configuration, and when.
//!
//! Changes that skip review (rules of degradation, pushed lists of proxied MVPDs) write their entry
//! themselves; people see the log, nothing reads it to decide.

use std::net::IpAddr;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use usher_core::{ClientId, StoreError, Timestamp};

/// A change of the configuration that is in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// When it took effect.
    pub at: Timestamp,
    /// Who made it: a person, or the name of the API a system called.
    pub author: String,
    /// What happened, in words.
    pub description: String,
    /// The client that called.
    pub client: Option<ClientId>,
    /// Where the call came from.
    pub address: Option<IpAddr>,
    /// What became different; secrets are masked by whoever writes the entry.
    pub properties: Vec<ChangedProperty>,
}

/// One property that became different.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ChangedProperty {
    /// The kind of entity, such as `Integration`.
    pub entity_type: String,
    /// Which one, such as `NEWSCH_CableOne`.
    pub entity_id: String,
    /// Which of its properties.
    pub property: String,
    /// What happened to it.
    pub operation: Operation,
    /// Its value before.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub old: Option<Value>,
    /// Its value after.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub new: Option<Value>,
}

/// What happened to a property.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
#[expect(missing_docs, reason = "the words of the log")]
pub enum Operation {
    Added,
    Updated,
    Deleted,
}

/// A change as the log keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordedChange {
    /// Its number: one more than that of the change before it.
    pub number: u64,
    /// The change.
    pub change: Change,
}

/// Where changes are kept, for good.
#[async_trait]
pub trait ChangesLog: Send + Sync + 'static {
    /// Writes `change` down and returns its number once it would survive a crash.
    async fn record(&self, change: &Change) -> Result<u64, StoreError>;

    /// The latest changes, the newest first, at most `limit` of them; only those with a smaller number
    /// than `before` when that is given.
    async fn latest(
        &self,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Vec<RecordedChange>, StoreError>;
}
