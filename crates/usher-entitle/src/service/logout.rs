//! Signing out (`pass-rest-v2` §11): here at once, at the provider with the viewer's browser.

use std::sync::Arc;

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
use crate::sso;

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
    /// The viewer has to sign out of the platform's single sign-on, too.
    AtPartner,
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
        let leaving = self.leaving(call, &partner, device, now).await?;
        let visits_provider = !everybody && !matches!(partner.mvpd.logout, LogoutMode::None);
        if visits_provider && !leaving.is_empty() && redirect_url.is_none() {
            return Err(LogoutError::RedirectUrl);
        }
        let mut deleted = Vec::new();
        for profile in &leaving {
            let _changing = self.profiles.changing_profile(profile);
            deleted.extend(self.profiles.store().delete(&profile.key).await?);
        }
        deleted.retain(|profile| profile.is_active(now));
        let redirect_url = redirect_url.filter(|_| visits_provider);
        let step = match deleted.first() {
            // The platform signs the viewer out, whoever else is signed out besides.
            Some(_) if deleted.iter().any(|profile| profile.partner.is_some()) => {
                self.report_sign_outs(call, &partner, &deleted).await;
                LogoutStep::AtPartner
            }
            Some(profile) => {
                self.report_sign_outs(call, &partner, &deleted).await;
                self.leave_provider(call, profile, redirect_url).await?
            }
            None if everybody => LogoutStep::Complete,
            None => LogoutStep::NobodySignedIn,
        };
        Ok(LogoutAnswer { mvpd: id, step })
    }

    /// What signing out ends: the device's own profile, and those of everybody the request proves to be
    /// the same viewer (`access-variants` S7).
    async fn leaving(
        &self,
        call: &Call,
        partner: &Partner,
        device: DeviceId,
        now: Timestamp,
    ) -> Result<Vec<Arc<Profile>>, StoreError> {
        let subjects = self.subjects(call, &device, now).await?;
        let key = ProfileKey { holder: call.holder(device), mvpd: partner.mvpd.id.clone() };
        let mut leaving: Vec<_> = self.profiles.find(&key).await?.into_iter().collect();
        for subject in &subjects {
            for profile in self.shared_profiles(call, partner, subject, now).await? {
                if !leaving.iter().any(|known| known.id == profile.id) {
                    leaving.push(profile);
                }
            }
        }
        Ok(leaving)
    }

    async fn report_sign_outs(&self, call: &Call, partner: &Partner, profiles: &[Profile]) {
        let reporter = self.reporter(call, &partner.mvpd, self.clock.now());
        let mut events = Vec::new();
        for profile in profiles {
            let user = self.pseudonym(profile);
            let about = About::viewer(profile, &user);
            let names = [Name::LogoutAttempt, Name::LogoutCompleted];
            events.extend(names.map(|name| reporter.event(name, about)));
        }
        self.record(events).await;
    }

    /// Prepares the visit at the provider, if it wants one.
    async fn leave_provider(
        &self,
        call: &Call,
        profile: &Profile,
        redirect_url: Option<RedirectUrl>,
    ) -> Result<LogoutStep, LogoutError> {
        let now = self.clock.now();
        match (redirect_url, sso::origin(call, profile)) {
            (Some(url), Some(partner)) => self.provider_visit(&partner, profile, url, now).await,
            (_, _) => Ok(LogoutStep::Complete),
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
