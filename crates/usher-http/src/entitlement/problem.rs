//! The error object (`errors` §2), every code this API emits (`errors` §4), and the one place where
//! errors of the domain become codes.
//!
//! A handler answers with a bare [`Problem`]; [`render`] gives it its body, because help URL and trace
//! belong to the deployment and the response.

use std::fmt::Display;

use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};
use usher_clients::BearerError;
use usher_core::{EntropyExt as _, StoreError};
use usher_entitle::{
    CreateSessionError, DecisionError, LogoutError, PartnerError, ProfileError, ResumeSessionError,
    SessionError,
};

use super::answer::Json;
use super::refusal;
use crate::App;
use crate::bearer::CHALLENGE;
use crate::viewer::Unproven;

/// One stable code with what the contract ties to it. Messages may change.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct ErrorCode {
    pub(super) status: u16,
    pub(super) code: &'static str,
    pub(super) action: &'static str,
    pub(super) message: &'static str,
}

/// Declares the codes: name, status, action, message; the code is the name in lower case.
macro_rules! codes {
    ($($name:ident = $code:literal, $status:literal, $action:literal, $message:literal;)*) => {
        $(pub(super) static $name: ErrorCode = ErrorCode {
            status: $status,
            code: $code,
            action: $action,
            message: $message,
        };)*

        #[cfg(test)]
        pub(super) static ALL: &[&ErrorCode] = &[$(&$name),*];
    };
}

codes! {
    INVALID_SERVICE_PROVIDER = "invalid_parameter_service_provider", 400, "none",
        "The service provider is not known here.";
    INVALID_MVPD = "invalid_parameter_mvpd", 400, "none",
        "The MVPD is not known here.";
    INVALID_CODE = "invalid_parameter_code", 400, "none",
        "The code is not of the form that authentication codes have.";
    INVALID_RESOURCES = "invalid_parameter_resources", 400, "none",
        "The body has to be a JSON object whose `resources` are a list of non-empty texts.";
    INVALID_REDIRECT_URL = "invalid_parameter_redirect_url", 400, "none",
        "The redirect URL is missing, malformed, or not on a domain of the service provider.";
    INVALID_PARTNER = "invalid_parameter_partner", 400, "none",
        "The partner is not supported.";
    INVALID_DEVICE_INFO = "invalid_header_device_info", 400, "none",
        "The X-Device-Info header is not Base64.";
    INVALID_DEVICE_IDENTIFIER = "invalid_header_device_identifier", 400, "none",
        "The AP-Device-Identifier header is missing or not `fingerprint <Base64>`.";
    INVALID_TEMPORARY_IDENTITY = "invalid_header_identity_for_temporary_access", 400, "none",
        "The identity for temporary access header value is missing or invalid.";
    INVALID_INTEGRATION = "invalid_integration", 400, "none",
        "The service provider has no active integration with the MVPD.";
    INVALID_SESSION = "invalid_authentication_session", 400, "none",
        "There is no live authentication session with this code: it is unknown, expired or replaced.";
    PREAUTHORIZATION_DENIED = "preauthorization_denied_by_mvpd", 403, "none",
        "The provider does not permit this resource.";
    AUTHORIZATION_DENIED = "authorization_denied_by_mvpd", 403, "none",
        "The provider refused access to this resource.";
    PARENTAL_CONTROLS = "authorization_denied_by_parental_controls", 403, "none",
        "The viewer's parental controls do not permit this resource.";
    DENIED_BY_RULE = "authorization_denied_by_degradation_rule", 403, "none",
        "The integration has an AuthZNone rule applied for the requested resources";
    TOO_MANY_RESOURCES = "too_many_resources", 403, "configuration",
        "More resources were asked for than the provider agreed to.";
    INVALID_TOKEN = "invalid_access_token_client_application", 401, "application-registration",
        "The access token is missing, invalid, expired or revoked.";
    INVALID_TOKEN_SERVICE_PROVIDER = "invalid_access_token_service_provider", 401,
        "application-registration",
        "The application of the access token does not act for this service provider.";
    PROFILE_MISSING = "authenticated_profile_missing", 403, "authentication",
        "Nobody is signed in on this device.";
    PROFILE_EXPIRED = "authenticated_profile_expired", 403, "authentication",
        "The viewer's sign-in has expired.";
    PROFILE_INVALIDATED = "authenticated_profile_invalidated", 403, "authentication",
        "The viewer's sign-in was ended by the provider.";
    TEMPORARY_DURATION_EXCEEDED = "temporary_access_duration_limit_exceeded", 403, "authentication",
        "The temporary access duration limit has been exceeded.";
    TEMPORARY_RESOURCES_EXCEEDED = "temporary_access_resources_limit_exceeded", 403,
        "authentication",
        "The temporary access resources limit has been exceeded.";
    HBA_POLICIES = "authorization_denied_by_hba_policies", 403, "authentication",
        "The device is no longer in the viewer's home.";
    SESSION_INVALIDATED = "authorization_denied_by_session_invalidated", 403, "authentication",
        "The provider has ended the viewer's sign-in.";
    IDENTITY_NOT_RECOGNIZED = "identity_not_recognized_by_mvpd", 403, "authentication",
        "The provider does not recognise the viewer.";
    NETWORK_RECEIVED_ERROR = "network_received_error", 403, "retry",
        "The provider's answer could not be read.";
    NETWORK_CONNECTION_TIMEOUT = "network_connection_timeout", 403, "retry",
        "The provider could not be reached in time.";
    MAXIMUM_EXECUTION_TIME = "maximum_execution_time_exceeded", 403, "retry",
        "The provider did not answer in time.";
    INVALID_TEMPORARY_CONFIGURATION = "invalid_configuration_temporary_access", 500,
        "configuration",
        "The temporary access configuration is invalid.";
    INTERNAL = "internal_server_error", 500, "none",
        "Something went wrong on our side.";
    METHOD_NOT_ALLOWED = "method_not_allowed", 405, "none",
        "This resource does not have this method; see the Allow header.";
    RESOURCE_NOT_FOUND = "resource_not_found", 404, "none",
        "There is no such resource.";
}

impl ErrorCode {
    /// The error object of one response or item (`errors` §2).
    pub(super) fn object(&self, app: &App, trace: &str, details: Option<&str>) -> Value {
        let mut object = Map::from_iter([
            ("status".to_owned(), json!(self.status)),
            ("code".to_owned(), json!(self.code)),
            ("action".to_owned(), json!(self.action)),
            ("message".to_owned(), json!(self.message)),
            ("helpUrl".to_owned(), json!(app.settings.help_url)),
        ]);
        if let Some(details) = details {
            object.insert("details".to_owned(), json!(details));
        }
        object.insert("trace".to_owned(), json!(trace));
        object.into()
    }
}

/// An error of the whole request (`errors` §1 form T).
#[derive(Clone, Debug)]
pub(super) struct Problem {
    code: &'static ErrorCode,
    /// Instead of the documented one; for expired tokens only (`dcr` §8).
    action: Option<&'static str>,
    details: Option<&'static str>,
}

impl Problem {
    /// The same problem with a text for the developer.
    pub(super) fn explained(self, details: &'static str) -> Self {
        Self { details: Some(details), ..self }
    }

    /// A failure on our side; its cause goes to the log and nowhere else.
    pub(super) fn internal(cause: &impl Display) -> Self {
        tracing::error!(%cause, "an entitlement request failed");
        Self::from(&INTERNAL)
    }
}

impl From<&'static ErrorCode> for Problem {
    fn from(code: &'static ErrorCode) -> Self {
        Self { code, action: None, details: None }
    }
}

impl IntoResponse for Problem {
    /// Without body: [`render`] knows the rest.
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.code.status);
        let mut response = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR).into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// Gives problems their body.
pub(super) async fn render(State(app): State<App>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let Some(problem) = response.extensions_mut().remove::<Problem>() else { return response };
    let trace = app.entropy.uuid().to_string();
    tracing::debug!(target: "usher::problem", trace, code = problem.code.code);
    let mut object = problem.code.object(&app, &trace, problem.details);
    if let Some((action, member)) = problem.action.zip(object.get_mut("action")) {
        *member = json!(action);
    }
    let mut rendered = Json(object).into_response();
    *rendered.status_mut() = response.status();
    if let Some(allow) = response.headers_mut().remove(header::ALLOW) {
        rendered.headers_mut().insert(header::ALLOW, allow);
    }
    if problem.code.status == 401 {
        let challenge: HeaderValue = CHALLENGE;
        rendered.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
    }
    rendered
}

impl From<BearerError> for Problem {
    fn from(error: BearerError) -> Self {
        match error {
            BearerError::Expired => Self { action: Some("retry"), ..Self::from(&INVALID_TOKEN) },
            BearerError::Missing
            | BearerError::Invalid
            | BearerError::NotYetValid
            | BearerError::Client
            | BearerError::Application
            | BearerError::Scope(_) => Self::from(&INVALID_TOKEN),
            BearerError::Store(error) => error.into(),
        }
    }
}

impl From<Unproven> for Problem {
    fn from(unproven: Unproven) -> Self {
        match unproven {
            Unproven::Bearer(error) => error.into(),
            Unproven::Channel => Self::from(&INVALID_SERVICE_PROVIDER),
            Unproven::NotAssigned => Self::from(&INVALID_TOKEN_SERVICE_PROVIDER),
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
            PartnerError::UnknownMvpd => Self::from(&INVALID_MVPD),
            PartnerError::NotIntegrated => Self::from(&INVALID_INTEGRATION),
        }
    }
}

impl From<CreateSessionError> for Problem {
    fn from(error: CreateSessionError) -> Self {
        match error {
            CreateSessionError::Partner(error) => error.into(),
            CreateSessionError::RedirectUrl => Self::from(&INVALID_REDIRECT_URL),
            CreateSessionError::Store(error) => error.into(),
        }
    }
}

impl From<ResumeSessionError> for Problem {
    fn from(error: ResumeSessionError) -> Self {
        match error {
            ResumeSessionError::Unknown => Self::from(&INVALID_SESSION),
            ResumeSessionError::Partner(error) => error.into(),
            ResumeSessionError::RedirectUrl => Self::from(&INVALID_REDIRECT_URL),
            ResumeSessionError::Store(error) => error.into(),
        }
    }
}

impl From<SessionError> for Problem {
    fn from(error: SessionError) -> Self {
        match error {
            SessionError::Unknown => Self::from(&INVALID_SESSION),
            SessionError::Store(error) => error.into(),
        }
    }
}

impl From<ProfileError> for Problem {
    fn from(error: ProfileError) -> Self {
        match error {
            ProfileError::Partner(error) => error.into(),
            ProfileError::UnknownSession => Self::from(&INVALID_SESSION),
            ProfileError::TemporaryAccess(refusal) => Self::from(refusal::trial(refusal)),
            ProfileError::Store(error) => error.into(),
        }
    }
}

impl From<DecisionError> for Problem {
    fn from(error: DecisionError) -> Self {
        match error {
            DecisionError::Partner(error) => error.into(),
            DecisionError::Store(error) => error.into(),
        }
    }
}

impl From<LogoutError> for Problem {
    fn from(error: LogoutError) -> Self {
        match error {
            LogoutError::Partner(error) => error.into(),
            LogoutError::RedirectUrl => Self::from(&INVALID_REDIRECT_URL),
            LogoutError::Store(error) => error.into(),
            LogoutError::Seal(error) => Self::internal(&error),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_code_stands_once_with_a_status_and_an_action_of_the_contract() {
        let mut seen = HashSet::new();
        for code in ALL {
            assert!(seen.insert(code.code), "{}", code.code);
            assert!([400, 401, 403, 404, 405, 500].contains(&code.status), "{}", code.code);
            let actions =
                ["none", "configuration", "application-registration", "authentication", "retry"];
            assert!(actions.contains(&code.action), "{}", code.code);
        }
    }

    #[test]
    fn err_33_no_code_of_an_older_generation_exists() {
        let legacy = [
            "invalid_requestor",
            "invalid_device_info",
            "invalid_device_id",
            "missing_resource",
            "malformed_authz_request",
            "internal_error",
            "unknown_integration",
            "authentication_session_issuer_mismatch",
            "authentication_session_invalidated",
            "authentication_session_missing",
            "authentication_session_expired",
            "preauthorization_authentication_session_missing",
            "preauthorization_authentication_session_expired",
            "authorization_not_found",
            "authorization_expired",
            "authorization_denied_by_degradation_configuration_change",
            "invalid_refresh_token",
            "maximum_attempts_exceeded",
            "degraded_integration",
            "temppass_expired",
            "temppass_max_resources_exceeded",
            "preauthorization_deny_by_mvpd",
        ];
        assert!(ALL.iter().all(|code| !legacy.contains(&code.code)));
    }
}
