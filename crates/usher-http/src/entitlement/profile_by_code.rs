//! `GET /api/v2/{sp}/profiles/code/{code}` (`pass-rest-v2` §9.4): what waiting applications poll.

use super::answer::Json;
use super::call::AnyCall;
use super::problem::Problem;
use super::{code, profile};
use crate::App;

/// The profile that came of a session.
pub(super) async fn get(app: &App, AnyCall { call, about }: AnyCall) -> Result<Json, Problem> {
    let profile = app.entitlement.profile_by_code(&call, &code::in_path(&about)?).await?;
    Ok(Json::of(&profile::Body::of(profile.as_slice())))
}
