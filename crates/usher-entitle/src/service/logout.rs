//! Signing out (`pass-rest-v2` §11): here at once, at the provider with the viewer's browser.

use url::Url;
use usher_core::{DeviceId, MvpdId, StoreError, Timestamp};
use usher_jose::SealError;
use usher_registry::LogoutMode;
use usher_reports::EntitlementEventName as Name;

use super::Entitlement;
use super::create_session::{checked_redirect, is_temporary};
use crate::call::{Call, PartnerError};
use crate::events::About;
use crate::mvpd::Partner;
use crate::profile::{Profile, ProfileKey};
use crate::redirect::RedirectUrl;
use crate::sealed::StateDigest;
use crate::session::PendingLogout;

/// What is left to do to be signed out.
#[derive(Clone, Debug)]
pub struct LogoutAnswer {
    /// The provider.
    pub mvpd: MvpdId,
    /// What is left to do.
    pub step: LogoutStep,
}

/// What is left to do to be signed out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LogoutStep {
    /// The browser has to visit the provider, with this single-use reference.
    Visit {
        /// The reference.
        state: String,
    },
    /// Nothing.
    Complete,
    /// Nobody was signed in.
    NobodySignedIn,
}

/// Why nobody was signed out.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LogoutError {
    /// The provider cannot be dealt with.
    #[error(transparent)]
    Partner(#[from] PartnerError),
    /// Viewers must not be sent there, or nobody says where to.
    #[error("the redirect URL is missing or not one of the channel's")]
    RedirectUrl,
    /// The store could not answer.
    #[error("the store could not answer")]
    Store(#[from] StoreError),
    /// The link to the provider could not be sealed.
    #[error(transparent)]
    Seal(#[from] SealError),
}

impl Entitlement {
    /// Signs the device out of one provider. The profile is gone when this returns.
    pub async fn logout(
        &self,
        call: &Call,
        device: DeviceId,
        mvpd: &str,
        redirect_url: Option<&str>,
    ) -> Result<LogoutAnswer, LogoutError> {
        let now = self.clock.now();
        let id = call.mvpd(mvpd)?.id.clone();
        let redirect_url = redirect_of(call, redirect_url)?;
        let partner = call.partner(mvpd)?;
        if is_temporary(&partner) {
            return Ok(LogoutAnswer { mvpd: id, step: LogoutStep::Complete });
        }
        // Where everybody counts as signed in, the provider is spared the visit.
        let everybody = self.degradation.on(&partner, now).authn_all().is_some();
        let key = ProfileKey { holder: call.holder(device), mvpd: id.clone() };
        let found = self.profiles.find(&key).await?;
        let visits_provider = !everybody && !matches!(partner.mvpd.logout, LogoutMode::None);
        if visits_provider && found.is_some() && redirect_url.is_none() {
            return Err(LogoutError::RedirectUrl);
        }
        let redirect_url = redirect_url.filter(|_| visits_provider);
        let changing = self.profiles.changing(&key.holder);
        let deleted = self.profiles.store().delete(&key).await?;
        drop(changing);
        let step = match deleted.filter(|profile| profile.is_active(now)) {
            Some(profile) => self.sign_out(call, &partner, &profile, redirect_url).await?,
            None if everybody => LogoutStep::Complete,
            None => LogoutStep::NobodySignedIn,
        };
        Ok(LogoutAnswer { mvpd: id, step })
    }

    /// Reports the sign-out of `profile` and prepares the visit at the provider, if it wants one.
    async fn sign_out(
        &self,
        call: &Call,
        partner: &Partner,
        profile: &Profile,
        redirect_url: Option<RedirectUrl>,
    ) -> Result<LogoutStep, LogoutError> {
        let now = self.clock.now();
        let user = self.pseudonym(profile);
        let about = About::viewer(profile, &user);
        let reporter = self.reporter(call, &partner.mvpd, now);
        let events = [Name::LogoutAttempt, Name::LogoutCompleted];
        self.record(events.map(|name| reporter.event(name, about)).into()).await;
        match redirect_url {
            Some(url) => self.provider_visit(partner, profile, url, now).await,
            None => Ok(LogoutStep::Complete),
        }
    }

    async fn provider_visit(
        &self,
        partner: &Partner,
        profile: &Profile,
        redirect_url: RedirectUrl,
        now: Timestamp,
    ) -> Result<LogoutStep, LogoutError> {
        let (state, digest) = StateDigest::draw(self.entropy.as_ref());
        let landing =
            format!("{}/sp/logout/{}", self.config.base_url.trim_end_matches('/'), state.expose());
        let Ok(landing) = Url::parse(&landing) else { return Ok(LogoutStep::Complete) };
        let credentials = self.credentials(profile);
        let location = self.sign_in.sign_out(partner, credentials.as_ref(), &landing).await;
        let Some(location) = location else { return Ok(LogoutStep::Complete) };
        let location = self.sealing.seal(location.as_str().as_bytes(), digest.as_bytes())?;
        let logout = PendingLogout {
            state: digest,
            location: crate::sealed::Sealed::from_bytes(location),
            redirect_url,
            not_after: now + self.config.code_ttl,
        };
        self.sessions.begin_logout(&logout).await?;
        Ok(LogoutStep::Visit { state: state.expose().clone() })
    }

    /// Where the browser with this reference goes to sign out at the provider; nothing when the
    /// reference is unknown, used or too old.
    pub async fn open_logout(&self, state: &str) -> Result<Option<Url>, StoreError> {
        let digest = StateDigest::of(state);
        let Some(logout) = self.sessions.open_logout(&digest, self.clock.now()).await? else {
            return Ok(None);
        };
        let location = self.open(&logout.location, digest.as_bytes());
        Ok(location.ok().and_then(|location| Url::parse(location.expose()).ok()))
    }

    /// Where the browser that comes back from the provider lands; nothing when the reference is
    /// unknown, used or too old.
    pub async fn close_logout(&self, state: &str) -> Result<Option<RedirectUrl>, StoreError> {
        let logout = self.sessions.close_logout(&StateDigest::of(state), self.clock.now()).await?;
        Ok(logout.map(|logout| logout.redirect_url))
    }
}

/// Where the viewer lands in the end: as asked, else the channel's default.
fn redirect_of(call: &Call, asked: Option<&str>) -> Result<Option<RedirectUrl>, LogoutError> {
    match asked.map(str::trim).filter(|url| !url.is_empty()) {
        Some(url) => checked_redirect(call, url).map(Some).ok_or(LogoutError::RedirectUrl),
        None => Ok(call
            .service_provider
            .default_redirect_url
            .as_ref()
            .map(|url| RedirectUrl::from_stored(url.to_string()))),
    }
}
