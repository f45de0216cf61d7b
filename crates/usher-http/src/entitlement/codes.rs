//! Every code this API emits (`errors` §4), and the error object they stand in (`errors` §2).

use serde_json::{Map, Value, json};

use crate::App;

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
    INVALID_SAML_RESPONSE = "invalid_parameter_saml_response", 400, "none",
        "The SAML response is missing, or not one that is accepted here.";
    PFS_ACCESS_NOT_PRESENT = "invalid_header_pfs_permission_access_not_present", 400, "none",
        "The AP-Partner-Framework-Status header is missing, unreadable, or without access status.";
    PFS_ACCESS_NOT_DETERMINED = "invalid_header_pfs_permission_access_not_determined", 400, "none",
        "The viewer has not decided yet whether the app may use the TV provider of the platform.";
    PFS_ACCESS_NOT_GRANTED = "invalid_header_pfs_permission_access_not_granted", 400, "none",
        "The viewer does not let the app use the TV provider of the platform.";
    PFS_PROVIDER_NOT_DETERMINED = "invalid_header_pfs_provider_id_not_determined", 400, "none",
        "The platform names no TV provider that is known here.";
    PFS_PROVIDER_MISMATCH = "invalid_header_pfs_provider_id_mismatch", 400, "none",
        "The platform names another TV provider than the request.";
    PFS_PROVIDER_EXPIRED = "invalid_header_pfs_provider_info_expired", 400, "none",
        "The viewer's sign-in at the platform is over.";
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
    INVALID_CONFIGURATION_PLATFORM = "invalid_configuration_platform", 500, "configuration",
        "The integration has no settings for the platform of the device.";
    INVALID_CONFIGURATION_PLATFORM_ID = "invalid_configuration_platform_id", 500, "configuration",
        "The platform of the device is not known here.";
    INVALID_CONFIGURATION_PLATFORM_TRAIT = "invalid_configuration_platform_trait", 500,
        "configuration",
        "The platform of the device does not belong to this partner.";
    INVALID_CONFIGURATION_CATEGORY_TRAIT = "invalid_configuration_platform_category_trait", 500,
        "configuration",
        "What kind of device this is cannot be told.";
    INVALID_CONFIGURATION_SERVICES = "invalid_configuration_platform_services", 500,
        "configuration",
        "Single sign-on is switched off for the integration on this platform.";
    INVALID_CONFIGURATION_MVPD_PLATFORM = "invalid_configuration_mvpd_platform", 500,
        "configuration",
        "The partner does not know the MVPD on this platform.";
    INVALID_CONFIGURATION_BOARDING = "invalid_configuration_mvpd_platform_boarding_status", 500,
        "configuration",
        "The MVPD is not fully onboarded at the partner.";
    INVALID_CONFIGURATION_EXCHANGE = "invalid_configuration_mvpd_platform_profile_exchange", 500,
        "configuration",
        "The MVPD does not exchange profiles with platforms.";
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

    /// The table of `errors` §4: a status, an action, and the codes that go with them.
    const CONTRACT: &[(u16, &str, &[&str])] = &[
        (
            400,
            "none",
            &[
                "invalid_parameter_service_provider",
                "invalid_parameter_mvpd",
                "invalid_parameter_code",
                "invalid_parameter_resources",
                "invalid_parameter_redirect_url",
                "invalid_parameter_partner",
                "invalid_parameter_saml_response",
                "invalid_header_device_info",
                "invalid_header_device_identifier",
                "invalid_header_identity_for_temporary_access",
                "invalid_header_pfs_permission_access_not_present",
                "invalid_header_pfs_permission_access_not_determined",
                "invalid_header_pfs_permission_access_not_granted",
                "invalid_header_pfs_provider_id_not_determined",
                "invalid_header_pfs_provider_id_mismatch",
                "invalid_header_pfs_provider_info_expired",
                "invalid_integration",
                "invalid_authentication_session",
            ],
        ),
        (
            403,
            "none",
            &[
                "preauthorization_denied_by_mvpd",
                "authorization_denied_by_mvpd",
                "authorization_denied_by_parental_controls",
                "authorization_denied_by_degradation_rule",
            ],
        ),
        (500, "none", &["internal_server_error"]),
        (403, "configuration", &["too_many_resources"]),
        (
            500,
            "configuration",
            &[
                "invalid_configuration_temporary_access",
                "invalid_configuration_platform",
                "invalid_configuration_platform_id",
                "invalid_configuration_platform_trait",
                "invalid_configuration_platform_category_trait",
                "invalid_configuration_platform_services",
                "invalid_configuration_mvpd_platform",
                "invalid_configuration_mvpd_platform_boarding_status",
                "invalid_configuration_mvpd_platform_profile_exchange",
            ],
        ),
        (
            401,
            "application-registration",
            &["invalid_access_token_service_provider", "invalid_access_token_client_application"],
        ),
        (
            403,
            "authentication",
            &[
                "authenticated_profile_missing",
                "authenticated_profile_expired",
                "authenticated_profile_invalidated",
                "temporary_access_duration_limit_exceeded",
                "temporary_access_resources_limit_exceeded",
                "authorization_denied_by_hba_policies",
                "authorization_denied_by_session_invalidated",
                "identity_not_recognized_by_mvpd",
            ],
        ),
        (
            403,
            "retry",
            &[
                "network_received_error",
                "network_connection_timeout",
                "maximum_execution_time_exceeded",
            ],
        ),
    ];

    #[test]
    fn err_7_each_code_has_the_status_and_the_action_of_the_contract() {
        let mut documented = HashSet::new();
        for (status, action, codes) in CONTRACT {
            for name in *codes {
                let known = ALL.iter().find(|known| known.code == *name);
                let known = known.unwrap_or_else(|| panic!("{name} is never emitted"));
                assert_eq!((known.status, known.action), (*status, *action), "{name}");
                documented.insert(*name);
            }
        }
        // What the contract's §4.7 and §5 add to its table.
        let ours = ["method_not_allowed", "resource_not_found"];
        let others = ALL.iter().filter(|known| !documented.contains(known.code));
        assert_eq!(others.map(|known| known.code).collect::<Vec<_>>(), ours);
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
