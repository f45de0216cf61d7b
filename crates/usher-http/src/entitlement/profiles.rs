//! `GET /api/v2/{sp}/profiles` (`pass-rest-v2` §9.2).

use super::answer::Json;
use super::call::DeviceCall;
use super::problem::Problem;
use super::profile;
use crate::App;

/// All active profiles of a device.
pub(super) async fn get(
    app: &App,
    DeviceCall { call, device, .. }: DeviceCall,
) -> Result<Json, Problem> {
    let profiles = app.entitlement.profiles(&call, device).await?;
    Ok(Json::of(&profile::Body::of(&profiles)))
}
