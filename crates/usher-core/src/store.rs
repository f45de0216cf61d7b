//! What can go wrong in any store.

/// Why a store could not do its one atomic step.
///
/// Three kinds only, because callers can do three things: try later, try again with fresh state, or
/// call somebody.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// The store did not answer; nothing is known to have changed. Retrying later may help.
    #[error("the store is unavailable: {0}")]
    Unavailable(String),
    /// Somebody else changed the record first. Retry with fresh state.
    #[error("the record was changed by somebody else")]
    Conflict,
    /// A stored record makes no sense. A person has to look.
    #[error("stored {what} `{id}` is corrupt")]
    Corrupt {
        /// The kind of record.
        what: &'static str,
        /// Which one.
        id: String,
    },
}
