//! The tables by which a catalog says what an answer means (`mvpd` §7.5, §7.7).

use indexmap::IndexMap;
use usher_entitle::{DenyReason, MvpdFailure};

/// What something other than a permit comes down to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Meaning {
    Denied(DenyReason),
    Failed(MvpdFailure),
}

/// The first of `signs` that the table knows.
pub(crate) fn of<'s>(
    table: &IndexMap<String, String>,
    signs: impl IntoIterator<Item = &'s str>,
) -> Option<Meaning> {
    signs.into_iter().find_map(|sign| table.get(sign)).and_then(|code| meaning(code))
}

/// The item codes of `mvpd` §7.7 that a table may name.
pub(crate) fn meaning(code: &str) -> Option<Meaning> {
    Some(match code {
        "authorization_denied_by_mvpd" | "preauthorization_denied_by_mvpd" => {
            Meaning::Denied(DenyReason::NotEntitled)
        }
        "authorization_denied_by_parental_controls" => {
            Meaning::Denied(DenyReason::ParentalControls)
        }
        "authorization_denied_by_hba_policies" => Meaning::Denied(DenyReason::NotAtHome),
        "authorization_denied_by_session_invalidated" => {
            Meaning::Denied(DenyReason::SessionInvalidated)
        }
        "identity_not_recognized_by_mvpd" => Meaning::Denied(DenyReason::UnknownViewer),
        "network_connection_timeout" => Meaning::Failed(MvpdFailure::ConnectionTimeout),
        "network_received_error" => Meaning::Failed(MvpdFailure::BadAnswer),
        "maximum_execution_time_exceeded" => Meaning::Failed(MvpdFailure::BudgetExceeded),
        _ => return None,
    })
}
