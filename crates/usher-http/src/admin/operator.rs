//! Who operates: whoever has the admin token, in the environment that the path names.

use std::collections::HashMap;

use axum::extract::{FromRequestParts, Path};
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

impl FromRequestParts<App> for Operator {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let token = bearer::token(&parts.headers).ok_or(Problem::Unproven)?;
        // Digests have one length, so that not even that of the real token can be felt out.
        let (shown, real) = (token, app.settings.admin_token.expose());
        if !constant_time_eq(&sha256(shown.as_bytes()), &sha256(real.as_bytes())) {
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
