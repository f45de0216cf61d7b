//! `GET /.well-known/oauth-authorization-server` (RFC 8414).

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};
use usher_registry::Scope;

use super::AUTHENTICATION_METHODS;
use crate::App;

/// The scopes that open something here.
const SCOPES: [Scope; 6] = [
    Scope::Api,
    Scope::Analytics,
    Scope::StreamAnalytics,
    Scope::Decisions,
    Scope::TemporaryPasses,
    Scope::ProxiedMvpds,
];

/// Where everything is.
pub(in crate::dcr) async fn metadata(State(app): State<App>) -> Json<Value> {
    let base = app.settings.base_url.as_str().trim_end_matches('/');
    Json(json!({
        "issuer": base,
        "registration_endpoint": format!("{base}/oauth2/register"),
        "token_endpoint": format!("{base}/oauth2/token"),
        "jwks_uri": format!("{base}/jwks.json"),
        "grant_types_supported": ["client_credentials"],
        "response_types_supported": [],
        "token_endpoint_auth_methods_supported": AUTHENTICATION_METHODS,
        "scopes_supported": SCOPES.map(Scope::as_str),
    }))
}
