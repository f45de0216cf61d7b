//! Codes of refused decisions (`errors` §9, `mvpd` §7.7).

use usher_entitle::{DenyReason, MvpdFailure, Purpose, RefusalReason, TrialRefusal};

use super::problem::{self, ErrorCode};

/// The code of a refusal.
pub(super) fn code(reason: RefusalReason, purpose: Purpose) -> &'static ErrorCode {
    match reason {
        RefusalReason::TooManyResources => &problem::TOO_MANY_RESOURCES,
        RefusalReason::ProfileMissing => &problem::PROFILE_MISSING,
        RefusalReason::ProfileExpired => &problem::PROFILE_EXPIRED,
        RefusalReason::ProfileInvalidated => &problem::PROFILE_INVALIDATED,
        RefusalReason::Denied(reason) => denial(reason, purpose),
        RefusalReason::Failed(failure) => failure_code(failure),
        RefusalReason::DegradationRule => &problem::DENIED_BY_RULE,
        RefusalReason::TemporaryAccess(refusal) => trial(refusal),
        RefusalReason::NoLifetime | RefusalReason::NoToken => &problem::INTERNAL,
    }
}

/// The code of what a temporary pass refuses (`access-variants` §2.2).
pub(super) const fn trial(refusal: TrialRefusal) -> &'static ErrorCode {
    match refusal {
        TrialRefusal::DurationExceeded => &problem::TEMPORARY_DURATION_EXCEEDED,
        TrialRefusal::ResourcesExceeded => &problem::TEMPORARY_RESOURCES_EXCEEDED,
        TrialRefusal::Misconfigured => &problem::INVALID_TEMPORARY_CONFIGURATION,
        TrialRefusal::NoIdentity => &problem::INVALID_TEMPORARY_IDENTITY,
    }
}

fn denial(reason: DenyReason, purpose: Purpose) -> &'static ErrorCode {
    match (reason, purpose) {
        (DenyReason::NotEntitled, Purpose::Preauthorize) => &problem::PREAUTHORIZATION_DENIED,
        (DenyReason::NotEntitled, Purpose::Authorize) => &problem::AUTHORIZATION_DENIED,
        (DenyReason::ParentalControls, _) => &problem::PARENTAL_CONTROLS,
        (DenyReason::NotAtHome, _) => &problem::HBA_POLICIES,
        (DenyReason::SessionInvalidated, _) => &problem::SESSION_INVALIDATED,
        (DenyReason::UnknownViewer, _) => &problem::IDENTITY_NOT_RECOGNIZED,
    }
}

fn failure_code(failure: MvpdFailure) -> &'static ErrorCode {
    match failure {
        MvpdFailure::ConnectionTimeout => &problem::NETWORK_CONNECTION_TIMEOUT,
        MvpdFailure::BadAnswer => &problem::NETWORK_RECEIVED_ERROR,
        MvpdFailure::BudgetExceeded => &problem::MAXIMUM_EXECUTION_TIME,
        MvpdFailure::Misconfigured => &problem::INTERNAL,
    }
}
