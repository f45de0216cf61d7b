//! Who is calling: an application id as the user name of HTTP Basic (`concurrency` §2).

use axum::http::{HeaderMap, header};
use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use usher_streams::{Caller, CallerError};

use crate::App;

use super::answer::Refusal;

/// Clients differ about padding.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The application whose id the request carries.
pub(super) fn prove(app: &App, headers: &HeaderMap) -> Result<Caller, Refusal> {
    let id = user_name(headers).ok_or(Refusal::Unauthorized)?;
    app.streams.caller(&id).map_err(|error| match error {
        CallerError::Unknown => Refusal::Unauthorized,
        CallerError::Disabled => Refusal::Forbidden,
    })
}

/// The user name; the password is nobody's business.
fn user_name(headers: &HeaderMap) -> Option<String> {
    let (scheme, credentials) =
        headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let text = String::from_utf8(BASE64.decode(credentials.trim()).ok()?).ok()?;
    let (name, _password) = text.split_once(':')?;
    (!name.is_empty()).then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn named(value: &'static str) -> Option<String> {
        let mut headers = HeaderMap::new();
        headers.insert(header::AUTHORIZATION, HeaderValue::from_static(value));
        user_name(&headers)
    }

    #[test]
    fn the_published_vectors_read_as_their_application_ids() {
        for (value, id) in [
            ("Basic VEVTVDo=", "TEST"),
            ("Basic ZGVtby1hcHA6", "demo-app"),
            ("basic ZGVtby1hcHAtMjo=", "demo-app-2"),
            ("Basic YXBwLWNoYW4yOg", "app-chan2"),
            ("Basic ZGVtby1hcHA6c2VjcmV0", "demo-app"),
        ] {
            assert_eq!(named(value).as_deref(), Some(id), "{value}");
        }
    }

    #[test]
    fn anything_else_names_nobody() {
        // Not Basic, not base64, no colon, empty name.
        for value in ["Bearer abc", "Basic", "Basic ???", "Basic ZGVtbw==", "Basic Og=="] {
            assert_eq!(named(value), None, "{value}");
        }
    }
}
