//! Creating an authentication session (`pass-rest-v2` §7.1, §7.2).

use usher_core::{DeviceId, EntropyExt, MvpdId, StoreError, Timestamp};
use usher_registry::Kind;

use super::Entitlement;
use crate::call::{Call, PartnerError};
use crate::code::Code;
use crate::framework;
use crate::partner::Partner;
use crate::profile::ProfileKey;
use crate::redirect::{RedirectUrl, domain_of};
use crate::session::{AuthenticationSession, Holder, ParameterName, Parameters, Stage};
use crate::sso::SsoSubject;

/// How often another code is drawn when one is taken. One in 78 billion is, per live session.
const DRAWS_MAX: usize = 5;

/// Session parameters as they were sent: each may be absent, blank or nonsense.
#[derive(Clone, Debug, Default)]
#[expect(missing_docs, reason = "named as on the wire")]
pub struct GivenParameters {
    pub mvpd: Option<String>,
    pub domain_name: Option<String>,
    pub redirect_url: Option<String>,
}

/// What the application does next.
#[derive(Clone, Debug)]
pub struct SessionAnswer {
    /// For following what happens. A UUID.
    pub session_id: String,
    /// The provider, once known.
    pub mvpd: Option<MvpdId>,
    /// The next step.
    pub next: NextStep,
}

/// The next step towards playback.
#[derive(Clone, Debug, PartialEq)]
pub enum NextStep {
    /// Ask for decisions: nobody has to sign in.
    Authorize(AuthorizeReason),
    /// Let the viewer sign in.
    Authenticate(Ticket),
    /// Supply what is missing, which is never nothing.
    Supply(Ticket, Vec<ParameterName>),
}

/// Why nobody has to sign in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuthorizeReason {
    /// The device is signed in.
    Authenticated,
    /// The viewer signed in elsewhere or in the platform's framework, and that counts here.
    AuthenticatedSso,
    /// The provider stands for temporary access.
    Temporary,
    /// A rule signs everybody in.
    Degraded,
}

/// A session's code and its life.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "the members of AuthenticationSession")]
pub struct Ticket {
    pub code: Code,
    pub not_before: Timestamp,
    pub not_after: Timestamp,
}

/// Why no session was created.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CreateSessionError {
    /// The provider cannot be dealt with.
    #[error(transparent)]
    Partner(#[from] PartnerError),
    /// Viewers must not be sent there.
    #[error("the redirect URL is not one of the channel's")]
    RedirectUrl,
    /// The store could not answer.
    #[error("the session store could not answer")]
    Store(#[from] StoreError),
}

impl Entitlement {
    /// Creates an authentication session for `device`, unless nobody has to sign in.
    ///
    /// A code that is handed out voids the one the device had before.
    pub async fn create_session(
        &self,
        call: &Call,
        device: DeviceId,
        given: &GivenParameters,
    ) -> Result<SessionAnswer, CreateSessionError> {
        let now = self.clock.now();
        let parameters = given.checked(call)?;
        let holder = call.holder(device);
        let subjects = self.subjects(call, &holder.device, now).await?;
        let partner = call.partner_at(parameters.mvpd.as_ref())?;
        let reason = self.short_cut(call, (&holder, &subjects), partner.as_ref(), now).await?;
        if let Some(reason) = reason {
            let session_id = self.entropy.uuid().to_string();
            let next = NextStep::Authorize(reason);
            return Ok(SessionAnswer { session_id, mvpd: parameters.mvpd, next });
        }
        Ok(answer(self.new_session(call, holder, subjects, parameters).await?))
    }

    /// A new session of `holder`, stored.
    pub(super) async fn new_session(
        &self,
        call: &Call,
        holder: Holder,
        subjects: Vec<SsoSubject>,
        parameters: Parameters,
    ) -> Result<AuthenticationSession, StoreError> {
        let now = self.clock.now();
        let session = AuthenticationSession {
            code: Code::draw(self.entropy.as_ref()),
            session_id: self.entropy.uuid().to_string(),
            holder,
            origin: call.origin.clone(),
            subjects,
            stage: Stage::of(parameters),
            not_before: now,
            not_after: now + self.config.code_ttl,
        };
        self.stored(session).await
    }

    /// Stores `session`, under another code if its own is taken.
    async fn stored(
        &self,
        mut session: AuthenticationSession,
    ) -> Result<AuthenticationSession, StoreError> {
        for _ in 1..DRAWS_MAX {
            match self.sessions.create(&session).await {
                Err(StoreError::Conflict) => session.code = Code::draw(self.entropy.as_ref()),
                other => return other.map(|()| session),
            }
        }
        self.sessions.create(&session).await.map(|()| session)
    }

    /// Why nobody has to sign in, if that is so. Decided as soon as the provider is known.
    pub(super) async fn short_cut(
        &self,
        call: &Call,
        (holder, subjects): (&Holder, &[SsoSubject]),
        partner: Option<&Partner>,
        now: Timestamp,
    ) -> Result<Option<AuthorizeReason>, StoreError> {
        let Some(partner) = partner else { return Ok(None) };
        if is_temporary(partner) {
            return Ok(Some(AuthorizeReason::Temporary));
        }
        let key = ProfileKey { holder: holder.clone(), mvpd: partner.mvpd.id.clone() };
        let own = self.profiles.find(&key, now).await?.filter(|profile| profile.is_active(now));
        let own = own.filter(|own| framework::objection(call, partner, own, now).is_none());
        if let Some(own) = own {
            return Ok(Some(match own.framework {
                Some(_) => AuthorizeReason::AuthenticatedSso,
                None => AuthorizeReason::Authenticated,
            }));
        }
        if self.shared_profile(call, partner, subjects, now).await?.is_some() {
            return Ok(Some(AuthorizeReason::AuthenticatedSso));
        }
        let everybody = self.degradation.on(partner, now).authn_all().is_some();
        Ok(everybody.then_some(AuthorizeReason::Degraded))
    }
}

pub(super) fn is_temporary(partner: &Partner) -> bool {
    partner.mvpd.kind == Kind::TempPass
}

/// What `session` asks the application to do next.
pub(super) fn answer(session: AuthenticationSession) -> SessionAnswer {
    let parameters = session.stage.parameters();
    let ticket =
        Ticket { code: session.code, not_before: session.not_before, not_after: session.not_after };
    let missing = parameters.missing();
    let next = if missing.is_empty() {
        NextStep::Authenticate(ticket)
    } else {
        NextStep::Supply(ticket, missing)
    };
    SessionAnswer { session_id: session.session_id, mvpd: parameters.mvpd, next }
}

impl GivenParameters {
    /// What of it can be used. Blank values and foreign domains count as missing; an unknown provider
    /// or a redirect URL that is not the channel's is an error.
    pub(super) fn checked(&self, call: &Call) -> Result<Parameters, CreateSessionError> {
        let mvpd = present(self.mvpd.as_deref()).map(|id| call.mvpd(id)).transpose()?;
        let redirect_url = present(self.redirect_url.as_deref())
            .map(|url| checked_redirect(call, url).ok_or(CreateSessionError::RedirectUrl))
            .transpose()?;
        if let Some(mvpd) = mvpd {
            call.partner(mvpd.id.as_str())?;
        }
        let domain_name = present(self.domain_name.as_deref())
            .and_then(|name| domain_of(name, &call.service_provider));
        Ok(Parameters { mvpd: mvpd.map(|mvpd| mvpd.id.clone()), domain_name, redirect_url })
    }
}

pub(super) fn checked_redirect(call: &Call, url: &str) -> Option<RedirectUrl> {
    RedirectUrl::check(url, &call.service_provider, call.company())
}

fn present(value: Option<&str>) -> Option<&str> {
    value.map(str::trim).filter(|value| !value.is_empty())
}
