//! `GET /api/v2/{sp}/profiles/code/{code}` (`pass-rest-v2` §9.4): what waiting applications poll.

use axum::extract::State;

use super::answer::Json;
use super::call::AnyCall;
use super::problem::Problem;
use super::{code, profile};
use crate::App;

/// The profile that came of a session.
pub(super) async fn get(
    State(app): State<App>,
    AnyCall { call, path }: AnyCall,
) -> Result<Json, Problem> {
    let profile = app.entitlement.profile_by_code(&call, &code::in_path(&path)?).await?;
    Ok(Json::of(&profile::Body::of(profile.as_slice())))
}
