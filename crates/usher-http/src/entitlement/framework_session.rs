//! `POST /api/v2/{sp}/sessions/sso/{partner}` (`pass-rest-v2` §12.1).

use axum::body::Body;
use usher_entitle::{FrameworkAnswer, PlatformPartner};

use super::answer::Json;
use super::body;
use super::call::DeviceCall;
use super::codes;
use super::problem::Problem;
use super::session::{self, Occasion};
use crate::App;

/// Begins to sign a device in through the framework of a platform partner.
pub(super) async fn post(
    app: &App,
    DeviceCall { call, device, about }: DeviceCall,
    form: Body,
) -> Result<Json, Problem> {
    let partner = PlatformPartner::parse(&about).ok_or(&codes::INVALID_PARTNER)?;
    let given = body::session_parameters(form).await?;
    let channel = &call.service_provider.id;
    Ok(Json::of(&match app.entitlement.begin_by_framework(&call, device, partner, &given).await? {
        FrameworkAnswer::Request { session_id, mvpd, request } => {
            session::framework(channel, partner, (&session_id, &mvpd), &request)
        }
        FrameworkAnswer::Authorize(answer) => session::body(channel, &answer, Occasion::Created),
        FrameworkAnswer::Fallback(answer, why) => {
            session::body(channel, &answer, Occasion::FellBack(why))
        }
    }))
}
