//! What privacy requests need from a record store.

use std::time::Duration;

use async_trait::async_trait;
use usher_core::{StoreError, Timestamp};

use crate::sealed::Sealed;

/// How long jobs are remembered (`access-variants` V6).
pub(super) const RETENTION: Duration = Duration::from_hours(30 * 24);

/// A job at rest: what it says of people is sealed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredJob {
    /// The id of the job.
    pub id: String,
    /// Whose it is.
    pub organization: String,
    /// The law it is asked for by.
    pub regulation: String,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When somebody should work on it; nothing once it is done.
    pub due_at: Option<Timestamp>,
    /// Everything else.
    pub body: Sealed,
}

/// Which jobs are listed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JobFilter {
    /// Those of one organisation, or of all.
    pub organization: Option<String>,
    /// Those by one law, or by any.
    pub regulation: Option<String>,
}

/// Jobs, the newest first.
///
/// Every method is one atomic step, durable when it is reported as done.
#[async_trait]
pub trait PrivacyJobs: Send + Sync + 'static {
    /// Stores `jobs`, all or none.
    async fn create(&self, jobs: &[StoredJob]) -> Result<(), StoreError>;

    /// One job that is due at `now`, if there is any, and moves it to `again_at`: whoever gets it works
    /// on it alone until then.
    async fn claim(
        &self,
        now: Timestamp,
        again_at: Timestamp,
    ) -> Result<Option<StoredJob>, StoreError>;

    /// Replaces what is stored of a job but its id and origin.
    async fn update(&self, job: &StoredJob) -> Result<(), StoreError>;

    /// The job `id`.
    async fn find(&self, id: &str) -> Result<Option<StoredJob>, StoreError>;

    /// Up to `limit` of the jobs that pass `filter`, without the first `skip`; and how many pass.
    async fn list(
        &self,
        filter: &JobFilter,
        skip: u64,
        limit: u64,
    ) -> Result<(Vec<StoredJob>, u64), StoreError>;

    /// Forgets jobs from before `before`; returns how many.
    async fn sweep(&self, before: Timestamp) -> Result<u64, StoreError>;
}
