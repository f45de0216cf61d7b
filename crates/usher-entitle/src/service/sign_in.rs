//! Signing in with a browser (`pass-rest-v2` §8).
//!
//! The browser proves nothing; the code says whose device it is about, and a single-use reference
//! ties the provider's answer to the attempt it belongs to.

use std::sync::Arc;

use usher_core::{EntropyExt, StoreError, Timestamp};
use usher_jose::{SealError, base64url};
use usher_registry::{EffectiveSettings, LostEndpoint, ServiceProvider, Snapshot};
use usher_reports::EntitlementEventName as Name;

use super::Entitlement;
use super::create_session::is_temporary;
use crate::call;
use crate::code::Code;
use crate::config::EntitlementConfig;
use crate::events::About;
use crate::metadata;
use crate::mvpd::{BrowserStep, SignInAnswer, SignInError, VerifiedIdentity};
use crate::partner::Partner;
use crate::platform::DetectedPlatform;
use crate::profile::{Profile, ProfileKey};
use crate::redirect::RedirectUrl;
use crate::sealed::StateDigest;
use crate::session::{AuthenticationSession, Login, Stage, Target};

/// Where the browser goes.
#[derive(Clone, Debug, PartialEq)]
pub enum SignInStep {
    /// To the provider.
    Provider(BrowserStep),
    /// Back to the application: nobody has to sign in.
    Back(RedirectUrl),
}

/// Why the browser cannot be sent to the provider.
#[derive(Clone, Debug, thiserror::Error)]
pub enum BeginSignInError {
    /// Unknown, expired or superseded code, or of another channel.
    #[error("there is no live session with this code")]
    UnknownSession,
    /// The application has not said everything yet.
    #[error("the session still lacks parameters")]
    Incomplete,
    /// The integration was switched off.
    #[error("the provider is not available for this channel")]
    NotIntegrated,
    /// The provider's side cannot start a sign-in.
    #[error(transparent)]
    Provider(#[from] SignInError),
    /// The store could not answer.
    #[error("the session store could not answer")]
    Store(#[from] StoreError),
    /// What the provider's adapter needs could not be sealed.
    #[error(transparent)]
    Seal(#[from] SealError),
}

/// Why a provider's answer leads nowhere.
#[derive(Clone, Debug, thiserror::Error)]
pub enum FinishSignInError {
    /// The reference is unknown, already used or too old.
    #[error("the sign-in is unknown or over")]
    UnknownSignIn,
    /// The channel is gone, or no longer sends viewers where this one was to land.
    #[error("the channel does not send viewers to this address any more")]
    Redirect,
    /// Neither the catalog nor the provider says how long sign-ins last.
    #[error("no lifetime is configured for sign-ins at `{0}`")]
    NoLifetime(String),
    /// The store could not answer.
    #[error("the session store could not answer")]
    Store(#[from] StoreError),
    /// A sealed value could not be made or opened.
    #[error(transparent)]
    Seal(#[from] SealError),
}

/// A session together with those it is about.
struct Scene {
    snapshot: Arc<Snapshot>,
    channel: Arc<ServiceProvider>,
    partner: Partner,
    session: AuthenticationSession,
    target: Target,
}

impl Scene {
    fn key(&self) -> ProfileKey {
        ProfileKey { holder: self.session.holder.clone(), mvpd: self.target.mvpd.clone() }
    }

    fn settings(&self) -> EffectiveSettings {
        let platform = DetectedPlatform::of(&self.session.origin.device_info);
        call::settings(&self.snapshot, &self.partner, &platform)
    }
}

impl Entitlement {
    /// Sends the browser that opened `code` at `service_provider` to the provider.
    pub async fn begin_sign_in(
        &self,
        service_provider: &str,
        code: &Code,
    ) -> Result<SignInStep, BeginSignInError> {
        let now = self.clock.now();
        let session = self
            .sessions
            .find(code, now)
            .await?
            .filter(|session| session.holder.service_provider.as_str() == service_provider)
            .ok_or(BeginSignInError::UnknownSession)?;
        let target = session.stage.parameters().complete().ok_or(BeginSignInError::Incomplete)?;
        let scene = self.scene(session, target).ok_or(BeginSignInError::NotIntegrated)?;
        let profile = self.profiles.find(&scene.key(), now).await?;
        let everybody = self.degradation.on(&scene.partner, now).authn_all().is_some();
        // Who is sent here in spite of a sign-in in the platform's framework shall use a browser.
        let signed_in =
            everybody || profile.is_some_and(|it| it.is_active(now) && it.framework.is_none());
        if is_temporary(&scene.partner) || signed_in {
            return Ok(SignInStep::Back(scene.target.redirect_url));
        }
        self.send_to_provider(&scene, now).await
    }

    async fn send_to_provider(
        &self,
        scene: &Scene,
        now: Timestamp,
    ) -> Result<SignInStep, BeginSignInError> {
        let (state, digest) = StateDigest::draw(self.entropy.as_ref());
        let start = self.sign_in.begin(&scene.partner, &scene.settings(), state.expose()).await?;
        let pending = self.seal(&start.pending, digest.as_bytes())?;
        let login = Login { state: digest, pending };
        if !self.sessions.begin_login(&scene.session.code, &login, now).await? {
            return Err(BeginSignInError::UnknownSession);
        }
        let session = Some(&*scene.session.session_id);
        let about = About { session, ..About::default() };
        self.report(scene, Name::AuthnAttempt, about, now).await;
        Ok(SignInStep::Provider(start.step))
    }

    /// Takes the provider's `answer` to the sign-in with this reference and says where the browser
    /// lands. A sign-in that failed or was cancelled lands there too, without a profile.
    pub async fn finish_sign_in(
        &self,
        state: &str,
        answer: &SignInAnswer,
    ) -> Result<RedirectUrl, FinishSignInError> {
        let now = self.clock.now();
        let state = StateDigest::of(state);
        let session = self.sessions.in_login(&state, now).await?;
        let (session, target, login) = session
            .and_then(|session| match session.stage.clone() {
                Stage::InLogin(target, login) => Some((session, target, login)),
                Stage::Incomplete(_) | Stage::Ready(_) | Stage::Completed(_) => None,
            })
            .ok_or(FinishSignInError::UnknownSignIn)?;
        if !self.still_lands(&session, &target) {
            self.close(&session, &target, &state, "redirect").await?;
            return Err(FinishSignInError::Redirect);
        }
        let Some(scene) = self.scene(session.clone(), target.clone()) else {
            self.close(&session, &target, &state, "integration").await?;
            return Ok(target.redirect_url);
        };
        let pending = self.open(&login.pending, state.as_bytes())?;
        match self.sign_in.finish(&scene.partner, &pending, answer).await {
            Ok(identity) => self.admit(&scene, &state, identity).await?,
            Err(error) => self.turn_away(&scene, &state, &error).await?,
        }
        Ok(scene.target.redirect_url)
    }

    /// How many sign-ins that still count were made at this endpoint (`mvpd` M3).
    pub async fn signed_in_at(&self, endpoint: &LostEndpoint) -> Result<u64, StoreError> {
        let now = self.clock.now();
        self.profiles.store().signed_in_through(&endpoint.mvpds, &endpoint.id, now).await
    }

    /// Whether the channel, as it stands now, may send the viewer where the session says.
    fn still_lands(&self, session: &AuthenticationSession, target: &Target) -> bool {
        let snapshot = self.registry.snapshot();
        let channel = snapshot.service_provider(session.holder.service_provider.as_str());
        channel.is_some_and(|channel| {
            let company = snapshot.media_company(&channel.media_company).map(Arc::as_ref);
            RedirectUrl::check(target.redirect_url.as_str(), channel, company).is_some()
        })
    }

    /// Ends a sign-in that the catalog, changed while the viewer was away, no longer allows.
    async fn close(
        &self,
        session: &AuthenticationSession,
        target: &Target,
        state: &StateDigest,
        reason: &'static str,
    ) -> Result<(), StoreError> {
        self.sessions.abandon_login(state).await?;
        let snapshot = self.registry.snapshot();
        let channel = snapshot.service_provider(session.holder.service_provider.as_str());
        let Some((channel, mvpd)) = channel.zip(snapshot.mvpd(target.mvpd.as_str())) else {
            return Ok(());
        };
        let about = About { session: Some(&*session.session_id), ..About::default() };
        let moment = (&session.origin, self.clock.now());
        let reporter = self.reporter_for(&snapshot, channel, mvpd, moment);
        self.record(vec![reporter.failure(Name::AuthnFailed, about, reason)]).await;
        Ok(())
    }

    /// Leaves the session ready for another attempt, and tells the reports why this one failed.
    async fn turn_away(
        &self,
        scene: &Scene,
        state: &StateDigest,
        error: &SignInError,
    ) -> Result<(), FinishSignInError> {
        tracing::info!(mvpd = %scene.target.mvpd, %error, "a sign-in failed");
        self.sessions.abandon_login(state).await?;
        let session = Some(scene.session.session_id.as_str());
        let about = About { session, ..About::default() };
        self.report_failure(scene, about, error.reason()).await;
        Ok(())
    }

    /// Turns a verified identity into the profile of the device that asked for it.
    async fn admit(
        &self,
        scene: &Scene,
        state: &StateDigest,
        identity: VerifiedIdentity,
    ) -> Result<(), FinishSignInError> {
        let now = self.clock.now();
        let not_after = sign_in_end(&self.config, &scene.settings(), &identity, now)
            .ok_or_else(|| FinishSignInError::NoLifetime(scene.target.mvpd.to_string()))?;
        let session_id = scene.session.session_id.clone();
        let profile = Profile {
            subjects: scene.session.subjects.clone(),
            ..self.new_profile(scene.key(), session_id, identity, (now, not_after))?
        };
        let replaced = self.profiles.find(&profile.key, now).await?;
        let replaced = replaced.iter().flat_map(|replaced| &replaced.subjects);
        let subjects = replaced.chain(&profile.subjects);
        let changing = self.profiles.changing(&profile.key.holder, subjects);
        if !self.sessions.complete_login(state, &profile, now).await? {
            return Err(FinishSignInError::UnknownSignIn);
        }
        drop(changing);
        let user = self.pseudonym(&profile);
        let about = About::viewer(&profile, &user);
        self.report(scene, Name::AuthnPending, about, now).await;
        Ok(())
    }

    /// The profile of a viewer whom the provider vouches for.
    pub(super) fn new_profile(
        &self,
        key: ProfileKey,
        session_id: String,
        identity: VerifiedIdentity,
        (not_before, not_after): (Timestamp, Timestamp),
    ) -> Result<Profile, SealError> {
        // As random as a UUID, and shorter: it is kept with every profile.
        let id = base64url(self.entropy.bytes::<16>());
        let credentials =
            identity.credentials.as_ref().map(|it| self.seal(it, id.as_bytes())).transpose()?;
        let mut profile = Profile {
            id,
            key,
            user_id: identity.user_id,
            attributes: identity.attributes,
            home_based: identity.home_based,
            framework: None,
            subjects: Vec::new(),
            credentials,
            upstream: identity.upstream,
            session_id,
            not_before,
            not_after,
            invalidated_at: None,
            fetched_at: None,
        };
        metadata::keep_once(&mut profile);
        Ok(profile)
    }

    fn scene(&self, session: AuthenticationSession, target: Target) -> Option<Scene> {
        let snapshot = self.registry.snapshot();
        let channel = snapshot.service_provider(session.holder.service_provider.as_str())?;
        let channel = Arc::clone(channel);
        let partner = call::partner(&snapshot, &channel, &target.mvpd)?;
        Some(Scene { snapshot, channel, partner, session, target })
    }

    async fn report_failure(&self, scene: &Scene, about: About<'_>, reason: &'static str) {
        let moment = (&scene.session.origin, self.clock.now());
        let reporter =
            self.reporter_for(&scene.snapshot, &scene.channel, &scene.partner.mvpd, moment);
        self.record(vec![reporter.failure(Name::AuthnFailed, about, reason)]).await;
    }

    async fn report(&self, scene: &Scene, name: Name, about: About<'_>, now: Timestamp) {
        let moment = (&scene.session.origin, now);
        let reporter =
            self.reporter_for(&scene.snapshot, &scene.channel, &scene.partner.mvpd, moment);
        self.record(vec![reporter.event(name, about)]).await;
    }
}

/// When a sign-in that happens `now` ends (`mvpd` §9 T1, T2): the deployment's word, else the
/// integration's, else the provider's. Home-based ones never outlast what the provider granted.
pub(super) fn sign_in_end(
    config: &EntitlementConfig,
    settings: &EffectiveSettings,
    identity: &VerifiedIdentity,
    now: Timestamp,
) -> Option<Timestamp> {
    let home_based = identity.home_based == Some(true);
    if let Some(ttl) = config.profile_ttl {
        Some(now + ttl)
    } else if let Some(ttl) = settings.hba_authn_ttl().filter(|_| home_based) {
        let end = now + ttl;
        Some(identity.not_after.map_or(end, |granted| granted.min(end)))
    } else if let Some(ttl) = settings.authn_ttl() {
        Some(now + ttl)
    } else {
        identity.not_after.or(identity.proof_not_after)
    }
}
