//! What temporary access needs from a record store.

use async_trait::async_trait;
use usher_core::{DeviceId, StoreError, Timestamp};

use super::{FoundTrials, IdentityHash, Pass, Trial, TrialHolder};

/// Devices that are listed at once.
pub const DEVICES_AT_ONCE: usize = 1_000;

/// Trials, and the names that lead to them.
///
/// Every method is one atomic step, durable when it is reported as done. A trial has one name for each
/// device and each identity that used it; a name leads to at most one trial.
#[async_trait]
pub trait TrialStore: Send + Sync + 'static {
    /// The trials that the holder's names lead to.
    async fn find(&self, holder: &TrialHolder) -> Result<FoundTrials, StoreError>;

    /// Stores the new `trial` under the holder's names. False, and nothing stored, when one of them
    /// already leads somewhere.
    async fn start(&self, holder: &TrialHolder, trial: &Trial) -> Result<bool, StoreError>;

    /// Replaces what was used of a stored trial, which then has the next revision, and lets names of
    /// the holder that lead nowhere lead to it. False, and nothing changed, unless the stored trial
    /// has exactly `trial.revision`.
    async fn carry_on(&self, holder: &TrialHolder, trial: &Trial) -> Result<bool, StoreError>;

    /// Devices with a trial of `pass`, in the order of their ids from behind `after` on; no more than
    /// [`DEVICES_AT_ONCE`].
    async fn devices(
        &self,
        pass: &Pass,
        after: Option<&DeviceId>,
    ) -> Result<Vec<DeviceId>, StoreError>;

    /// Forgets the trial that this device leads to, with all its names.
    async fn forget_device(&self, pass: &Pass, device: &DeviceId) -> Result<(), StoreError>;

    /// Forgets the trial that this identity leads to, with all its names.
    async fn forget_identity(&self, pass: &Pass, identity: &IdentityHash)
    -> Result<(), StoreError>;

    /// Forgets every trial of `pass`, in the time that one takes.
    async fn forget_all(&self, pass: &Pass) -> Result<(), StoreError>;

    /// Does the same for the reset that was `due` then, once: not when one of this instant or a later
    /// one was done before.
    async fn forget_all_once(&self, pass: &Pass, due: Timestamp) -> Result<(), StoreError>;

    /// Makes room: removes what [`TrialStore::forget_all`] left behind and, given an instant, trials
    /// that were over then. Returns how many; there may be more.
    async fn sweep(&self, over_at: Option<Timestamp>) -> Result<u64, StoreError>;
}
