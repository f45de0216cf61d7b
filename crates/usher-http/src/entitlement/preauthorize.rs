//! `POST /api/v2/{sp}/decisions/preauthorize/{mvpd}` (`pass-rest-v2` §10).

use axum::body::Body;
use usher_entitle::{DecisionAsk, Purpose};

use super::answer::Json;
use super::call::DeviceCall;
use super::problem::Problem;
use super::{body, decision};
use crate::App;

/// What a viewer could watch.
pub(super) async fn post(
    app: &App,
    DeviceCall { call, device, about }: DeviceCall,
    json: Body,
) -> Result<Json, Problem> {
    let resources = body::resources(json).await?;
    let ask = DecisionAsk { device, mvpd: about.clone(), resources };
    let decisions = app.entitlement.preauthorize(&call, ask).await?;
    Ok(decision::body(app, &call, &about, (Purpose::Preauthorize, &decisions)))
}
