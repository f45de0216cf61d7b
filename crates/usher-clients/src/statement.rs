//! Software statements: proof that an operator registered an application (`dcr` §3).

use serde::{Deserialize, Serialize};
use usher_core::{SoftwareId, Timestamp};
use usher_jose::jws::{self, Kid};
use usher_jose::{Algorithm, KeyError, SigningKey, VerificationKeys};

use crate::clients::SKEW;

/// Why a software statement is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StatementError {
    /// Not one of ours: damaged, forged, not valid yet, or for an unknown application.
    #[error("the software statement is not valid here")]
    Invalid,
    /// Genuine, but its application is revoked or disabled.
    #[error("the application of the software statement is not approved")]
    Unapproved,
}

#[derive(Serialize, Deserialize)]
struct Claims {
    sub: SoftwareId,
    nbf: i64,
    iss: String,
    iat: i64,
}

/// A statement for `software`, which never expires. The same input gives the same text.
pub(crate) fn mint(
    key: &SigningKey,
    issuer: &str,
    software: &SoftwareId,
    now: Timestamp,
) -> Result<String, KeyError> {
    let claims = Claims {
        sub: software.clone(),
        nbf: now.as_secs(),
        iss: issuer.to_owned(),
        iat: now.as_secs(),
    };
    jws::sign(key, None, Kid::Named, &claims)
}

/// The application that `statement` speaks for.
///
/// White space is dropped first: published samples are wrapped over several lines (SS-4).
pub(crate) fn check(
    statement: &str,
    keys: &VerificationKeys,
    accepts_issuer: impl Fn(&str) -> bool,
    now: Timestamp,
) -> Result<SoftwareId, StatementError> {
    if statement.len() > jws::TOKEN_BYTES_MAX {
        return Err(StatementError::Invalid);
    }
    let statement: String = statement.split_ascii_whitespace().collect();
    let verified =
        jws::verify(&statement, keys, &[Algorithm::Rs256]).map_err(|_| StatementError::Invalid)?;
    let claims: Claims = verified.claims().map_err(|_| StatementError::Invalid)?;
    let started = Timestamp::from_secs(claims.nbf) <= now + SKEW;
    if started && accepts_issuer(&claims.iss) {
        Ok(claims.sub)
    } else {
        Err(StatementError::Invalid)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use serde_json::json;
    use usher_jose::{EcKey, RsaKey};

    use super::*;

    static KEY: LazyLock<SigningKey> = LazyLock::new(|| RsaKey::generate().unwrap().into());
    const NOW: Timestamp = Timestamp::from_secs(1_765_000_000);

    fn keys() -> VerificationKeys {
        VerificationKeys::new([KEY.public().clone()])
    }

    fn checked(statement: &str, now: Timestamp) -> Result<SoftwareId, StatementError> {
        check(statement, &keys(), |issuer| issuer == "usher", now)
    }

    fn signed(claims: &serde_json::Value) -> String {
        jws::sign(&KEY, None, Kid::Omitted, claims).unwrap()
    }

    #[test]
    fn a_minted_statement_names_its_application_at_any_age() {
        let statement = mint(&KEY, "usher", &"app-1".into(), NOW).unwrap();
        let centuries_later = Timestamp::from_secs(9_999_999_999);
        assert_eq!(checked(&statement, NOW), Ok("app-1".into()));
        assert_eq!(checked(&statement, centuries_later), Ok("app-1".into()));
    }

    #[test]
    fn minting_again_gives_the_same_text() {
        let once = mint(&KEY, "usher", &"app-1".into(), NOW).unwrap();
        assert_eq!(mint(&KEY, "usher", &"app-1".into(), NOW).unwrap(), once);
    }

    #[test]
    fn line_breaks_do_no_harm() {
        let statement = mint(&KEY, "usher", &"app-1".into(), NOW).unwrap();
        let (front, back) = statement.split_at(70);
        assert_eq!(checked(&format!(" {front}\r\n\t{back}\n"), NOW), Ok("app-1".into()));
    }

    #[test]
    fn a_statement_from_a_clock_up_to_a_minute_ahead_is_accepted() {
        let ahead = |secs| {
            signed(&json!({"sub": "a", "iss": "usher", "iat": 1, "nbf": NOW.as_secs() + secs}))
        };
        assert!(checked(&ahead(60), NOW).is_ok());
        assert_eq!(checked(&ahead(61), NOW), Err(StatementError::Invalid));
    }

    #[test]
    fn foreign_issuers_and_missing_claims_are_refused() {
        for claims in [
            json!({"sub": "a", "iss": "other", "iat": 1, "nbf": 1}),
            json!({"sub": "a", "iss": "usher", "iat": 1}),
            json!({"iss": "usher", "iat": 1, "nbf": 1}),
            json!({"sub": 7, "iss": "usher", "iat": 1, "nbf": 1}),
            json!(["a", 1, "usher", 1]),
        ] {
            assert_eq!(checked(&signed(&claims), NOW), Err(StatementError::Invalid), "{claims}");
        }
    }

    #[test]
    fn only_rs256_is_good_enough() {
        let key = SigningKey::from(EcKey::generate().unwrap());
        let statement = mint(&key, "usher", &"app-1".into(), NOW).unwrap();
        let keys = VerificationKeys::new([key.public().clone()]);
        let refused = check(&statement, &keys, |_| true, NOW);
        assert_eq!(refused, Err(StatementError::Invalid));
    }
}
