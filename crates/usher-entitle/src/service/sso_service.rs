//! Our own single-sign-on service (`access-variants` §4.4): tokens that make devices one viewer.

use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use usher_core::{DeviceId, EntropyExt as _, StoreError, Timestamp};
use usher_jose::{SignError, base64url};
use usher_registry::OWN_SERVICE_TOKEN_ISSUER;

use super::Entitlement;
use crate::call::Call;
use crate::sso::{LinkCode, LinkedDevice, OwnToken, SsoAccount, SsoSubject, TokenDigest, own_kid};

/// Lifetime of a token (T1).
const TOKEN_TTL: Duration = Duration::from_hours(1);
/// How long after its end a token can still be exchanged for another (T7).
const REFRESHABLE: Duration = Duration::from_hours(24);
/// The longest accepted id of a viewer, in bytes.
const SUB_BYTES_MAX: usize = 256;
/// How often another code is drawn when one is taken.
const DRAWS_MAX: usize = 20;

/// Who the viewer is, in an application's words.
#[derive(Clone, Debug)]
pub enum SsoIdentity {
    /// The application's own id of the viewer.
    Id(String),
    /// A code that another device of the viewer shows.
    Link(String),
}

/// A token that was issued.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "named as on the wire")]
pub struct ServiceToken {
    pub token: String,
    pub not_before: Timestamp,
    pub not_after: Timestamp,
}

/// A device of a viewer, as applications see it.
#[derive(Clone, Debug)]
pub struct SsoDevice {
    /// What is known of the device.
    pub device: LinkedDevice,
    /// Whether the viewer signed in at a TV provider on it; otherwise it only shares that.
    pub signed_in_here: bool,
}

/// Why the service refuses.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SsoServiceError {
    /// Nobody signed the token, or somebody else did.
    #[error("the token is not authentic")]
    Signature,
    /// The token is over.
    #[error("the token has expired")]
    Expired,
    /// The token is another company's, or its device was unlinked; or the id or code is no good.
    #[error("the token, id or code is not valid here")]
    Invalid,
    /// Too many wrong codes came from there.
    #[error("too many wrong codes: wait ten minutes")]
    TooManyMistakes,
    /// The store could not answer.
    #[error("the store could not answer")]
    Store(#[from] StoreError),
    /// The token could not be signed.
    #[error("the token could not be signed")]
    Sign(#[from] SignError),
}

#[derive(Serialize)]
struct Claims<'c> {
    iss: &'c str,
    sub: &'c str,
    nbf: i64,
    iat: i64,
    exp: i64,
}

impl Entitlement {
    /// Issues a token to `device`, which is the viewer's from now on.
    pub async fn create_service_token(
        &self,
        call: &Call,
        device: DeviceId,
        identity: &SsoIdentity,
    ) -> Result<ServiceToken, SsoServiceError> {
        let now = self.clock.now();
        let company = call.service_provider.media_company.clone();
        let account = match identity {
            SsoIdentity::Id(sub) if is_plausible(sub) => SsoAccount { company, sub: sub.clone() },
            SsoIdentity::Id(_) => return Err(SsoServiceError::Invalid),
            SsoIdentity::Link(code) => self.redeem(call, &device, code, now).await?,
        };
        let token = self.signed(&account, now).await?;
        let linked = described(call, device, now);
        let noted = (TokenDigest::of(&token.token), token.not_after + REFRESHABLE);
        self.sso_store.issue(&account, &linked, noted).await?;
        self.bound_devices.invalidate(&account);
        Ok(token)
    }

    /// Exchanges a token, valid or not long over, for a fresh one of the same device.
    pub async fn refresh_service_token(
        &self,
        call: &Call,
        token: &str,
    ) -> Result<ServiceToken, SsoServiceError> {
        let now = self.clock.now();
        let own = self.own_token(call, token)?;
        if now >= own.not_after + REFRESHABLE {
            return Err(SsoServiceError::Expired);
        }
        let account = account(own);
        let fresh = self.signed(&account, now).await?;
        let noted = (TokenDigest::of(&fresh.token), fresh.not_after + REFRESHABLE);
        let old = TokenDigest::of(token.trim());
        if self.sso_store.reissue(&account, old, noted, now).await? {
            Ok(fresh)
        } else {
            Err(SsoServiceError::Invalid)
        }
    }

    /// A code with which another device becomes the same viewer's.
    pub async fn create_link(
        &self,
        call: &Call,
        device: &DeviceId,
        token: &str,
    ) -> Result<LinkCode, SsoServiceError> {
        let account = self.proven_account(call, device, token).await?;
        let now = self.clock.now();
        let mut link = LinkCode {
            code: String::new(),
            account,
            not_before: now,
            not_after: now + self.config.link_code_ttl,
        };
        for _ in 0..DRAWS_MAX {
            link.code = LinkCode::draw(self.entropy.as_ref());
            match self.sso_store.create_code(&link).await {
                Err(StoreError::Conflict) => {}
                other => return other.map(|()| link).map_err(Into::into),
            }
        }
        Err(StoreError::Conflict.into())
    }

    /// Makes devices the viewer's no longer; their tokens are refused from now on. Returns those that
    /// were.
    pub async fn unlink_devices(
        &self,
        call: &Call,
        device: &DeviceId,
        token: &str,
        devices: &[DeviceId],
    ) -> Result<Vec<DeviceId>, SsoServiceError> {
        let account = self.proven_account(call, device, token).await?;
        let unlinked = self.sso_store.unlink(&account, devices).await?;
        self.bound_devices.invalidate(&account);
        Ok(unlinked)
    }

    /// The viewer's devices.
    pub async fn linked_devices(
        &self,
        call: &Call,
        device: &DeviceId,
        token: &str,
    ) -> Result<Vec<SsoDevice>, SsoServiceError> {
        let account = self.proven_account(call, device, token).await?;
        let now = self.clock.now();
        let subject = SsoSubject::own(&account.company, &account.sub);
        let profiles = self.profiles.linked_to(&subject, now).await?;
        let devices = self.sso_store.devices(&account).await?;
        let seen = devices.into_iter().map(|device| {
            let signed_in_here = profiles.iter().any(|profile| {
                profile.is_active(now) && profile.key.holder.device == device.device
            });
            SsoDevice { device, signed_in_here }
        });
        Ok(seen.collect())
    }

    /// Who `own` names, if `device` is still that viewer's (T9).
    pub(super) async fn own_subject(
        &self,
        own: OwnToken,
        device: &DeviceId,
    ) -> Result<Option<SsoSubject>, StoreError> {
        let account = account(own);
        let bound = self.is_bound(&account, device).await?;
        Ok(bound.then(|| SsoSubject::own(&account.company, &account.sub)))
    }

    async fn proven_account(
        &self,
        call: &Call,
        device: &DeviceId,
        token: &str,
    ) -> Result<SsoAccount, SsoServiceError> {
        let own = self.own_token(call, token)?;
        if self.clock.now() >= own.not_after {
            return Err(SsoServiceError::Expired);
        }
        let account = account(own);
        if self.is_bound(&account, device).await? {
            Ok(account)
        } else {
            Err(SsoServiceError::Invalid)
        }
    }

    fn own_token(&self, call: &Call, token: &str) -> Result<OwnToken, SsoServiceError> {
        let own = self.sso_tokens.own(token.trim()).ok_or(SsoServiceError::Signature)?;
        if own.company == call.service_provider.media_company {
            Ok(own)
        } else {
            Err(SsoServiceError::Invalid)
        }
    }

    async fn is_bound(&self, account: &SsoAccount, device: &DeviceId) -> Result<bool, StoreError> {
        if let Some(bound) = self.bound_devices.get(account) {
            return Ok(bound.contains(device));
        }
        let devices = self.sso_store.devices(account).await?;
        let bound: Arc<[DeviceId]> = devices.into_iter().map(|linked| linked.device).collect();
        self.bound_devices.insert(account.clone(), Arc::clone(&bound));
        Ok(bound.contains(device))
    }

    async fn redeem(
        &self,
        call: &Call,
        device: &DeviceId,
        code: &str,
        now: Timestamp,
    ) -> Result<SsoAccount, SsoServiceError> {
        let (by_device, by_address) = &self.code_guards;
        let address = call.origin.client_ip;
        let admitted = by_device.admits(device, now)
            && address.is_none_or(|address| by_address.admits(&address, now));
        if !admitted {
            return Err(SsoServiceError::TooManyMistakes);
        }
        let company = &call.service_provider.media_company;
        let redeemed = match code.trim() {
            code if LinkCode::is_plausible(code) => {
                self.sso_store.redeem_code(company, code, now).await?
            }
            _ => None,
        };
        redeemed.ok_or_else(|| {
            by_device.note(device.clone(), now);
            if let Some(address) = address {
                by_address.note(address, now);
            }
            SsoServiceError::Invalid
        })
    }

    async fn signed(
        &self,
        account: &SsoAccount,
        now: Timestamp,
    ) -> Result<ServiceToken, SignError> {
        // JWTs have whole seconds, and the answer says the same.
        let not_before = Timestamp::from_secs(now.as_secs());
        let not_after = not_before + TOKEN_TTL;
        let claims = Claims {
            iss: OWN_SERVICE_TOKEN_ISSUER,
            sub: &account.sub,
            nbf: not_before.as_secs(),
            iat: not_before.as_secs(),
            exp: not_after.as_secs(),
        };
        let nonce = base64url(self.entropy.bytes::<9>());
        let kid = own_kid(self.service_tokens.public().kid(), &nonce, &account.company);
        let token = self.service_tokens.sign_jws_as(&kid, &claims).await?;
        Ok(ServiceToken { token, not_before, not_after })
    }
}

fn account(own: OwnToken) -> SsoAccount {
    SsoAccount { company: own.company, sub: own.sub }
}

fn is_plausible(sub: &str) -> bool {
    (1..=SUB_BYTES_MAX).contains(&sub.len()) && !sub.chars().any(char::is_control)
}

fn described(call: &Call, device: DeviceId, now: Timestamp) -> LinkedDevice {
    let info = &call.origin.device_info;
    LinkedDevice {
        device,
        device_type: info.primary_hardware_type.clone(),
        model: info.model.clone(),
        os: info.os_name.clone().or_else(|| info.os_family.clone()),
        os_version: info.os_version.clone(),
        last_seen: now,
    }
}
