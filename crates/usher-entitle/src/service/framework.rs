//! Signing in through the framework of a platform partner (`pass-rest-v2` §12).

use std::sync::Arc;

use usher_core::{DeviceId, EntropyExt, MvpdId, StoreError, Timestamp};
use usher_jose::SealError;
use usher_registry::{Mvpd, Platform};
use usher_reports::EntitlementEventName as Name;

use super::Entitlement;
use super::create_session::{GivenParameters, NextStep, SessionAnswer, answer, checked_redirect};
use super::profiles::{ProfileKind, ProfileView};
use super::sign_in::sign_in_end;
use crate::call::{Call, PartnerError};
use crate::events::About;
use crate::framework::{
    ConfigurationDefect, FrameworkSignIn, PlatformPartner, StatusDefect, onboarded,
};
use crate::mvpd::{PlatformRequest, SignInError, VerifiedIdentity};
use crate::partner::Partner;
use crate::profile::{Profile, ProfileKey};
use crate::redirect::domain_of;
use crate::session::{Holder, Parameters};

/// What a sign-in through a framework begins with.
#[derive(Clone, Debug)]
pub enum FrameworkAnswer {
    /// The framework takes the request to the provider.
    Request {
        /// For following what happens. A UUID.
        session_id: String,
        /// The provider.
        mvpd: MvpdId,
        /// What the framework is given.
        request: PlatformRequest,
    },
    /// Nobody has to sign in.
    Authorize(SessionAnswer),
    /// The viewer signs in with a browser instead.
    Fallback(SessionAnswer, Fallback),
}

/// Why a framework cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fallback {
    /// The session would lack what a browser needs, should it be needed after all.
    MissingParameters,
    /// Its status does not allow it.
    Status,
    /// This deployment is not set up for it.
    Configuration,
}

/// Why a sign-in through a framework cannot begin.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BeginFrameworkError {
    /// The provider cannot be dealt with.
    #[error(transparent)]
    Partner(#[from] PartnerError),
    /// A store could not answer.
    #[error("the store could not answer")]
    Store(#[from] StoreError),
    /// What the provider's adapter needs could not be sealed.
    #[error(transparent)]
    Seal(#[from] SealError),
}

/// Why a framework's answer makes no profile.
#[derive(Clone, Debug, thiserror::Error)]
pub enum FinishFrameworkError {
    /// The framework's status does not allow it.
    #[error(transparent)]
    Status(#[from] StatusDefect),
    /// The answer is missing, or does not prove anything.
    #[error("the framework's answer was not accepted")]
    Response,
    /// The provider cannot be dealt with.
    #[error(transparent)]
    Partner(#[from] PartnerError),
    /// The integration is not set up for it.
    #[error(transparent)]
    Configuration(#[from] ConfigurationDefect),
    /// Neither the catalog nor the provider says how long sign-ins last.
    #[error("no lifetime is configured for sign-ins at `{0}`")]
    NoLifetime(MvpdId),
    /// A store could not answer.
    #[error("the store could not answer")]
    Store(#[from] StoreError),
    /// A sealed value could not be made or opened.
    #[error(transparent)]
    Seal(#[from] SealError),
}

/// An answer that a framework brought, and what is known of its question.
struct Answered<'a> {
    call: &'a Call,
    framework: PlatformPartner,
    partner: &'a Partner,
    holder: Holder,
    under_way: Option<FrameworkSignIn>,
}

impl Answered<'_> {
    /// The session that events tell of: that of the question, else a new one.
    fn session_id(&self, service: &Entitlement) -> String {
        let asked = self.under_way.as_ref().map(|asked| asked.session_id.clone());
        asked.unwrap_or_else(|| service.entropy.uuid().to_string())
    }
}

impl Entitlement {
    /// Begins to sign `device` in through `framework`, or with a browser where that is not possible.
    pub async fn begin_by_framework(
        &self,
        call: &Call,
        device: DeviceId,
        framework: PlatformPartner,
        given: &GivenParameters,
    ) -> Result<FrameworkAnswer, BeginFrameworkError> {
        let now = self.clock.now();
        let parameters = given.usable(call, framework.named(call));
        let partner = call.partner_at(parameters.mvpd.as_ref())?;
        let holder = call.holder(device);
        let subjects = self.subjects(call, &holder.device, now).await?;
        if let Some(reason) =
            self.short_cut(call, (&holder, &subjects), partner.as_ref(), now).await?
        {
            let session_id = self.entropy.uuid().to_string();
            let next = NextStep::Authorize(reason);
            let mvpd = parameters.mvpd;
            return Ok(FrameworkAnswer::Authorize(SessionAnswer { session_id, mvpd, next }));
        }
        let fallback = match way(call, (framework, partner.as_ref()), &parameters, now) {
            Ok((partner, platform)) => {
                match self.sign_in.begin_by_platform(partner, platform).await {
                    Ok(request) => {
                        return self.hand_over(call, (framework, partner), holder, request).await;
                    }
                    Err(error) => not_offered(&error)?,
                }
            }
            Err(fallback) => fallback,
        };
        let session = self.new_session(call, holder, subjects, parameters).await?;
        Ok(FrameworkAnswer::Fallback(answer(session), fallback))
    }

    async fn hand_over(
        &self,
        call: &Call,
        (framework, partner): (PlatformPartner, &Partner),
        holder: Holder,
        request: PlatformRequest,
    ) -> Result<FrameworkAnswer, BeginFrameworkError> {
        let now = self.clock.now();
        let session_id = self.entropy.uuid().to_string();
        let mvpd = partner.mvpd.id.clone();
        let pending = self.seal(&request.pending, session_id.as_bytes())?;
        let not_after = now + self.config.code_ttl;
        let sign_in = FrameworkSignIn { holder, mvpd, session_id, pending, not_after };
        self.framework_sign_ins.begin(&sign_in).await?;
        let FrameworkSignIn { session_id, mvpd, .. } = sign_in;
        let about = About::framework(framework, &session_id);
        let reporter = self.reporter(call, &partner.mvpd, now);
        self.record(vec![reporter.event(Name::AuthnAttempt, about)]).await;
        Ok(FrameworkAnswer::Request { session_id, mvpd, request })
    }

    /// Turns what `framework` brought back from the provider into a profile of `device`.
    pub async fn finish_by_framework(
        &self,
        call: &Call,
        device: DeviceId,
        framework: PlatformPartner,
        saml_response: &str,
    ) -> Result<ProfileView, FinishFrameworkError> {
        let now = self.clock.now();
        if let Some(everybody) = self.degraded_by_name(call, &device, framework, now)? {
            return Ok(everybody);
        }
        let holder = call.holder(device);
        let under_way = self.framework_sign_ins.find(&holder, now).await?;
        let addressed = under_way.as_ref().map(|sign_in| &sign_in.mvpd);
        let mvpd = framework.allowed(call, addressed, now)?;
        let partner = call.partner(mvpd.id.as_str())?;
        if saml_response.is_empty() {
            return Err(FinishFrameworkError::Response);
        }
        let platform = onboarded(call, framework, &partner)?;
        let answered = Answered { call, framework, partner: &partner, holder, under_way };
        let identity = self.verified(&answered, platform, saml_response).await?;
        self.admit_by_framework(&answered, identity).await
    }

    /// The profile of somebody who counts as signed in, whatever the framework says.
    fn degraded_by_name(
        &self,
        call: &Call,
        device: &DeviceId,
        framework: PlatformPartner,
        now: Timestamp,
    ) -> Result<Option<ProfileView>, PartnerError> {
        let Some(mvpd) = framework.named(call) else { return Ok(None) };
        let partner = call.partner(mvpd.id.as_str())?;
        let rules = self.degradation.on(&partner, now);
        let everybody = rules.authn_all();
        Ok(everybody.map(|rule| self.degraded_profile(call, &partner, (rule, device), now)))
    }

    async fn verified(
        &self,
        answered: &Answered<'_>,
        platform: Platform,
        saml_response: &str,
    ) -> Result<VerifiedIdentity, FinishFrameworkError> {
        let pending = answered.under_way.as_ref();
        let pending = pending
            .map(|sign_in| self.open(&sign_in.pending, sign_in.session_id.as_bytes()))
            .transpose()?;
        let finished = self
            .sign_in
            .finish_by_platform(answered.partner, platform, pending.as_ref(), saml_response)
            .await;
        match finished {
            Ok(identity) => Ok(identity),
            Err(SignInError::Store(error)) => Err(error.into()),
            Err(SignInError::Unsupported(_)) => Err(ConfigurationDefect::ProfileExchange.into()),
            Err(error) => {
                let id = &answered.partner.mvpd.id;
                tracing::info!(mvpd = %id, %error, "a framework's answer");
                let session_id = answered.session_id(self);
                let about = About::framework(answered.framework, &session_id);
                let now = self.clock.now();
                let reporter = self.reporter(answered.call, &answered.partner.mvpd, now);
                let failed = reporter.failure(Name::AuthnFailed, about, error.reason());
                self.record(vec![failed]).await;
                let snapshot = &answered.call.snapshot;
                match self.sign_in.claimed_provider(snapshot, saml_response).await {
                    Some(claimed) if claimed != *id => Err(StatusDefect::ProviderMismatch.into()),
                    Some(_) | None => Err(FinishFrameworkError::Response),
                }
            }
        }
    }

    /// Stores the profile, which the application sees at once.
    async fn admit_by_framework(
        &self,
        answered: &Answered<'_>,
        identity: VerifiedIdentity,
    ) -> Result<ProfileView, FinishFrameworkError> {
        let now = self.clock.now();
        let Answered { call, partner, .. } = *answered;
        let settings = call.settings(partner);
        let not_after = sign_in_end(&self.config, &settings, &identity, now)
            .ok_or_else(|| FinishFrameworkError::NoLifetime(partner.mvpd.id.clone()))?;
        let key = ProfileKey { holder: answered.holder.clone(), mvpd: partner.mvpd.id.clone() };
        let session_id = answered.session_id(self);
        let profile = Profile {
            framework: Some(answered.framework),
            fetched_at: Some(now),
            ..self.new_profile(key, session_id, identity, (now, not_after))?
        };
        self.store_by_framework(answered, &profile).await?;
        let kind = ProfileKind::Framework(answered.framework);
        Ok(self.view(call, partner, &profile.into(), kind))
    }

    async fn store_by_framework(
        &self,
        answered: &Answered<'_>,
        profile: &Profile,
    ) -> Result<(), StoreError> {
        let replaced = self.profiles.find(&profile.key, profile.not_before).await?;
        let subjects = replaced.iter().flat_map(|replaced| &replaced.subjects);
        let changing = self.profiles.changing(&profile.key.holder, subjects);
        self.framework_sign_ins.complete(profile).await?;
        drop(changing);
        let user = self.pseudonym(profile);
        let about = About::viewer(profile, &user);
        let reporter = self.reporter(answered.call, &answered.partner.mvpd, profile.not_before);
        // A sign-in nobody asked for has not been counted as an attempt yet.
        let attempt = answered.under_way.is_none().then_some(Name::AuthnAttempt);
        let names = attempt.into_iter().chain([Name::AuthnPending, Name::AuthnGranted]);
        self.record(names.map(|name| reporter.event(name, about)).collect()).await;
        Ok(())
    }
}

/// Whom the framework can go to, and on which platform.
fn way<'p>(
    call: &Call,
    (framework, partner): (PlatformPartner, Option<&'p Partner>),
    parameters: &Parameters,
    now: Timestamp,
) -> Result<(&'p Partner, Platform), Fallback> {
    if parameters.domain_name.is_none() || parameters.redirect_url.is_none() {
        return Err(Fallback::MissingParameters);
    }
    framework.allowed(call, None, now).map_err(|_| Fallback::Status)?;
    let partner = partner.ok_or(Fallback::Status)?;
    let platform = onboarded(call, framework, partner).map_err(|_| Fallback::Configuration)?;
    Ok((partner, platform))
}

/// What an adapter's refusal to begin means.
fn not_offered(error: &SignInError) -> Result<Fallback, StoreError> {
    match error {
        SignInError::Store(error) => Err(error.clone()),
        SignInError::Unsupported(_)
        | SignInError::Refused(_)
        | SignInError::Unverified { .. }
        | SignInError::Unreachable(_) => Ok(Fallback::Configuration),
    }
}

impl GivenParameters {
    /// What of it can be used; all else counts as missing. The provider is `named` by the framework,
    /// else the one given, as far as it is integrated.
    fn usable(&self, call: &Call, named: Option<&Arc<Mvpd>>) -> Parameters {
        let given = |value: &Option<String>| value.clone().filter(|it| !it.trim().is_empty());
        let hinted =
            || call.partner(self.mvpd.as_deref()?.trim()).ok().map(|it| it.mvpd.id.clone());
        Parameters {
            mvpd: named.map(|mvpd| mvpd.id.clone()).or_else(hinted),
            domain_name: given(&self.domain_name)
                .and_then(|name| domain_of(name.trim(), &call.service_provider)),
            redirect_url: given(&self.redirect_url)
                .and_then(|url| checked_redirect(call, url.trim())),
        }
    }
}
