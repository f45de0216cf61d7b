//! Codes that link further devices.

use axum::extract::State;
use axum::http::StatusCode;
use serde_json::Value;

use super::call::TokenCall;
use super::problem::Problem;
use super::{Success, times};
use crate::App;

/// A code for another device of the viewer.
pub(super) async fn create(
    State(app): State<App>,
    TokenCall { call, device, token }: TokenCall,
) -> Result<Success, Problem> {
    let link = app.entitlement.create_link(&call, &device, &token).await?;
    let code = Value::String(link.code);
    let mut members = vec![("code", code.clone())];
    if app.settings.sso_table_names {
        members.push(("link", code));
    }
    members.extend(times(link.not_before, link.not_after));
    Ok(Success { status: StatusCode::CREATED, word: "CREATED", members })
}
