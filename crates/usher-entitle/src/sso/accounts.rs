//! Viewers as our own single-sign-on service knows them, and the devices they use (`access-variants` §4.4).

use async_trait::async_trait;
use usher_core::{DeviceId, Entropy, EntropyExt as _, MediaCompanyId, StoreError, Timestamp};
use usher_jose::sha256;

/// Devices that one viewer may have; the least recently seen go first.
pub const DEVICES_MAX: usize = 100;

const CODE_DIGITS: usize = 6;

/// A viewer of one media company's applications.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SsoAccount {
    /// The company.
    pub company: MediaCompanyId,
    /// What its applications call the viewer.
    pub sub: String,
}

/// A device that a viewer uses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkedDevice {
    /// The device.
    pub device: DeviceId,
    /// The kind of device.
    pub device_type: Option<String>,
    /// Its model.
    pub model: Option<String>,
    /// Its operating system.
    pub os: Option<String>,
    /// The version of that.
    pub os_version: Option<String>,
    /// When a token was last issued to it.
    pub last_seen: Timestamp,
}

/// The digest of a service token: what tokens are recognised by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TokenDigest([u8; 32]);

impl TokenDigest {
    /// The digest of `token`.
    pub fn of(token: &str) -> Self {
        Self(sha256(token.as_bytes()))
    }

    /// The digest's bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// A code that makes another device the same viewer, once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkCode {
    /// Six digits, unique among live codes.
    pub code: String,
    /// The viewer.
    pub account: SsoAccount,
    /// Since when it works.
    pub not_before: Timestamp,
    /// Until when it works.
    pub not_after: Timestamp,
}

impl LinkCode {
    /// A fresh code: one in a million.
    pub(crate) fn draw(entropy: &(impl Entropy + ?Sized)) -> String {
        entropy.text(b"0123456789", CODE_DIGITS)
    }

    /// Whether `text` has the form of a code.
    pub(crate) fn is_plausible(text: &str) -> bool {
        text.len() == CODE_DIGITS && text.bytes().all(|byte| byte.is_ascii_digit())
    }
}

/// Viewers, their devices, the tokens issued to these, and codes under way.
///
/// Every method is one atomic step, durable when it is reported as done.
#[async_trait]
pub trait SsoStore: Send + Sync + 'static {
    /// Notes that `token` was issued to `device` of `account`, to be remembered until `keep_until`. The
    /// device is the account's from now on; beyond [`DEVICES_MAX`] the least recently seen is forgotten.
    async fn issue(
        &self,
        account: &SsoAccount,
        device: &LinkedDevice,
        (token, keep_until): (TokenDigest, Timestamp),
    ) -> Result<(), StoreError>;

    /// Notes that `new` was issued in exchange for `old`, to the same device, which was seen at `now`.
    /// False, and nothing noted, when `old` is unknown or its device is the account's no longer.
    async fn reissue(
        &self,
        account: &SsoAccount,
        old: TokenDigest,
        (new, keep_until): (TokenDigest, Timestamp),
        now: Timestamp,
    ) -> Result<bool, StoreError>;

    /// The devices of `account`, in the order in which they were seen first.
    async fn devices(&self, account: &SsoAccount) -> Result<Vec<LinkedDevice>, StoreError>;

    /// Makes `devices` the account's no longer; returns those that were.
    async fn unlink(
        &self,
        account: &SsoAccount,
        devices: &[DeviceId],
    ) -> Result<Vec<DeviceId>, StoreError>;

    /// Stores a code. [`StoreError::Conflict`] when a live one has the same digits: draw another.
    async fn create_code(&self, code: &LinkCode) -> Result<(), StoreError>;

    /// Consumes the live code with these digits that is about a viewer of `company`.
    async fn redeem_code(
        &self,
        company: &MediaCompanyId,
        code: &str,
        now: Timestamp,
    ) -> Result<Option<SsoAccount>, StoreError>;

    /// Forgets codes and tokens that are over at `now`; returns how many.
    async fn sweep(&self, now: Timestamp) -> Result<u64, StoreError>;
}
