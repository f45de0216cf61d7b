//! The bearer token in a request, and who it proves.
//!
//! The answer to an unproven request differs between the APIs, so this hands back the typed reason and
//! each API renders it: an error envelope, plain text, or a page.

use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderMap, HeaderValue};
use usher_clients::{BearerError, Caller};

use crate::App;

/// What every 401 about a bearer token carries in `WWW-Authenticate` (`dcr` §8, RFC 6750 §3).
pub(crate) const CHALLENGE: HeaderValue =
    HeaderValue::from_static("Bearer error=\"invalid_token\"");

/// The caller that the `Authorization` header proves; steps 1 to 4 of `dcr` §8.
///
/// Scope and channel are the caller's to answer: [`Caller::with_scope`], [`Caller::may_use`].
pub(crate) async fn caller(app: &App, headers: &HeaderMap) -> Result<Caller, BearerError> {
    app.clients.authenticate(token(headers)).await
}

/// The bearer token in `Authorization`. The name of the scheme is matched in any case.
pub(crate) fn token(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(AUTHORIZATION)?.to_str().ok()?.trim().split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim_start())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scheme_is_matched_in_any_case() {
        let found = |value: &'static str| {
            let headers = HeaderMap::from_iter([(AUTHORIZATION, HeaderValue::from_static(value))]);
            token(&headers).map(str::to_owned)
        };
        assert_eq!(found("Bearer a.b.c").as_deref(), Some("a.b.c"));
        assert_eq!(found("bearer  a.b.c ").as_deref(), Some("a.b.c"));
        assert_eq!(found("Basic YTpi"), None);
        assert_eq!(found("Bearer"), None);
        assert_eq!(token(&HeaderMap::new()), None);
    }
}
