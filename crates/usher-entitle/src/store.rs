//! What the entitlement service needs from a record store.
//!
//! Every method is one atomic step: it happens completely or not at all, also across a crash, and
//! what it reports as done is durable. Instants are arguments; stores read no clock.

use std::time::Duration;

use async_trait::async_trait;
use serde_json::{Map, Value};
use usher_core::{ClientId, MvpdId, ServiceProviderId, StoreError, Timestamp};

use crate::code::Code;
use crate::profile::{Profile, ProfileKey};
use crate::sealed::{Sealed, StateDigest};
use crate::session::{AuthenticationSession, Holder, Login, Parameters, PendingLogout};
use crate::sso::SsoSubject;

/// How long expired and invalidated profiles are remembered (`pass-rest-v2` §5.2).
pub const TOMBSTONE_RETENTION: Duration = Duration::from_hours(30 * 24);

/// Authentication sessions, the sign-ins they lead to, and sign-outs under way.
///
/// "Live" means `now <= not_after`. There is at most one session per [`Holder`].
#[async_trait]
pub trait SessionStore: Send + Sync + 'static {
    /// Stores `session` in place of any other of the same holder, whose code is void from then on.
    ///
    /// [`StoreError::Conflict`] when another holder's session has the same code: draw another.
    async fn create(&self, session: &AuthenticationSession) -> Result<(), StoreError>;

    /// The live session with this code.
    async fn find(
        &self,
        code: &Code,
        now: Timestamp,
    ) -> Result<Option<AuthenticationSession>, StoreError>;

    /// Lays `given` over the parameters of the live session with this code and returns the result.
    ///
    /// A sign-in under way is abandoned. Nothing happens to a completed session, and nothing is
    /// returned of it.
    async fn resume(
        &self,
        code: &Code,
        given: &Parameters,
        now: Timestamp,
    ) -> Result<Option<AuthenticationSession>, StoreError>;

    /// Records that the viewer is on the way to the provider; an earlier attempt of the same session
    /// is void from then on. False, and nothing recorded, unless the session is live, complete in its
    /// parameters and not completed.
    async fn begin_login(
        &self,
        code: &Code,
        login: &Login,
        now: Timestamp,
    ) -> Result<bool, StoreError>;

    /// The live session whose viewer is on the way with this reference.
    async fn in_login(
        &self,
        state: &StateDigest,
        now: Timestamp,
    ) -> Result<Option<AuthenticationSession>, StoreError>;

    /// Consumes the reference: the session is ready for another attempt. Nothing when it is unknown.
    async fn abandon_login(&self, state: &StateDigest) -> Result<(), StoreError>;

    /// Consumes the reference, completes its session and stores `profile` under its key in place of
    /// whatever was there, all in one step. False, and nothing changed, when the reference is unknown,
    /// already consumed, or its session is not live.
    async fn complete_login(
        &self,
        state: &StateDigest,
        profile: &Profile,
        now: Timestamp,
    ) -> Result<bool, StoreError>;

    /// Remembers a sign-out that has to visit the provider.
    async fn begin_logout(&self, logout: &PendingLogout) -> Result<(), StoreError>;

    /// The sign-out with this reference when its way out is used for the first time; nothing from
    /// then on, or once it is over.
    async fn open_logout(
        &self,
        state: &StateDigest,
        now: Timestamp,
    ) -> Result<Option<PendingLogout>, StoreError>;

    /// Consumes the sign-out with this reference, whether its way out was used or not.
    async fn close_logout(
        &self,
        state: &StateDigest,
        now: Timestamp,
    ) -> Result<Option<PendingLogout>, StoreError>;

    /// Forgets sessions and sign-outs that are over at `now`; returns how many.
    async fn sweep(&self, now: Timestamp) -> Result<u64, StoreError>;
}

/// Assertions of providers that were accepted, so that none is accepted twice (`mvpd` §5.5 row 15).
#[async_trait]
pub trait UsedAssertions: Send + Sync + 'static {
    /// Remembers that the assertion `id` of `issuer` is used now, until it would be refused for its age
    /// anyway. True exactly once per assertion, however many ask at the same time, on all servers
    /// together.
    async fn use_once(
        &self,
        issuer: &str,
        id: &str,
        not_after: Timestamp,
    ) -> Result<bool, StoreError>;

    /// Forgets assertions that are over at `now`; returns how many.
    async fn sweep(&self, now: Timestamp) -> Result<u64, StoreError>;
}

/// Profiles of one subject that are looked at. A household has fewer devices.
pub const LINKED_MAX: usize = 64;

/// Profiles and their tombstones.
#[async_trait]
pub trait ProfileStore: Send + Sync + 'static {
    /// Everything stored for this holder, tombstones included, in the order of their sign-ins.
    async fn held_by(&self, holder: &Holder) -> Result<Vec<Profile>, StoreError>;

    /// The profiles that carry `subject` and are active at `now`, the latest sign-ins first; no more
    /// than [`LINKED_MAX`].
    async fn linked_to(
        &self,
        subject: &SsoSubject,
        now: Timestamp,
    ) -> Result<Vec<Profile>, StoreError>;

    /// Deletes what is stored under `key` and returns it.
    async fn delete(&self, key: &ProfileKey) -> Result<Option<Profile>, StoreError>;

    /// Deletes every profile at `mvpd` of the provider's `subject` and returns them; only those of the
    /// named sessions when there are any ([`crate::Upstream`]).
    async fn delete_signed_in(
        &self,
        mvpd: &MvpdId,
        subject: &str,
        session_indexes: &[String],
    ) -> Result<Vec<Profile>, StoreError>;

    /// Deletes every profile of the viewer `user_id` of `mvpd` at `channel` and returns them.
    async fn delete_of(
        &self,
        mvpd: &MvpdId,
        user_id: &str,
        channel: &ServiceProviderId,
    ) -> Result<Vec<Profile>, StoreError>;

    /// How many profiles at `mvpds` that can still be used at `now` came of a sign-in at this endpoint.
    async fn signed_in_through(
        &self,
        mvpds: &[MvpdId],
        endpoint: &str,
        now: Timestamp,
    ) -> Result<u64, StoreError>;

    /// Invalidates the profile under `key`, provided it still is the sign-in `id` and is not
    /// invalidated yet.
    async fn invalidate(
        &self,
        key: &ProfileKey,
        id: &str,
        now: Timestamp,
    ) -> Result<(), StoreError>;

    /// Invalidates every profile that `client` made and that is not invalidated yet, and returns them.
    async fn invalidate_of(
        &self,
        client: &ClientId,
        now: Timestamp,
    ) -> Result<Vec<Profile>, StoreError>;

    /// Replaces the metadata of the profile under `key`, provided it still is the sign-in `id`.
    async fn set_attributes(
        &self,
        key: &ProfileKey,
        id: &str,
        attributes: &Map<String, Value>,
    ) -> Result<(), StoreError>;

    /// Replaces what later calls to the provider need, provided the profile under `key` still is the
    /// sign-in `id`.
    async fn set_credentials(
        &self,
        key: &ProfileKey,
        id: &str,
        credentials: &Sealed,
    ) -> Result<(), StoreError>;

    /// Notes that the application has fetched the sign-in `id`. True exactly once per sign-in, however
    /// many ask at the same time; false too when it is no longer under `key`.
    async fn mark_fetched(
        &self,
        key: &ProfileKey,
        id: &str,
        now: Timestamp,
    ) -> Result<bool, StoreError>;

    /// Forgets tombstones older than [`TOMBSTONE_RETENTION`]; returns how many.
    async fn sweep(&self, now: Timestamp) -> Result<u64, StoreError>;
}
