//! What the claims of an id token must say (`mvpd` §6.3; OpenID Connect Core §3.1.3.7).

use std::time::Duration;

use serde_json::Value;
use usher_core::Timestamp;

/// How far the provider's clock may be off (`mvpd` §6.3).
const SKEW: Duration = Duration::from_mins(2);

/// What is known about the sign-in the token must belong to.
pub(super) struct Expected<'e> {
    pub(super) issuer: &'e str,
    pub(super) client_id: &'e str,
    /// Nothing when no nonce was sent.
    pub(super) nonce: Option<&'e str>,
    pub(super) now: Timestamp,
}

/// Checks claims whose signature is known to be good.
pub(super) fn check(claims: &Value, expected: &Expected<'_>) -> Result<(), &'static str> {
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    let rules = [
        (text("iss") == Some(expected.issuer), "the id token is by another issuer"),
        (is_for(claims, expected.client_id), "the id token is for somebody else"),
        (text("sub").is_some_and(|subject| !subject.is_empty()), "the id token has no subject"),
        (
            expected.nonce.is_none_or(|nonce| text("nonce") == Some(nonce)),
            "the id token is for another sign-in",
        ),
        (
            instant(claims, "exp").is_some_and(|expiry| expected.now < expiry + SKEW),
            "the id token is expired",
        ),
        (
            instant(claims, "iat").is_some_and(|issued| issued <= expected.now + SKEW),
            "the id token is from the future",
        ),
        (
            claims.get("nbf").is_none()
                || instant(claims, "nbf").is_some_and(|start| start <= expected.now + SKEW),
            "the id token is not valid yet",
        ),
    ];
    rules.into_iter().find(|(holds, _)| !holds).map_or(Ok(()), |(_, complaint)| Err(complaint))
}

/// A token with several audiences must name us as the party it was issued to.
fn is_for(claims: &Value, client_id: &str) -> bool {
    let authorized = claims.get("azp").and_then(Value::as_str);
    match claims.get("aud") {
        Some(Value::String(audience)) => {
            audience == client_id && authorized.is_none_or(|party| party == client_id)
        }
        Some(Value::Array(audiences)) => {
            audiences.iter().any(|audience| audience == client_id)
                && (authorized == Some(client_id) || authorized.is_none() && audiences.len() == 1)
        }
        _ => false,
    }
}

/// A `NumericDate`, which may have a fraction (RFC 7519 §2).
fn instant(claims: &Value, name: &str) -> Option<Timestamp> {
    let seconds = claims.get(name)?;
    #[expect(clippy::cast_possible_truncation, reason = "a cast saturates, as is wanted here")]
    seconds
        .as_i64()
        .or_else(|| seconds.as_f64().map(|seconds| seconds as i64))
        .map(Timestamp::from_secs)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const NOW: i64 = 1_800_000_000;

    fn verdict(changes: &Value) -> Result<(), &'static str> {
        let mut claims = json!({
            "iss": "https://idp.example", "sub": "u-1", "aud": "usher", "nonce": "n",
            "iat": NOW, "exp": NOW + 300,
        });
        for (name, value) in changes.as_object().unwrap() {
            match value {
                Value::Null => drop(claims.as_object_mut().unwrap().remove(name)),
                value => claims[name] = value.clone(),
            }
        }
        check(
            &claims,
            &Expected {
                issuer: "https://idp.example",
                client_id: "usher",
                nonce: Some("n"),
                now: Timestamp::from_secs(NOW),
            },
        )
    }

    #[test]
    fn a_token_for_this_sign_in_is_accepted_within_two_minutes_of_skew() {
        for good in [
            json!({}),
            json!({"aud": ["usher"]}),
            json!({"aud": ["usher", "other"], "azp": "usher"}),
            json!({"exp": NOW - 119}),
            json!({"iat": NOW + 120}),
            json!({"iat": 1_799_999_999.5}),
            json!({"nbf": NOW + 120}),
        ] {
            assert_eq!(verdict(&good), Ok(()), "{good}");
        }
    }

    #[test]
    fn a_token_for_anything_else_is_refused() {
        for hostile in [
            json!({"iss": "https://idp.example/"}),
            json!({"iss": null}),
            json!({"aud": "another"}),
            json!({"aud": null}),
            json!({"aud": ["usher", "other"]}),
            json!({"aud": ["usher"], "azp": "other"}),
            json!({"aud": "usher", "azp": "other"}),
            json!({"sub": ""}),
            json!({"nonce": "m"}),
            json!({"nonce": null}),
            json!({"exp": NOW - 120}),
            json!({"exp": null}),
            json!({"exp": "soon"}),
            json!({"iat": NOW + 121}),
            json!({"iat": null}),
            json!({"nbf": NOW + 121}),
            json!({"nbf": "x"}),
        ] {
            assert!(verdict(&hostile).is_err(), "{hostile}");
        }
    }
}
