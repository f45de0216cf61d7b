//! The one place where errors of the domain become codes.
//!
//! An operation fails with a bare [`Problem`], which the desk renders: help URL and trace belong to the
//! deployment and the response.

use std::fmt::Display;

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;
use usher_clients::BearerError;
use usher_core::{StoreError, TraceId};
use usher_entitle::{
    BeginFrameworkError, ConfigurationDefect, CreateSessionError, DecisionError,
    FinishFrameworkError, LogoutError, PartnerError, ProfileError, ResumeSessionError,
    SessionError, StatusDefect,
};

use super::answer::Json;
use super::codes::{self, ErrorCode};
use super::refusal;
use crate::App;
use crate::bearer::CHALLENGE;
use crate::viewer::Unproven;

/// An error of the whole request (`errors` §1 form T).
#[derive(Debug)]
pub(super) struct Problem {
    code: &'static ErrorCode,
    /// Instead of the documented one; for expired tokens only (`dcr` §8).
    action: Option<&'static str>,
}

impl Problem {
    /// A failure on our side; its cause goes to the log and nowhere else.
    pub(super) fn internal(cause: &impl Display) -> Self {
        tracing::error!(%cause, "an entitlement request failed");
        Self::from(&codes::INTERNAL)
    }

    /// The answer of this deployment to the request `trace`.
    pub(super) fn render(self, app: &App, trace: TraceId) -> Response {
        let trace = trace.to_string();
        tracing::debug!(target: "usher::problem", trace, code = self.code.code);
        let mut object = self.code.object(app, &trace, None);
        if let Some((action, member)) = self.action.zip(object.get_mut("action")) {
            *member = json!(action);
        }
        let mut response = Json::of(&object).into_response();
        let status = StatusCode::from_u16(self.code.status);
        *response.status_mut() = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        if self.code.status == 401 {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, CHALLENGE);
        }
        response
    }
}

impl From<&'static ErrorCode> for Problem {
    fn from(code: &'static ErrorCode) -> Self {
        Self { code, action: None }
    }
}

impl From<BearerError> for Problem {
    fn from(error: BearerError) -> Self {
        match error {
            BearerError::Expired => {
                Self { action: Some("retry"), ..Self::from(&codes::INVALID_TOKEN) }
            }
            BearerError::Missing
            | BearerError::Invalid
            | BearerError::NotYetValid
            | BearerError::Client
            | BearerError::Application
            | BearerError::Scope(_) => Self::from(&codes::INVALID_TOKEN),
            BearerError::Store(error) => error.into(),
        }
    }
}

impl From<Unproven> for Problem {
    fn from(unproven: Unproven) -> Self {
        match unproven {
            Unproven::Bearer(error) => error.into(),
            Unproven::Channel => Self::from(&codes::INVALID_SERVICE_PROVIDER),
            Unproven::NotAssigned => Self::from(&codes::INVALID_TOKEN_SERVICE_PROVIDER),
        }
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        Self::internal(&error)
    }
}

impl From<PartnerError> for Problem {
    fn from(error: PartnerError) -> Self {
        match error {
            PartnerError::UnknownMvpd => Self::from(&codes::INVALID_MVPD),
            PartnerError::NotIntegrated => Self::from(&codes::INVALID_INTEGRATION),
        }
    }
}

impl From<CreateSessionError> for Problem {
    fn from(error: CreateSessionError) -> Self {
        match error {
            CreateSessionError::Partner(error) => error.into(),
            CreateSessionError::RedirectUrl => Self::from(&codes::INVALID_REDIRECT_URL),
            CreateSessionError::Store(error) => error.into(),
        }
    }
}

impl From<ResumeSessionError> for Problem {
    fn from(error: ResumeSessionError) -> Self {
        match error {
            ResumeSessionError::Unknown => Self::from(&codes::INVALID_SESSION),
            ResumeSessionError::Partner(error) => error.into(),
            ResumeSessionError::RedirectUrl => Self::from(&codes::INVALID_REDIRECT_URL),
            ResumeSessionError::Store(error) => error.into(),
        }
    }
}

impl From<SessionError> for Problem {
    fn from(error: SessionError) -> Self {
        match error {
            SessionError::Unknown => Self::from(&codes::INVALID_SESSION),
            SessionError::Store(error) => error.into(),
        }
    }
}

impl From<ProfileError> for Problem {
    fn from(error: ProfileError) -> Self {
        match error {
            ProfileError::Partner(error) => error.into(),
            ProfileError::UnknownSession => Self::from(&codes::INVALID_SESSION),
            ProfileError::TemporaryAccess(refusal) => Self::from(refusal::trial(refusal)),
            ProfileError::Store(error) => error.into(),
        }
    }
}

impl From<DecisionError> for Problem {
    fn from(error: DecisionError) -> Self {
        match error {
            DecisionError::Partner(error) => error.into(),
            DecisionError::Framework(defect) => defect.into(),
            DecisionError::Store(error) => error.into(),
        }
    }
}

impl From<StatusDefect> for Problem {
    fn from(defect: StatusDefect) -> Self {
        Self::from(match defect {
            StatusDefect::AccessNotPresent => &codes::PFS_ACCESS_NOT_PRESENT,
            StatusDefect::AccessNotDetermined => &codes::PFS_ACCESS_NOT_DETERMINED,
            StatusDefect::AccessNotGranted => &codes::PFS_ACCESS_NOT_GRANTED,
            StatusDefect::ProviderNotDetermined => &codes::PFS_PROVIDER_NOT_DETERMINED,
            StatusDefect::ProviderMismatch => &codes::PFS_PROVIDER_MISMATCH,
            StatusDefect::ProviderExpired => &codes::PFS_PROVIDER_EXPIRED,
        })
    }
}

impl From<ConfigurationDefect> for Problem {
    fn from(defect: ConfigurationDefect) -> Self {
        use ConfigurationDefect as Defect;
        tracing::warn!(%defect, "a sign-in through a framework is not set up");
        Self::from(match defect {
            Defect::PlatformCategoryTrait => &codes::INVALID_CONFIGURATION_CATEGORY_TRAIT,
            Defect::PlatformId => &codes::INVALID_CONFIGURATION_PLATFORM_ID,
            Defect::Platform => &codes::INVALID_CONFIGURATION_PLATFORM,
            Defect::PlatformTrait => &codes::INVALID_CONFIGURATION_PLATFORM_TRAIT,
            Defect::PlatformServices => &codes::INVALID_CONFIGURATION_SERVICES,
            Defect::MvpdPlatform => &codes::INVALID_CONFIGURATION_MVPD_PLATFORM,
            Defect::BoardingStatus => &codes::INVALID_CONFIGURATION_BOARDING,
            Defect::ProfileExchange => &codes::INVALID_CONFIGURATION_EXCHANGE,
        })
    }
}

impl From<BeginFrameworkError> for Problem {
    fn from(error: BeginFrameworkError) -> Self {
        match error {
            BeginFrameworkError::Partner(error) => error.into(),
            BeginFrameworkError::Store(error) => error.into(),
            BeginFrameworkError::Seal(error) => Self::internal(&error),
        }
    }
}

impl From<FinishFrameworkError> for Problem {
    fn from(error: FinishFrameworkError) -> Self {
        match error {
            FinishFrameworkError::Status(defect) => defect.into(),
            FinishFrameworkError::Response => Self::from(&codes::INVALID_SAML_RESPONSE),
            FinishFrameworkError::Partner(error) => error.into(),
            FinishFrameworkError::Configuration(defect) => defect.into(),
            FinishFrameworkError::Store(error) => error.into(),
            FinishFrameworkError::NoLifetime(_) | FinishFrameworkError::Seal(_) => {
                Self::internal(&error)
            }
        }
    }
}

impl From<LogoutError> for Problem {
    fn from(error: LogoutError) -> Self {
        match error {
            LogoutError::Partner(error) => error.into(),
            LogoutError::RedirectUrl => Self::from(&codes::INVALID_REDIRECT_URL),
            LogoutError::Store(error) => error.into(),
            LogoutError::Seal(error) => Self::internal(&error),
        }
    }
}
