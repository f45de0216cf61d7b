//! Public keys as JSON Web Keys (RFC 7517), and sets of them to verify with.
//!
//! Reading is tolerant towards keys of kinds not known here, which are left out, and strict towards
//! those that are. Private members are never read and never written.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::encoding::AsDer as _;
use aws_lc_rs::rsa::{PublicKey as RsaPublicKey, PublicKeyComponents};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256};
use serde::{Deserialize, Serialize};

use crate::digest::sha256;
use crate::encoding::{base64url, base64url_decode};
use crate::encryption::EncryptionKey;
use crate::jws::Algorithm;
use crate::key::KeyError;

/// One public key in JSON form.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Jwk {
    /// `RSA` or `EC`; other kinds are not used here.
    pub kty: String,
    /// The name tokens give to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kid: Option<String>,
    /// The only algorithm it may be used with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alg: Option<String>,
    /// `sig` or `enc`.
    #[serde(default, rename = "use", skip_serializing_if = "Option::is_none")]
    pub usage: Option<String>,
    /// RSA: the modulus.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub n: Option<String>,
    /// RSA: the exponent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub e: Option<String>,
    /// EC: the curve.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub crv: Option<String>,
    /// EC: the x coordinate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub x: Option<String>,
    /// EC: the y coordinate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub y: Option<String>,
}

impl Jwk {
    /// The RSA key with this modulus and exponent (big endian, no leading zeros), for RS256.
    pub(crate) fn rsa(modulus: &[u8], exponent: &[u8]) -> Self {
        let (n, e) = (base64url(modulus), base64url(exponent));
        // RFC 7638 §3.2: the required members in lexicographic order, no white space.
        let kid = base64url(sha256(format!(r#"{{"e":"{e}","kty":"RSA","n":"{n}"}}"#).as_bytes()));
        Self { n: Some(n), e: Some(e), ..Self::named("RSA", kid, Algorithm::Rs256) }
    }

    /// The P-256 key at this uncompressed point (`04 ‖ x ‖ y`), for ES256.
    pub(crate) fn p256(point: &[u8]) -> Option<Self> {
        let (x, y) = point.strip_prefix(&[4])?.split_at_checked(32)?;
        let (x, y) = (base64url(x), base64url(y));
        let kid = base64url(sha256(
            format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#).as_bytes(),
        ));
        Some(Self {
            crv: Some("P-256".to_owned()),
            x: Some(x),
            y: Some(y),
            ..Self::named("EC", kid, Algorithm::Es256)
        })
    }

    fn named(kty: &str, kid: String, algorithm: Algorithm) -> Self {
        Self {
            kty: kty.to_owned(),
            kid: Some(kid),
            alg: Some(algorithm.name().to_owned()),
            usage: Some("sig".to_owned()),
            n: None,
            e: None,
            crv: None,
            x: None,
            y: None,
        }
    }

    /// Whether its owner lets it verify signatures by `algorithm`.
    fn permits(&self, algorithm: Algorithm) -> bool {
        self.usage.as_deref().is_none_or(|usage| usage == "sig")
            && self.alg.as_deref().is_none_or(|alg| alg == algorithm.name())
    }
}

/// A set of public keys in JSON form (RFC 7517 §5).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Jwks {
    /// The keys, in no particular order.
    pub keys: Vec<serde_json::Value>,
}

impl Jwks {
    /// The JSON form of `keys`.
    pub fn of<'k>(keys: impl IntoIterator<Item = &'k VerificationKey>) -> Self {
        let keys = keys.into_iter().filter_map(|key| serde_json::to_value(key.jwk()).ok());
        Self { keys: keys.collect() }
    }
}

/// A public key ready to verify with. Cheap to clone.
#[derive(Clone)]
pub struct VerificationKey {
    jwk: Arc<Jwk>,
    algorithm: Algorithm,
    parsed: Arc<ParsedPublicKey>,
}

impl VerificationKey {
    /// The key that `jwk` describes: RSA of 2048 to 8192 bits, or P-256.
    pub fn from_jwk(jwk: &Jwk) -> Result<Self, KeyError> {
        let (algorithm, parsed) = match jwk.kty.as_str() {
            "RSA" => (Algorithm::Rs256, parse_rsa(jwk)?),
            "EC" => (Algorithm::Es256, parse_p256(jwk)?),
            _ => return Err(KeyError::Rejected),
        };
        if !jwk.permits(algorithm) {
            return Err(KeyError::Rejected);
        }
        Ok(Self { jwk: Arc::new(jwk.clone()), algorithm, parsed: Arc::new(parsed) })
    }

    /// The key in this DER `SubjectPublicKeyInfo` (as in a certificate).
    pub fn from_spki_der(der: &[u8]) -> Result<Self, KeyError> {
        if let Ok(rsa) = RsaPublicKey::from_der(der) {
            return Self::from_jwk(&Jwk::rsa(
                rsa.modulus().big_endian_without_leading_zero(),
                rsa.exponent().big_endian_without_leading_zero(),
            ));
        }
        // The point is the last member of the structure: 04 ‖ x ‖ y. Parsing it again as a point on
        // P-256 refuses every other curve.
        let parsed =
            ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, der).map_err(|_| KeyError::Rejected)?;
        let spki = parsed.as_der().map_err(|_| KeyError::Rejected)?;
        let point = spki.as_ref().last_chunk::<65>().ok_or(KeyError::Rejected)?;
        Self::from_jwk(&Jwk::p256(point).ok_or(KeyError::Rejected)?)
    }

    /// The key in this PEM text: a `PUBLIC KEY` or a `CERTIFICATE`.
    pub fn from_pem(text: &str) -> Result<Self, KeyError> {
        let block = pem::parse(text).map_err(|_| KeyError::Pem)?;
        match block.tag() {
            "PUBLIC KEY" => Self::from_spki_der(block.contents()),
            "CERTIFICATE" => crate::Certificate::from_pem(text)
                .map_err(|_| KeyError::Rejected)?
                .verification_key(),
            _ => Err(KeyError::Pem),
        }
    }

    /// Whether `signature` (JWS form) is this key's over SHA-256 of `message`.
    pub fn verify_sha256(&self, message: &[u8], signature: &[u8]) -> bool {
        self.parsed.verify_sig(message, signature).is_ok()
    }

    /// The algorithm of its signatures.
    pub const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// Its name; empty when whoever published it gave none.
    pub fn kid(&self) -> &str {
        self.jwk.kid.as_deref().unwrap_or_default()
    }

    /// Its JSON form.
    pub fn jwk(&self) -> &Jwk {
        &self.jwk
    }

    /// The same key as PEM (`PUBLIC KEY`).
    pub fn to_pem(&self) -> Result<String, KeyError> {
        let der = self.parsed.as_der().map_err(|_| KeyError::Rejected)?;
        Ok(crate::key::unix_pem("PUBLIC KEY", der.as_ref()))
    }

    /// The same key for encrypting to its owner (RSA only).
    pub fn encryption_key(&self) -> Result<EncryptionKey, KeyError> {
        let der = self.parsed.as_der().map_err(|_| KeyError::Rejected)?;
        EncryptionKey::from_spki_der(der.as_ref())
    }
}

impl fmt::Debug for VerificationKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "VerificationKey({} {})", self.algorithm.name(), self.kid())
    }
}

/// The keys a token may be signed by, at most [`VerificationKeys::COUNT_MAX`].
#[derive(Clone, Debug, Default)]
pub struct VerificationKeys(Vec<VerificationKey>);

impl VerificationKeys {
    /// More keys than this in one set are ignored: trying keys costs time.
    pub const COUNT_MAX: usize = 32;

    /// These keys.
    pub fn new(keys: impl IntoIterator<Item = VerificationKey>) -> Self {
        Self(keys.into_iter().take(Self::COUNT_MAX).collect())
    }

    /// The usable keys of a JWKS document; keys of other kinds are left out.
    pub fn from_jwks(jwks: &Jwks) -> Self {
        Self::new(
            jwks.keys
                .iter()
                .filter_map(|key| Jwk::deserialize(key).ok())
                .filter_map(|jwk| VerificationKey::from_jwk(&jwk).ok()),
        )
    }

    /// The usable keys of a JWKS document in JSON.
    pub fn from_json(json: &[u8]) -> Result<Self, serde_json::Error> {
        serde_json::from_slice(json).map(|jwks: Jwks| Self::from_jwks(&jwks))
    }

    /// All keys.
    pub fn iter(&self) -> impl Iterator<Item = &VerificationKey> {
        self.0.iter()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The keys that may have made a signature by `algorithm` under the name `kid`.
    ///
    /// A name selects its keys and the nameless ones; without a name every key is tried.
    pub(crate) fn candidates<'k>(
        &'k self,
        algorithm: Algorithm,
        kid: Option<&'k str>,
    ) -> impl Iterator<Item = &'k VerificationKey> {
        self.0.iter().filter(move |key| {
            key.algorithm == algorithm
                && kid.is_none_or(|kid| key.kid().is_empty() || key.kid() == kid)
        })
    }
}

impl FromIterator<VerificationKey> for VerificationKeys {
    fn from_iter<I: IntoIterator<Item = VerificationKey>>(keys: I) -> Self {
        Self::new(keys)
    }
}

fn parse_rsa(jwk: &Jwk) -> Result<ParsedPublicKey, KeyError> {
    let n = member(jwk.n.as_deref())?;
    let e = member(jwk.e.as_deref())?;
    // The library would notice a small modulus only when it verifies.
    if !(256..=1024).contains(&n.len()) {
        return Err(KeyError::Rejected);
    }
    PublicKeyComponents { n, e }
        .to_parsed_public_key(&RSA_PKCS1_2048_8192_SHA256)
        .map_err(|_| KeyError::Rejected)
}

fn parse_p256(jwk: &Jwk) -> Result<ParsedPublicKey, KeyError> {
    let (x, y) = (member(jwk.x.as_deref())?, member(jwk.y.as_deref())?);
    if jwk.crv.as_deref() != Some("P-256") || x.len() != 32 || y.len() != 32 {
        return Err(KeyError::Rejected);
    }
    let point = [&[4], x.as_slice(), y.as_slice()].concat();
    ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).map_err(|_| KeyError::Rejected)
}

fn member(text: Option<&str>) -> Result<Vec<u8>, KeyError> {
    text.and_then(base64url_decode).ok_or(KeyError::Rejected)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::{EcKey, RsaKey};

    #[test]
    fn the_thumbprint_is_that_of_rfc_7638() {
        // RFC 7638 §3.1.
        let jwk: Jwk = serde_json::from_str(
            r#"{"kty":"RSA","n":"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw","e":"AQAB","alg":"RS256","kid":"2011-04-29"}"#,
        )
        .unwrap();
        let key = VerificationKey::from_jwk(&jwk).unwrap();
        let again = VerificationKey::from_pem(&key.to_pem().unwrap()).unwrap();
        assert_eq!(again.kid(), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
    }

    #[test]
    fn a_published_set_reads_back() {
        let (rsa, ec) = (RsaKey::generate().unwrap(), EcKey::generate().unwrap());
        let json = serde_json::to_vec(&Jwks::of([rsa.public(), ec.public()])).unwrap();
        let keys = VerificationKeys::from_json(&json).unwrap();
        let names: Vec<_> = keys.iter().map(VerificationKey::kid).collect();
        assert_eq!(names, [rsa.kid(), ec.kid()]);
    }

    #[test]
    fn foreign_and_broken_keys_are_left_out() {
        let ec = EcKey::generate().unwrap();
        let mut encrypting = ec.public().jwk().clone();
        encrypting.usage = Some("enc".to_owned());
        let mut off_curve = ec.public().jwk().clone();
        off_curve.x = off_curve.y.clone();
        let mut other_algorithm = ec.public().jwk().clone();
        other_algorithm.alg = Some("RS256".to_owned());
        let json = serde_json::json!({ "keys": [
            { "kty": "oct", "k": "c2VjcmV0" },
            { "kty": "RSA", "n": "AQAB", "e": "AQAB" },
            { "kty": "OKP", "crv": "Ed25519", "x": "AA" },
            "not even an object",
            encrypting, off_curve, other_algorithm,
        ]});
        assert!(VerificationKeys::from_json(json.to_string().as_bytes()).unwrap().is_empty());
    }

    #[test]
    fn both_kinds_of_keys_survive_pem() {
        let (rsa, ec) = (RsaKey::generate().unwrap(), EcKey::generate().unwrap());
        for key in [rsa.public(), ec.public()] {
            let again = VerificationKey::from_pem(&key.to_pem().unwrap()).unwrap();
            assert_eq!(again.jwk(), key.jwk());
        }
    }
}
