//! Resuming and inspecting an authentication session (`pass-rest-v2` §7.3, §7.4).

use usher_core::{StoreError, Timestamp};

use super::Entitlement;
use super::create_session::{CreateSessionError, GivenParameters, NextStep, SessionAnswer, answer};
use crate::call::{Call, PartnerError};
use crate::code::Code;
use crate::session::{AuthenticationSession, Origin, Parameters, Stage};

/// A session as applications may see it.
#[derive(Clone, Debug)]
pub struct SessionView {
    /// What is known so far.
    pub parameters: Parameters,
    /// The device that created it.
    pub origin: Origin,
    /// When it was created.
    pub not_before: Timestamp,
    /// When it ends.
    pub not_after: Timestamp,
}

/// Why a session cannot be shown.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SessionError {
    /// Unknown, expired, superseded, or of another channel.
    #[error("there is no live session with this code")]
    Unknown,
    /// The store could not answer.
    #[error("the session store could not answer")]
    Store(#[from] StoreError),
}

/// Why a session was not resumed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ResumeSessionError {
    /// Unknown, expired, superseded, or of another channel.
    #[error("there is no live session with this code")]
    Unknown,
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

impl From<CreateSessionError> for ResumeSessionError {
    fn from(error: CreateSessionError) -> Self {
        match error {
            CreateSessionError::Partner(error) => Self::Partner(error),
            CreateSessionError::RedirectUrl => Self::RedirectUrl,
            CreateSessionError::Store(error) => Self::Store(error),
        }
    }
}

impl From<SessionError> for ResumeSessionError {
    fn from(error: SessionError) -> Self {
        match error {
            SessionError::Unknown => Self::Unknown,
            SessionError::Store(error) => Self::Store(error),
        }
    }
}

impl Entitlement {
    /// Supplies parameters to the session with this code; any application of the channel may.
    ///
    /// Profiles are looked for under the client and device that created the session.
    pub async fn resume_session(
        &self,
        call: &Call,
        code: &Code,
        given: &GivenParameters,
    ) -> Result<SessionAnswer, ResumeSessionError> {
        let now = self.clock.now();
        let given = given.checked(call)?;
        let session = self.live_session(call, code, now).await?;
        let wanted = session.stage.parameters().overlaid_with(given.clone());
        // Who the viewer is counts when a session is created, not here (`pass-rest-v2` §7.3).
        let partner = call.partner_at(wanted.mvpd.as_ref())?;
        let reason = self.short_cut(call, (&session.holder, &[]), partner.as_ref(), now).await?;
        if let Some(reason) = reason {
            let next = NextStep::Authorize(reason);
            return Ok(SessionAnswer { session_id: session.session_id, mvpd: wanted.mvpd, next });
        }
        // Its profile is gone again (the viewer signed out): this session leads nowhere any more.
        if matches!(session.stage, Stage::Completed(_)) {
            return Err(ResumeSessionError::Unknown);
        }
        if wanted == session.stage.parameters() {
            return Ok(answer(session));
        }
        let resumed = self.sessions.resume(code, &given, now).await?;
        Ok(answer(resumed.ok_or(ResumeSessionError::Unknown)?))
    }

    /// The session with this code.
    pub async fn session(&self, call: &Call, code: &Code) -> Result<SessionView, SessionError> {
        let session = self.live_session(call, code, self.clock.now()).await?;
        Ok(SessionView {
            parameters: session.stage.parameters(),
            origin: session.origin,
            not_before: session.not_before,
            not_after: session.not_after,
        })
    }

    /// The live session with this code, provided it belongs to the call's channel.
    pub(super) async fn live_session(
        &self,
        call: &Call,
        code: &Code,
        now: Timestamp,
    ) -> Result<AuthenticationSession, SessionError> {
        self.sessions
            .find(code, now)
            .await?
            .filter(|session| session.holder.service_provider == call.service_provider.id)
            .ok_or(SessionError::Unknown)
    }
}
