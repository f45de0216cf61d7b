//! Reports from the store.

use std::sync::Arc;

use async_trait::async_trait;
use jiff::civil::{Date, Time};
use tokio::task::spawn_blocking;
use usher_core::{StoreError, Timestamp};
use usher_cube::{Shelf, execute};
use usher_reports::{Answer, AnswerError, Plan, Warehouse};

use super::LocalEvents;
use super::shared::Shared;
use super::shelf::ApiShelf;

#[async_trait]
impl Warehouse for LocalEvents {
    async fn answer(&self, plan: Plan) -> Result<Answer, AnswerError> {
        let stopped = |what: &str| StoreError::Unavailable(what.to_owned());
        let _place =
            self.waiting.try_acquire().map_err(|_| stopped("too many reports are asked for"))?;
        let _turn = self.readers.acquire().await.map_err(|_| stopped("reports are closed"))?;
        let shared = Arc::clone(&self.shared);
        let answer = spawn_blocking(move || shared.answer(&plan));
        answer.await.map_err(|_| stopped("the report was given up"))?
    }
}

impl Shared {
    fn answer(&self, plan: &Plan) -> Result<Answer, AnswerError> {
        let view = self.view();
        let events = ApiShelf::new(self, &view, plan.api);
        let table = execute(&events, plan)?;
        let today = self.day(self.clock.now().as_millis());
        Ok(Answer { table, made: made(&events, plan, today).map(Timestamp::from_millis) })
    }
}

/// When the numbers behind a report were made, if none of them can still change but by late events.
fn made(events: &ApiShelf<'_>, plan: &Plan, today: Date) -> Option<i64> {
    let (range, grain) = plan.range.zip(plan.grain)?;
    let first = grain.floor(range.start).date();
    let last = grain.ceil(range.end);
    if last > today.to_datetime(Time::midnight()) {
        return None;
    }
    let days = events.days().into_iter();
    let days = days.filter(|day| first <= *day && day.to_datetime(Time::midnight()) < last);
    days.map(|day| events.made(day)).max_by_key(|made| made.unwrap_or(i64::MAX))?
}
