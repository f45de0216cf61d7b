//! `POST /o/client/token`: credentials become an access token (`dcr` §6).

use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, StatusCode, header};
use serde::Serialize;
use usher_clients::{IssuedToken, TokenAsk};

use super::problem::Problem;
use super::{Answer, body};
use crate::App;

/// An access token in the documented form.
#[derive(Serialize)]
pub(super) struct Issued {
    id: String,
    access_token: String,
    /// Epoch milliseconds.
    created_at: i64,
    /// Seconds.
    expires_in: u64,
    token_type: &'static str,
}

impl From<IssuedToken> for Issued {
    fn from(issued: IssuedToken) -> Self {
        Self {
            id: issued.id,
            access_token: issued.access_token.expose().clone(),
            created_at: issued.created_at.as_millis(),
            expires_in: issued.expires_in.as_secs(),
            token_type: "bearer",
        }
    }
}

/// Issues a token. Parameters may stand in the body or in the query.
pub(super) async fn token(
    State(app): State<App>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Body,
) -> Result<Answer<Issued>, Problem> {
    if has_basic_credentials(&headers) {
        return Err(Problem::InvalidRequest);
    }
    let mut parameters = body::form(&headers, body).await?;
    parameters.extend(body::parameters(query.unwrap_or_default().as_bytes()));
    let ask = TokenAsk::from_parameters(parameters)?;
    let issued = app.clients.issue_token(ask).await?;
    Ok(Answer(StatusCode::CREATED, issued.into()))
}

/// `Basic` is one mechanism too many beside parameters, and not enough without them (`dcr` §6.1).
fn has_basic_credentials(headers: &HeaderMap) -> bool {
    let value = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let scheme = value.and_then(|value| value.split_ascii_whitespace().next());
    scheme.is_some_and(|scheme| scheme.eq_ignore_ascii_case("basic"))
}
