//! Telling revisions apart.

use std::sync::atomic::{AtomicU64, Ordering};

/// Names one revision of the catalog within this process: whatever was derived from another may be wrong.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Revision(u64);

impl Revision {
    /// A name that no other revision has.
    pub(crate) fn fresh() -> Self {
        static LAST: AtomicU64 = AtomicU64::new(0);
        Self(LAST.fetch_add(1, Ordering::Relaxed) + 1)
    }
}

#[cfg(test)]
mod tests {
    use usher_core::Timestamp;

    use crate::proxied::PushedLists;
    use crate::{Catalog, Snapshot};

    #[test]
    fn what_was_read_or_pushed_anew_is_another_revision_even_at_the_same_instant() {
        let read = || {
            let catalog = Catalog::from_toml("").expect("a catalog");
            Snapshot::check(catalog, Timestamp::default()).expect("it holds")
        };
        let (first, second) = (read(), read());
        assert_ne!(first.revision(), second.revision());
        assert_ne!(first.with_pushed(&PushedLists::new()).revision(), first.revision());
        assert_eq!(first.clone().revision(), first.revision());
    }
}
