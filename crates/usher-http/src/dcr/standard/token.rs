//! `POST /oauth2/token` (RFC 6749 §4.4).

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::percent_decode_str;
use serde::Serialize;
use usher_clients::{Credentials, IssuedToken, TokenAsk};
use usher_registry::Scope;

use crate::App;
use crate::dcr::problem::{Problem, TokenProblem};
use crate::dcr::{Answer, body};

/// An access token in the standard form (RFC 6749 §5.1).
#[derive(Serialize)]
pub(in crate::dcr) struct Issued {
    access_token: String,
    token_type: &'static str,
    expires_in: u64,
    scope: String,
}

impl From<IssuedToken> for Issued {
    fn from(issued: IssuedToken) -> Self {
        let scopes: Vec<_> = issued.scopes.iter().copied().map(Scope::as_str).collect();
        Self {
            access_token: issued.access_token.expose().clone(),
            token_type: "Bearer",
            expires_in: issued.expires_in.as_secs(),
            scope: scopes.join(" "),
        }
    }
}

/// Issues a token. Parameters stand in the body only (RFC 6749 §2.3.1).
pub(in crate::dcr) async fn token(
    State(app): State<App>,
    headers: HeaderMap,
    body: Body,
) -> Result<Answer<Issued>, TokenProblem> {
    let basic = basic_credentials(&headers)?;
    let form = body::form(&headers, body).await?;
    let ask = TokenAsk::from_standard_form(form, basic).map_err(Problem::from)?;
    let issued = app.clients.issue_token(ask).await.map_err(Problem::from)?;
    Ok(Answer(StatusCode::OK, issued.into()))
}

/// The credentials in a `Basic` header, if there is one.
fn basic_credentials(headers: &HeaderMap) -> Result<Option<Credentials>, Problem> {
    let Some(value) = headers.get(header::AUTHORIZATION) else { return Ok(None) };
    value.to_str().ok().and_then(decode_basic).map(Some).ok_or(Problem::InvalidClient)
}

/// Both parts are form-encoded inside the Base64 (RFC 6749 §2.3.1).
fn decode_basic(value: &str) -> Option<Credentials> {
    let (scheme, encoded) = value.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let pair = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (id, secret) = pair.split_once(':')?;
    Some(Credentials::new(form_decode(id), form_decode(secret)))
}

fn form_decode(text: &str) -> String {
    percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(pair: &str) -> Option<(String, String)> {
        decode_basic(&format!("basic {}", STANDARD.encode(pair))).map(|credentials| {
            (credentials.client_id.to_string(), credentials.client_secret.expose().clone())
        })
    }

    #[test]
    fn basic_credentials_are_form_encoded() {
        let expected = |id: &str, secret: &str| Some((id.to_owned(), secret.to_owned()));
        assert_eq!(decoded("me:pass-word"), expected("me", "pass-word"));
        assert_eq!(decoded("a%3Ab:c%25+d"), expected("a:b", "c% d"));
        assert_eq!(decoded("me:a:b"), expected("me", "a:b"));
        assert_eq!(decoded("me:x=1&y"), expected("me", "x=1&y"));
        assert_eq!(decoded("me:"), expected("me", ""));
        assert_eq!(decoded("no colon"), None);
    }

    #[test]
    fn other_schemes_are_not_credentials() {
        for value in ["Bearer bWU6d29yZA==", "Basic", "Basic ###", "Basic bWU"] {
            assert!(decode_basic(value).is_none(), "{value}");
        }
    }
}
