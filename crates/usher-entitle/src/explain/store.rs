//! Where explanations are kept.

use async_trait::async_trait;
use usher_core::{StoreError, TraceId};

use super::Explanation;

/// Explanations of the last days.
///
/// They serve people, not programs: filing one must never hold a decision up, so a store may drop what
/// comes in faster than it can keep, and what it took last may be lost in a crash.
#[async_trait]
pub trait Explanations: Send + Sync + 'static {
    /// Whether anything is kept at all.
    fn wanted(&self) -> bool;

    /// Files `explanation`, at once or never.
    fn file(&self, explanation: Explanation);

    /// The explanation of the request `trace`, if it is still there. What was filed before is found, as
    /// far as it was not dropped.
    async fn find(&self, trace: TraceId) -> Result<Option<Explanation>, StoreError>;
}

/// Keeps nothing.
#[derive(Clone, Copy, Debug)]
pub struct Unexplained;

#[async_trait]
impl Explanations for Unexplained {
    fn wanted(&self) -> bool {
        false
    }

    fn file(&self, _: Explanation) {}

    async fn find(&self, _: TraceId) -> Result<Option<Explanation>, StoreError> {
        Ok(None)
    }
}
