//! `DELETE /reset-tempass/v3/reset` and `…/reset/generic`.

use std::borrow::Cow;

use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use usher_core::DeviceId;
use usher_entitle::{IdentityHash, TrialReset};
use usher_registry::Scope;

use super::problem::Problem;
use crate::{App, bearer, query};

/// The word for every device or key.
const ALL: &str = "all";

/// Resets the trial of one device, or of all.
pub(super) async fn devices(
    State(app): State<App>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<StatusCode, Problem> {
    let query = query.unwrap_or_default();
    let read = |id: &str| DeviceId::new(id.as_bytes());
    let device = || subject(&query, "device_id", read).map(TrialReset::Device);
    reset(&app, &headers, &query, device).await
}

/// Resets the trial of one viewer of a promotional pass, or of all.
pub(super) async fn identities(
    State(app): State<App>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<StatusCode, Problem> {
    let query = query.unwrap_or_default();
    let key = || subject(&query, "key", IdentityHash::of).map(TrialReset::Identity);
    reset(&app, &headers, &query, key).await
}

async fn reset(
    app: &App,
    headers: &HeaderMap,
    query: &str,
    wanted: impl FnOnce() -> Result<TrialReset, Problem>,
) -> Result<StatusCode, Problem> {
    let caller = bearer::caller(app, headers).await?.with_scope(Scope::TemporaryPasses)?;
    let channel = required(query, "requestor_id")?;
    let mvpd = required(query, "mvpd_id")?;
    let wanted = wanted()?;
    let channel = caller.snapshot.service_provider(&channel).ok_or(Problem::Channel)?;
    if !caller.may_use(&channel.id) {
        return Err(Problem::NotYours);
    }
    app.entitlement.reset_trials(&caller.snapshot, &channel.id, &mvpd, &wanted).await?;
    let (client, channel) = (&caller.client, &channel.id);
    tracing::info!(%client, %channel, mvpd = %mvpd, "trials of a temporary pass were reset");
    Ok(StatusCode::NO_CONTENT)
}

/// The one that is meant; absent for all. An empty value is a mistake rather than everybody.
fn subject<T>(
    query: &str,
    name: &'static str,
    read: impl FnOnce(&str) -> Option<T>,
) -> Result<Option<T>, Problem> {
    match query::first(query, name).as_deref() {
        None | Some(ALL) => Ok(None),
        Some(value) => read(value).map(Some).ok_or(Problem::Parameter(name)),
    }
}

fn required<'q>(query: &'q str, name: &'static str) -> Result<Cow<'q, str>, Problem> {
    query::first(query, name).filter(|value| !value.is_empty()).ok_or(Problem::Parameter(name))
}
