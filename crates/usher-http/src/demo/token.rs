//! Cablevision's token endpoint.

use axum::Json;
use axum::extract::Form;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use usher_mvpd::demo::{ClientAuthentication, DemoProvider, TokenForm, TokenProblem};

use super::Demo;
use super::switchboard::dawdle;

pub(super) async fn token(
    Demo(demo): Demo,
    headers: HeaderMap,
    Form(form): Form<TokenForm>,
) -> Response {
    let caller = basic(&headers).unwrap_or_else(|| ClientAuthentication {
        id: form.client_id.clone().unwrap_or_default(),
        secret: form.client_secret.clone().unwrap_or_default(),
    });
    dawdle(&demo, DemoProvider::Cablevision).await;
    match demo.token(&caller, &form) {
        Ok(tokens) => Json(tokens).into_response(),
        Err(problem) => refusal(problem),
    }
}

fn refusal(problem: TokenProblem) -> Response {
    let body = Json(json!({ "error": problem.code() }));
    match problem {
        TokenProblem::InvalidClient => {
            let challenge = [(header::WWW_AUTHENTICATE, "Basic realm=\"cablevision\"")];
            (StatusCode::UNAUTHORIZED, challenge, body).into_response()
        }
        TokenProblem::InvalidGrant
        | TokenProblem::InvalidRequest
        | TokenProblem::UnsupportedGrantType => (StatusCode::BAD_REQUEST, body).into_response(),
    }
}

/// `client_secret_basic`: both parts are form-encoded (RFC 6749 §2.3.1).
fn basic(headers: &HeaderMap) -> Option<ClientAuthentication> {
    let encoded = headers.get(header::AUTHORIZATION)?.to_str().ok()?.strip_prefix("Basic ")?;
    let pair = String::from_utf8(STANDARD.decode(encoded).ok()?).ok()?;
    let (id, secret) = pair.split_once(':')?;
    Some(ClientAuthentication { id: form_decoded(id), secret: form_decoded(secret) })
}

fn form_decoded(text: &str) -> String {
    form_urlencoded::parse(text.as_bytes()).map(|(name, _)| name.into_owned()).collect()
}
