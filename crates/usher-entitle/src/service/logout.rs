//! Signing out (`pass-rest-v2` §11): here at once, at the provider with the viewer's browser.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use url::Url;
use usher_core::{DeviceId, MvpdId, Secret, ServiceProviderId, StoreError, Timestamp};
use usher_jose::SealError;
use usher_registry::Snapshot;
use usher_reports::EntitlementEventName as Name;

use super::Entitlement;
use super::create_session::{checked_redirect, is_temporary};
use crate::call::{self, Call, PartnerError};
use crate::events::About;
use crate::mvpd::{BrowserStep, SignInError, SignOutAnswer};
use crate::partner::Partner;
use crate::profile::{Profile, ProfileKey};
use crate::redirect::RedirectUrl;
use crate::sealed::StateDigest;
use crate::seen_profile::SeenProfile;
use crate::session::{Origin, PendingLogout};
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

/// Why a provider's wish to end sign-ins is not followed.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ProviderLogoutError {
    /// It is not the provider's, or not to be understood.
    #[error(transparent)]
    Wish(#[from] SignInError),
    /// The store could not answer.
    #[error("the store could not answer")]
    Store(#[from] StoreError),
}

/// What a browser that signs out at the provider needs, sealed while it is under way.
#[derive(Serialize, Deserialize)]
struct Visit {
    service_provider: ServiceProviderId,
    mvpd: MvpdId,
    step: BrowserStep,
    /// What the adapter needs to check the answer.
    pending: String,
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
        let (state, digest) = StateDigest::draw(self.entropy.as_ref());
        let visit = match leaving.iter().find(|profile| profile.is_active(now)) {
            Some(profile)
                if !everybody && !leaving.iter().any(|profile| profile.framework.is_some()) =>
            {
                self.visit(call, profile, state.expose()).await
            }
            Some(_) | None => None,
        };
        if visit.is_some() && redirect_url.is_none() {
            return Err(LogoutError::RedirectUrl);
        }
        let deleted = self.end_sign_ins(&leaving, now).await?;
        self.report_sign_outs(call, &partner, &deleted).await;
        let step = match (visit, redirect_url) {
            _ if deleted.is_empty() && everybody => LogoutStep::Complete,
            _ if deleted.is_empty() => LogoutStep::NobodySignedIn,
            // The platform signs the viewer out, whoever else is signed out besides.
            _ if deleted.iter().any(|profile| profile.framework.is_some()) => LogoutStep::AtPartner,
            (Some(visit), Some(url)) => {
                self.remember_visit(&visit, digest, url).await?;
                LogoutStep::Visit { state: state.expose().clone() }
            }
            (_, _) => LogoutStep::Complete,
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
    ) -> Result<Vec<Arc<SeenProfile>>, StoreError> {
        let subjects = self.subjects(call, &device, now).await?;
        let key = ProfileKey { holder: call.holder(device), mvpd: partner.mvpd.id.clone() };
        let mut leaving: Vec<_> = self.profiles.find(&key, now).await?.into_iter().collect();
        for subject in &subjects {
            for profile in self.shared_profiles(call, partner, subject, now).await? {
                if !leaving.iter().any(|known| known.id == profile.id) {
                    leaving.push(profile);
                }
            }
        }
        Ok(leaving)
    }

    /// Deletes profiles; returns those that were in force.
    async fn end_sign_ins(
        &self,
        leaving: &[Arc<SeenProfile>],
        now: Timestamp,
    ) -> Result<Vec<Profile>, StoreError> {
        let mut deleted = Vec::new();
        for profile in leaving {
            let _changing = self.profiles.changing_profile(profile);
            deleted.extend(self.profiles.store().delete(&profile.key).await?);
        }
        deleted.retain(|profile| profile.is_active(now));
        Ok(deleted)
    }

    /// How the browser signs `profile` out at the provider, if it has to.
    async fn visit(&self, call: &Call, profile: &Profile, state: &str) -> Option<Visit> {
        let partner = sso::origin(call, profile)?;
        let credentials = self.credentials(profile);
        let start = self.sign_in.sign_out(&partner, credentials.as_ref(), state).await?;
        Some(Visit {
            service_provider: partner.service_provider.clone(),
            mvpd: partner.mvpd.id.clone(),
            step: start.step,
            pending: start.pending.expose().clone(),
        })
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

    async fn remember_visit(
        &self,
        visit: &Visit,
        state: StateDigest,
        redirect_url: RedirectUrl,
    ) -> Result<(), LogoutError> {
        let text = serde_json::to_string(visit).map_err(|_| SealError)?;
        let visit = self.seal(&Secret::new(text), state.as_bytes())?;
        let not_after = self.clock.now() + self.config.code_ttl;
        let logout = PendingLogout { state, visit, redirect_url, not_after };
        Ok(self.sessions.begin_logout(&logout).await?)
    }

    /// What the browser with this reference does to sign out at the provider; nothing when the
    /// reference is unknown, used or too old.
    pub async fn open_logout(&self, state: &str) -> Result<Option<BrowserStep>, StoreError> {
        let digest = StateDigest::of(state);
        let logout = self.sessions.open_logout(&digest, self.clock.now()).await?;
        Ok(logout.and_then(|logout| self.opened(&logout)).map(|visit| visit.step))
    }

    /// Where the browser that comes back from the provider lands; nothing when the reference is
    /// unknown, used or too old. What the provider answers is for the log: nobody is signed in again
    /// because a provider failed to sign them out (`mvpd` §5.7).
    pub async fn close_logout(
        &self,
        state: &str,
        answer: &SignOutAnswer,
    ) -> Result<Option<RedirectUrl>, StoreError> {
        let digest = StateDigest::of(state);
        let Some(logout) = self.sessions.close_logout(&digest, self.clock.now()).await? else {
            return Ok(None);
        };
        if let Some(visit) = self.opened(&logout) {
            self.judge_sign_out(&visit, answer).await;
        }
        Ok(Some(logout.redirect_url))
    }

    async fn judge_sign_out(&self, visit: &Visit, answer: &SignOutAnswer) {
        let snapshot = self.registry.snapshot();
        let channel = snapshot.service_provider(visit.service_provider.as_str());
        let partner = channel.and_then(|channel| call::partner(&snapshot, channel, &visit.mvpd));
        let Some(partner) = partner else { return };
        let pending = Secret::new(visit.pending.clone());
        if let Err(error) = self.sign_in.finish_sign_out(&partner, &pending, answer).await {
            tracing::warn!(mvpd = %visit.mvpd, %error, "a provider did not confirm a sign-out");
        }
    }

    fn opened(&self, logout: &PendingLogout) -> Option<Visit> {
        let text = self.open(&logout.visit, logout.state.as_bytes()).ok()?;
        serde_json::from_str(text.expose()).ok()
    }

    /// Ends the sign-ins that a provider wants to end (`mvpd` §5.7) and says where the browser that
    /// brought its wish goes. `query` is that of the request, nothing decoded.
    pub async fn provider_logout(&self, query: &str) -> Result<Url, ProviderLogoutError> {
        let snapshot = self.registry.snapshot();
        let wish = self.sign_in.provider_sign_out(&snapshot, query).await?;
        for mvpd in &wish.mvpds {
            let (subject, sessions) = (&wish.subject, &wish.session_indexes);
            let ended = self.profiles.store().delete_signed_in(mvpd, subject, sessions).await?;
            for profile in ended {
                drop(self.profiles.changing_profile(&profile));
                self.report_provider_sign_out(&snapshot, &profile).await;
            }
        }
        Ok(wish.answer)
    }

    async fn report_provider_sign_out(&self, snapshot: &Snapshot, profile: &Profile) {
        let ProfileKey { holder, mvpd } = &profile.key;
        let channel = snapshot.service_provider(holder.service_provider.as_str());
        let (Some(channel), Some(mvpd)) = (channel, snapshot.mvpd(mvpd.as_str())) else { return };
        let moment = (&Origin::default(), self.clock.now());
        let user = self.pseudonym(profile);
        let about = About::viewer(profile, &user);
        let reporter = self.reporter_for(snapshot, channel, mvpd, moment);
        let events = [Name::LogoutAttempt, Name::LogoutCompleted];
        self.record(events.map(|name| reporter.event(name, about)).into()).await;
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
