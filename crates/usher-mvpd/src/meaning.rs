//! The tables by which a catalog says what an answer means (`mvpd` §7.5, §7.7).

use indexmap::IndexMap;
use usher_entitle::{DenyReason, MvpdFailure, MvpdOutcome};
use usher_registry::Meaning;

use crate::text;

/// The first of `signs` that the table knows.
pub(crate) fn of<'s>(
    table: &IndexMap<String, Meaning>,
    signs: impl IntoIterator<Item = &'s str>,
) -> Option<Meaning> {
    signs.into_iter().find_map(|sign| table.get(sign)).copied()
}

/// The outcome that `meaning` stands for, with the provider's `text` for the viewer.
pub(crate) fn outcome(meaning: Meaning, text: Option<&str>) -> MvpdOutcome {
    let reason = match meaning {
        Meaning::AuthorizationDeniedByMvpd => DenyReason::NotEntitled,
        Meaning::AuthorizationDeniedByParentalControls => DenyReason::ParentalControls,
        Meaning::AuthorizationDeniedByHbaPolicies => DenyReason::NotAtHome,
        Meaning::AuthorizationDeniedBySessionInvalidated => DenyReason::SessionInvalidated,
        Meaning::IdentityNotRecognizedByMvpd => DenyReason::UnknownViewer,
        Meaning::NetworkConnectionTimeout => {
            return MvpdOutcome::Failed(MvpdFailure::ConnectionTimeout);
        }
        Meaning::NetworkReceivedError => return MvpdOutcome::Failed(MvpdFailure::BadAnswer),
        Meaning::MaximumExecutionTimeExceeded => {
            return MvpdOutcome::Failed(MvpdFailure::BudgetExceeded);
        }
    };
    MvpdOutcome::Deny { reason, details: text.and_then(text::details) }
}
