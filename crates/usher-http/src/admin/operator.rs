//! Who operates: whoever has the admin token, in the environment that the path names.

use std::collections::HashMap;

use axum::extract::{FromRequestParts, Path};
use axum::http::HeaderMap;
use axum::http::request::Parts;
use usher_jose::{constant_time_eq, sha256};

use super::problem::Problem;
use crate::{App, bearer};

/// A proven operator, and the decoded parameters of the path.
pub(super) struct Operator {
    path: HashMap<String, String>,
}

impl Operator {
    /// The parameter `name` of the path; empty when the route has none of this name.
    pub(super) fn path(&self, name: &str) -> &str {
        self.path.get(name).map(String::as_str).unwrap_or_default()
    }
}

/// Whether the request has the admin token.
pub(crate) fn is_proven(app: &App, headers: &HeaderMap) -> bool {
    // Digests have one length, so that not even that of the real token can be felt out.
    let real = sha256(app.settings.admin_token.expose().as_bytes());
    bearer::token(headers).is_some_and(|shown| constant_time_eq(&sha256(shown.as_bytes()), &real))
}

impl FromRequestParts<App> for Operator {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        if !is_proven(app, &parts.headers) {
            return Err(Problem::Unproven);
        }
        let path = Path::<HashMap<String, String>>::from_request_parts(parts, app).await;
        let operator = Self { path: path.map_err(|_| Problem::Unknown("environment"))?.0 };
        if operator.path("env") == app.settings.environment {
            Ok(operator)
        } else {
            Err(Problem::Unknown("environment"))
        }
    }
}
