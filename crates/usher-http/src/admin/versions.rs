//! `GET /admin/v1/{env}/versions`: the changes log (`console` §7.3, §11.2).

use axum::Json;
use axum::extract::{RawQuery, State};
use serde_json::{Value, json};
use usher_core::ClientId;
use usher_registry::RecordedChange;

use super::operator::Operator;
use super::problem::Problem;
use crate::{App, query};

/// Changes in one answer, unless fewer are asked for.
const LIMIT_MAX: u64 = 100;

/// The latest changes, the newest first; `next` continues.
pub(super) async fn list(
    State(app): State<App>,
    _: Operator,
    RawQuery(query): RawQuery,
) -> Result<Json<Value>, Problem> {
    let query = query.unwrap_or_default();
    let limit = number(&query, "limit")?.unwrap_or(LIMIT_MAX).min(LIMIT_MAX);
    let before = number(&query, "cursor")?;
    let changes = app.changes.latest(before, usize::try_from(limit).unwrap_or(usize::MAX)).await?;
    let next = changes.last().map(|last| last.number).filter(|number| *number > 1);
    let items: Vec<_> = changes.iter().map(item).collect();
    Ok(Json(json!({ "items": items, "next": next })))
}

fn item(recorded: &RecordedChange) -> Value {
    let change = &recorded.change;
    json!({
        "version": recorded.number,
        "description": change.description,
        "pushedBy": change.author,
        "pushDate": change.at.as_millis(),
        "status": "SUCCESS",
        "client": change.client.as_ref().map(ClientId::as_str),
        "address": change.address,
        "changes": change.properties,
    })
}

fn number(query: &str, name: &'static str) -> Result<Option<u64>, Problem> {
    let Some(value) = query::first(query, name) else { return Ok(None) };
    value.parse().ok().filter(|number| *number > 0).map(Some).ok_or(Problem::Number(name))
}
