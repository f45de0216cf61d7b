use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::jwk::{Jwk, VerificationKey};
use crate::key::{EcKey, RsaKey};

/// RFC 7515, appendix A.2: the RSA key.
const RFC_RSA_KEY: &str = r#"{"kty":"RSA","n":"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ","e":"AQAB"}"#;
/// RFC 7515, appendix A.2: the token.
const RFC_RS256: &str = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw";
/// RFC 7515, appendix A.3: the P-256 key.
const RFC_EC_KEY: &str = r#"{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}"#;
/// RFC 7515, appendix A.3: the token.
const RFC_ES256: &str = "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";

const BOTH: [Algorithm; 2] = [Algorithm::Rs256, Algorithm::Es256];

fn set(jwk: &str) -> VerificationKeys {
    let jwk: Jwk = serde_json::from_str(jwk).unwrap();
    VerificationKeys::new([VerificationKey::from_jwk(&jwk).unwrap()])
}

fn token(header: &str, payload: &str, signature: &[u8]) -> String {
    format!("{}.{}.{}", base64url(header), base64url(payload), base64url(signature))
}

/// A key, the set with its public half, and a signed token with `{"sub":"me"}`.
fn signed() -> (SigningKey, VerificationKeys, String) {
    let key = SigningKey::from(EcKey::generate().unwrap());
    let keys = VerificationKeys::new([key.public().clone()]);
    let token = sign(&key, None, Kid::Named, &json!({"sub": "me"})).unwrap();
    (key, keys, token)
}

#[test]
fn the_tokens_of_rfc_7515_verify() {
    for (key, token) in [(RFC_RSA_KEY, RFC_RS256), (RFC_EC_KEY, RFC_ES256)] {
        let verified = verify(token, &set(key), &BOTH).unwrap();
        let claims: Value = verified.claims().unwrap();
        assert_eq!(claims["iss"], "joe");
        assert_eq!(claims["exp"], 1_300_819_380);
    }
}

#[test]
fn a_token_does_not_verify_with_a_key_of_the_other_kind() {
    assert_eq!(verify(RFC_RS256, &set(RFC_EC_KEY), &BOTH), Err(JwsError::Signature));
    assert_eq!(verify(RFC_ES256, &set(RFC_RSA_KEY), &BOTH), Err(JwsError::Signature));
}

#[test]
fn an_algorithm_that_is_not_allowed_is_refused() {
    let refused = verify(RFC_ES256, &set(RFC_EC_KEY), &[Algorithm::Rs256]);
    assert_eq!(refused, Err(JwsError::Algorithm));
}

#[test]
fn both_kinds_of_keys_sign_what_they_verify() {
    let rsa = SigningKey::from(RsaKey::generate().unwrap());
    let ec = SigningKey::from(EcKey::generate().unwrap());
    let keys = VerificationKeys::new([rsa.public().clone(), ec.public().clone()]);
    for key in [rsa, ec] {
        for kid in [Kid::Named, Kid::Omitted] {
            let token = sign(&key, Some("JWT"), kid, &json!({"a": 1})).unwrap();
            let verified = verify(&token, &keys, &BOTH).unwrap();
            assert_eq!(verified.payload, br#"{"a":1}"#);
            assert_eq!(verified.header.typ.as_deref(), Some("JWT"));
            assert_eq!(verified.header.kid.is_some(), kid == Kid::Named);
        }
    }
}

#[test]
fn a_header_without_extras_has_only_the_algorithm() {
    let key = SigningKey::from(EcKey::generate().unwrap());
    let token = sign(&key, None, Kid::Omitted, &json!({})).unwrap();
    assert!(token.starts_with(&base64url(r#"{"alg":"ES256"}"#)));
}

#[test]
fn unsigned_and_symmetric_tokens_are_refused() {
    let (_, keys, _) = signed();
    for alg in ["none", "None", "", "HS256", "HS512", "RS512", "ES384", "EdDSA"] {
        let hostile = token(&json!({ "alg": alg }).to_string(), "{}", b"x");
        assert_eq!(verify(&hostile, &keys, &BOTH), Err(JwsError::Algorithm), "{alg}");
    }
}

#[test]
fn a_public_key_does_not_serve_as_a_shared_secret() {
    let key = RsaKey::generate().unwrap();
    let signed = signing_input(&Header::new("HS256", None, None).encoded(), &json!({})).unwrap();
    let pem = key.public().to_pem().unwrap();
    let code = crate::hmac_sha256(pem.as_bytes(), signed.as_bytes());
    let hostile = format!("{signed}.{}", base64url(code));
    let keys = VerificationKeys::new([key.public().clone()]);
    assert_eq!(verify(&hostile, &keys, &BOTH), Err(JwsError::Algorithm));
}

#[test]
fn keys_offered_by_the_token_itself_are_ignored() {
    let (attacker, _, _) = signed();
    let (_, keys, _) = signed();
    let header = json!({"alg": "ES256", "jwk": attacker.public().jwk()}).to_string();
    let input = format!("{}.{}", base64url(header), base64url("{}"));
    let signature = attacker.sign_sha256(input.as_bytes()).unwrap();
    let hostile = format!("{input}.{}", base64url(signature));
    assert_eq!(verify(&hostile, &keys, &BOTH), Err(JwsError::Signature));
}

#[test]
fn critical_extensions_are_refused() {
    let (_, keys, _) = signed();
    for crit in [json!(["b64"]), json!([])] {
        let hostile = token(&json!({"alg": "ES256", "crit": crit}).to_string(), "{}", b"x");
        assert_eq!(verify(&hostile, &keys, &BOTH), Err(JwsError::Critical));
    }
}

#[test]
fn anything_but_three_clean_parts_is_malformed() {
    let (_, keys, good) = signed();
    let padded = format!("{good}=");
    let dotted = format!("{good}.");
    let spaced = format!(" {good}");
    let doubled = token(r#"{"alg":"none","alg":"ES256"}"#, "{}", b"x");
    let listed = token(r#"["ES256"]"#, "{}", b"x");
    for hostile in ["", ".", "..", "a.b", &padded, &dotted, &spaced, &doubled, &listed] {
        assert_eq!(verify(hostile, &keys, &BOTH), Err(JwsError::Malformed), "{hostile}");
    }
}

#[test]
fn an_endless_token_is_not_looked_at() {
    let (_, keys, _) = signed();
    assert_eq!(verify(&"a".repeat(TOKEN_BYTES_MAX + 1), &keys, &BOTH), Err(JwsError::TooLong));
}

#[test]
fn a_named_key_is_not_replaced_by_another() {
    let (key, _, _) = signed();
    let renamed = Jwk { kid: Some("other".to_owned()), ..key.public().jwk().clone() };
    let keys = VerificationKeys::new([VerificationKey::from_jwk(&renamed).unwrap()]);
    let named = sign(&key, None, Kid::Named, &json!({})).unwrap();
    let nameless = sign(&key, None, Kid::Omitted, &json!({})).unwrap();
    assert_eq!(verify(&named, &keys, &BOTH), Err(JwsError::Signature));
    assert!(verify(&nameless, &keys, &BOTH).is_ok());
}

proptest! {
    #[test]
    fn no_altered_token_verifies(position: usize, byte in prop::char::range('!', '~')) {
        let keys = set(RFC_EC_KEY);
        let mut altered: Vec<char> = RFC_ES256.chars().collect();
        let position = position % altered.len();
        prop_assume!(altered[position] != byte);
        altered[position] = byte;
        let altered: String = altered.into_iter().collect();
        prop_assert!(verify(&altered, &keys, &BOTH).is_err());
    }

    #[test]
    fn no_text_makes_it_panic(text in "\\PC*") {
        prop_assert!(verify(&text, &set(RFC_EC_KEY), &BOTH).is_err());
    }
}
