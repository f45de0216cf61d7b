//! What is remembered between a framework's request and its answer.

use async_trait::async_trait;
use usher_core::{MvpdId, StoreError, Timestamp};

use crate::profile::Profile;
use crate::sealed::Sealed;
use crate::session::Holder;

/// A sign-in that the framework carries to the provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FrameworkSignIn {
    /// Who gets the profile.
    pub holder: Holder,
    /// The provider.
    pub mvpd: MvpdId,
    /// For following what happens; no secret. A UUID.
    pub session_id: String,
    /// What the provider's adapter needs to check the answer.
    pub pending: Sealed,
    /// When it ends.
    pub not_after: Timestamp,
}

/// Sign-ins under way in frameworks. There is at most one for each [`Holder`].
#[async_trait]
pub trait FrameworkSignIns: Send + Sync + 'static {
    /// Remembers `sign_in` in place of any other of the same holder.
    async fn begin(&self, sign_in: &FrameworkSignIn) -> Result<(), StoreError>;

    /// The sign-in of `holder` that is not over at `now`.
    async fn find(
        &self,
        holder: &Holder,
        now: Timestamp,
    ) -> Result<Option<FrameworkSignIn>, StoreError>;

    /// Forgets the sign-in of the profile's holder, if there is one, and stores `profile` under its key
    /// in place of whatever was there, all in one step.
    async fn complete(&self, profile: &Profile) -> Result<(), StoreError>;

    /// Forgets sign-ins that are over at `now`; returns how many.
    async fn sweep(&self, now: Timestamp) -> Result<u64, StoreError>;
}
