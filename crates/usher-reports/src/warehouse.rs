//! Where reports come from.

use async_trait::async_trait;
use usher_core::{StoreError, Timestamp};
use usher_cube::{Plan, Table, TooBroad};

/// Rows, and how old they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The rows.
    pub table: Table,
    /// When the numbers behind them were last made; nothing when they were computed for this answer.
    pub made: Option<Timestamp>,
}

/// Answers plans from events.
#[async_trait]
pub trait Warehouse: Send + Sync + 'static {
    /// The rows of `plan`, exactly: uniques are counted, never estimated.
    ///
    /// Every event whose `append` returned two seconds ago or more is in the answer, and each event id
    /// is counted once. Events older than the retention may be missing.
    async fn answer(&self, plan: Plan) -> Result<Answer, AnswerError>;
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AnswerError {
    /// It would take more than a server should compute.
    #[error(transparent)]
    TooBroad(#[from] TooBroad),
    /// The events cannot be read now.
    #[error(transparent)]
    Store(#[from] StoreError),
}
