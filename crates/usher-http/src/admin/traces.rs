//! `GET /admin/v1/{env}/traces/{trace}`: how the decisions of one request came about.

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};
use usher_entitle::Explanation;

use super::operator::Operator;
use super::problem::Problem;
use crate::{App, entitlement};

/// What is known of the request.
pub(super) async fn show(
    State(app): State<App>,
    operator: Operator,
) -> Result<Json<Value>, Problem> {
    const UNKNOWN: Problem = Problem::Unknown("trace, or what it led to is forgotten");
    let trace = operator.path("trace").parse().map_err(|_| UNKNOWN)?;
    let explanation = app.entitlement.explanation(trace).await?.ok_or(UNKNOWN)?;
    Ok(Json(with_codes(&explanation)))
}

/// The explanation, each refusal with the code and the message that the application got.
fn with_codes(explanation: &Explanation) -> Value {
    let mut document = json!(explanation);
    let resources = document.get_mut("resources").and_then(Value::as_array_mut);
    for (shown, note) in resources.into_iter().flatten().zip(&explanation.resources) {
        if let (Some(shown), Some(reason)) = (shown.as_object_mut(), note.reason) {
            let (code, message) = entitlement::refusal_code(reason, explanation.purpose);
            shown.insert("code".to_owned(), json!(code));
            shown.insert("message".to_owned(), json!(message));
        }
    }
    document
}
