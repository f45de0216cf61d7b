//! `POST /admin/v1/{env}/clients/{client}/revocation`: ends one client's credentials at once (`dcr` §10).

use axum::extract::State;
use axum::http::StatusCode;
use usher_core::ClientId;
use usher_registry::{Change, ChangedProperty, Operation};

use super::operator::Operator;
use super::problem::Problem;
use crate::App;
use crate::management::caller::CallerAddress;

/// Revokes a client, and ends the sign-ins it made. Doing it again changes nothing.
pub(super) async fn revoke(
    State(app): State<App>,
    operator: Operator,
    CallerAddress(address): CallerAddress,
) -> Result<StatusCode, Problem> {
    let client = ClientId::from(operator.path("client"));
    if !app.clients.revoke(&client).await? {
        return Err(Problem::Unknown("client"));
    }
    app.entitlement.end_client(&client).await?;
    let property = ChangedProperty {
        entity_type: "Registered Application".to_owned(),
        entity_id: client.to_string(),
        property: "client.revoked".to_owned(),
        operation: Operation::Added,
        old: None,
        new: Some(true.into()),
    };
    let change = Change {
        at: app.clock.now(),
        author: "admin API".to_owned(),
        description: format!("client {client} revoked"),
        client: None,
        address: Some(address),
        properties: vec![property],
    };
    app.changes.record(&change).await?;
    Ok(StatusCode::NO_CONTENT)
}
