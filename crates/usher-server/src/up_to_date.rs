//! Reports that show everything that was acknowledged before they were asked for.
//!
//! Stream events are durable when a start is answered, but travel to the journal in company a little
//! later. Nobody waits for that but those who look.

use std::sync::Arc;

use async_trait::async_trait;
use usher_reports::{Answer, AnswerError, Plan, Warehouse};
use usher_streams::ActivityStore;

/// A warehouse that has received the events of a store before it answers.
pub(crate) struct UpToDate {
    warehouse: Arc<dyn Warehouse>,
    activity: Arc<dyn ActivityStore>,
}

impl UpToDate {
    pub(crate) fn new(warehouse: Arc<dyn Warehouse>, activity: Arc<dyn ActivityStore>) -> Self {
        Self { warehouse, activity }
    }
}

#[async_trait]
impl Warehouse for UpToDate {
    async fn answer(&self, plan: Plan) -> Result<Answer, AnswerError> {
        self.activity.settle().await?;
        self.warehouse.answer(plan).await
    }
}
