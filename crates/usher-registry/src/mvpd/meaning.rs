//! What a provider's codes come down to.

use serde::Deserialize;

/// The error of a decision that a provider's code stands for (`mvpd` §7.5, §7.7). Catalogs name it as
/// applications see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Meaning {
    /// Not in the viewer's package.
    #[serde(alias = "preauthorization_denied_by_mvpd")]
    AuthorizationDeniedByMvpd,
    /// Parental controls.
    AuthorizationDeniedByParentalControls,
    /// The viewer is not at home any more.
    AuthorizationDeniedByHbaPolicies,
    /// The sign-in is over.
    AuthorizationDeniedBySessionInvalidated,
    /// The provider does not know the viewer.
    IdentityNotRecognizedByMvpd,
    /// The provider cannot be reached.
    NetworkConnectionTimeout,
    /// The answer is none.
    NetworkReceivedError,
    /// It took too long.
    MaximumExecutionTimeExceeded,
}
