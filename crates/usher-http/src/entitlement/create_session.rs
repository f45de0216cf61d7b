//! `POST /api/v2/{sp}/sessions` (`pass-rest-v2` §7.1).

use axum::body::Body;

use super::answer::Json;
use super::body;
use super::call::DeviceCall;
use super::problem::Problem;
use super::session::{self, Occasion};
use crate::App;

/// Begins to sign a device in, unless nobody has to.
pub(super) async fn post(
    app: &App,
    DeviceCall { call, device, .. }: DeviceCall,
    form: Body,
) -> Result<Json, Problem> {
    let given = body::session_parameters(form).await?;
    let answer = app.entitlement.create_session(&call, device, &given).await?;
    Ok(Json::of(&session::body(&call.service_provider.id, &answer, Occasion::Created)))
}
