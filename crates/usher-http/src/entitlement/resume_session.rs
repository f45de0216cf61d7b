//! `POST /api/v2/{sp}/sessions/{code}` (`pass-rest-v2` §7.3).

use axum::body::Body;

use super::answer::Json;
use super::call::AnyCall;
use super::problem::Problem;
use super::session::{self, Occasion};
use super::{body, code};
use crate::App;

/// Supplies what a session lacks, from whatever device.
pub(super) async fn post(
    app: &App,
    AnyCall { call, about }: AnyCall,
    form: Body,
) -> Result<Json, Problem> {
    let code = code::in_path(&about)?;
    let given = body::session_parameters(form).await?;
    let answer = app.entitlement.resume_session(&call, &code, &given).await?;
    Ok(Json::of(&session::body(&call.service_provider.id, &answer, Occasion::Resumed)))
}
