//! Codes of refused decisions (`errors` §9, `mvpd` §7.7).

use usher_entitle::{DenyReason, MvpdFailure, Purpose, RefusalReason, TrialRefusal};

use super::codes::{self, ErrorCode};

/// The code of a refusal.
pub(super) fn code(reason: RefusalReason, purpose: Purpose) -> &'static ErrorCode {
    match reason {
        RefusalReason::TooManyResources => &codes::TOO_MANY_RESOURCES,
        RefusalReason::ProfileMissing => &codes::PROFILE_MISSING,
        RefusalReason::ProfileExpired => &codes::PROFILE_EXPIRED,
        RefusalReason::ProfileInvalidated => &codes::PROFILE_INVALIDATED,
        RefusalReason::Denied(reason) => denial(reason, purpose),
        RefusalReason::Failed(failure) => failure_code(failure),
        RefusalReason::DegradationRule => &codes::DENIED_BY_RULE,
        RefusalReason::TemporaryAccess(refusal) => trial(refusal),
        RefusalReason::NoLifetime | RefusalReason::NoToken => &codes::INTERNAL,
    }
}

/// The code of what a temporary pass refuses (`access-variants` §2.2).
pub(super) const fn trial(refusal: TrialRefusal) -> &'static ErrorCode {
    match refusal {
        TrialRefusal::DurationExceeded => &codes::TEMPORARY_DURATION_EXCEEDED,
        TrialRefusal::ResourcesExceeded => &codes::TEMPORARY_RESOURCES_EXCEEDED,
        TrialRefusal::Misconfigured => &codes::INVALID_TEMPORARY_CONFIGURATION,
        TrialRefusal::NoIdentity => &codes::INVALID_TEMPORARY_IDENTITY,
    }
}

fn denial(reason: DenyReason, purpose: Purpose) -> &'static ErrorCode {
    match (reason, purpose) {
        (DenyReason::NotEntitled, Purpose::Preauthorize) => &codes::PREAUTHORIZATION_DENIED,
        (DenyReason::NotEntitled, Purpose::Authorize) => &codes::AUTHORIZATION_DENIED,
        (DenyReason::ParentalControls, _) => &codes::PARENTAL_CONTROLS,
        (DenyReason::NotAtHome, _) => &codes::HBA_POLICIES,
        (DenyReason::SessionInvalidated, _) => &codes::SESSION_INVALIDATED,
        (DenyReason::UnknownViewer, _) => &codes::IDENTITY_NOT_RECOGNIZED,
    }
}

fn failure_code(failure: MvpdFailure) -> &'static ErrorCode {
    match failure {
        MvpdFailure::ConnectionTimeout => &codes::NETWORK_CONNECTION_TIMEOUT,
        MvpdFailure::BadAnswer => &codes::NETWORK_RECEIVED_ERROR,
        MvpdFailure::BudgetExceeded => &codes::MAXIMUM_EXECUTION_TIME,
        MvpdFailure::Misconfigured => &codes::INTERNAL,
    }
}
