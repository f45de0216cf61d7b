//! One request about one person.

use serde::{Deserialize, Serialize};
use usher_core::{MvpdId, Timestamp};

/// What shall be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PrivacyAction {
    /// Tell how much is known.
    Access,
    /// Take it away.
    Delete,
}

impl PrivacyAction {
    /// The action as the wire spells it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Access => "access",
            Self::Delete => "delete",
        }
    }
}

/// Somebody, as their provider knows them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PrivacySubject {
    /// A name space that ends with the provider's id, as the request gave it.
    pub namespace: String,
    /// The kind of id, as the request gave it.
    pub kind: String,
    /// The user id: what applications see as `userID`.
    pub value: String,
}

impl PrivacySubject {
    /// The provider that the name space ends with.
    pub fn mvpd(&self) -> MvpdId {
        MvpdId::new(self.namespace.rsplit('/').next().unwrap_or_default())
    }
}

/// How far a job has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PrivacyState {
    /// Written down.
    Submitted,
    /// Begun.
    Processing,
    /// Done.
    Complete,
    /// Given up after several attempts.
    Error,
}

impl PrivacyState {
    /// The state as the wire spells it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Submitted => "submitted",
            Self::Processing => "processing",
            Self::Complete => "complete",
            Self::Error => "error",
        }
    }
}

/// How much there was about somebody when the job began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FoundRecords {
    /// Distinct authentication sessions.
    pub authn_sessions: u64,
    /// Authorization decisions.
    pub authz_decisions: u64,
}

/// One action about one person (who may have several ids).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PrivacyJob {
    /// A UUID.
    pub id: String,
    /// The request it came with. A UUID.
    pub request_id: String,
    /// Whose data it is about ([`usher_registry::Snapshot::of_organization`]).
    pub organization: String,
    /// What the request calls the person.
    pub user_key: String,
    /// What is asked for.
    pub action: PrivacyAction,
    /// The law it is asked for by.
    pub regulation: String,
    /// The ids of the person.
    pub subjects: Vec<PrivacySubject>,
    /// Who asked: a client, or the operator.
    pub submitted_by: String,
    /// How far it has come.
    pub state: PrivacyState,
    /// Attempts that failed.
    pub retries: u32,
    /// What there was; known once the job has begun.
    pub found: Option<FoundRecords>,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When it changed last; when it was done, once it is complete.
    pub modified_at: Timestamp,
}
