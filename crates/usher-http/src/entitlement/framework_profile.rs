//! `POST /api/v2/{sp}/profiles/sso/{partner}` (`pass-rest-v2` §12.2).

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use usher_entitle::{PlatformPartner, ProfileKind};

use super::answer::{Created, Json};
use super::call::DeviceCall;
use super::codes;
use super::problem::Problem;
use super::{body, profile};
use crate::App;

/// Turns what the framework of a platform partner brought back into a profile. One that a rule of
/// degradation makes up is nothing new: it is shown, not created.
pub(super) async fn post(
    app: &App,
    DeviceCall { call, device, about }: DeviceCall,
    form: Body,
) -> Result<Response, Problem> {
    let partner = PlatformPartner::parse(&about).ok_or(&codes::INVALID_PARTNER)?;
    let response = body::saml_response(form).await?;
    let profile = app.entitlement.finish_by_framework(&call, device, partner, &response).await?;
    let shown = Json::of(&profile::Body::of(std::slice::from_ref(&profile)));
    Ok(match profile.kind {
        ProfileKind::Framework(_) => Created(shown).into_response(),
        _ => shown.into_response(),
    })
}
