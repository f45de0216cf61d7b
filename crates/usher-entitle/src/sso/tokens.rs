//! Reading single-sign-on tokens: whom they name, if they prove it.
//!
//! Platform tokens are signed by HS256, RS256 or ES256, possibly inside an encrypted one; service tokens
//! by RS256 alone (`pass-rest-v2` §3.6, §3.7). Those of our own service name their media company in `kid`.

use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;
use usher_core::{MediaCompanyId, Secret, Timestamp};
use usher_jose::{
    Algorithm, DecryptionKey, VerificationKey, VerificationKeys, Verified, jws, verify_hs256,
};
use usher_registry::{OWN_SERVICE_TOKEN_ISSUER, PlatformIdentity, ServiceTokenIssuer, Snapshot};

use super::{SsoMethod, SsoSubject};

/// How far a token's start may lie ahead of our clock.
const SKEW: Duration = Duration::from_mins(1);

/// The audience of service tokens, in any case.
const SERVICE_AUDIENCE: &str = "adobe";

/// The longest accepted names.
const NAME_BYTES_MAX: usize = 1_024;

/// Whom a service token names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ServiceSubject {
    /// Somebody known to a registered identity service.
    Registered(SsoSubject),
    /// Somebody known to our own service.
    Own(OwnToken),
}

/// A token of our own service, its signature and issuer checked; when it ends is for the reader to judge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct OwnToken {
    pub(crate) company: MediaCompanyId,
    pub(crate) sub: String,
    pub(crate) not_after: Timestamp,
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    #[serde(default)]
    aud: Option<Value>,
    #[serde(default)]
    nbf: Option<i64>,
    exp: i64,
}

impl Claims {
    fn of(verified: &Verified) -> Option<Self> {
        let claims: Self = verified.claims().ok()?;
        let named = |text: &str| !text.is_empty() && text.len() <= NAME_BYTES_MAX;
        (named(&claims.iss) && named(&claims.sub)).then_some(claims)
    }

    fn are_for(&self, audience: &str) -> bool {
        let is = |it: &Value| it.as_str().is_some_and(|it| it.eq_ignore_ascii_case(audience));
        match &self.aud {
            Some(Value::Array(many)) => many.iter().any(is),
            Some(one) => is(one),
            None => false,
        }
    }

    fn hold_at(&self, now: Timestamp) -> bool {
        now < Timestamp::from_secs(self.exp)
            && self.nbf.is_none_or(|nbf| Timestamp::from_secs(nbf) <= now + SKEW)
    }
}

/// Reads tokens with the keys of the catalog, which are parsed once.
pub(crate) struct TokenReader {
    parsed: moka::sync::Cache<String, VerificationKeys>,
    own: VerificationKeys,
}

impl TokenReader {
    /// `own` are the keys of our own service.
    pub(crate) fn new(own: VerificationKeys) -> Self {
        Self { parsed: moka::sync::Cache::new(1_000), own }
    }

    /// Whom the first good one of these platform tokens names.
    pub(crate) fn platform(
        &self,
        snapshot: &Snapshot,
        tokens: &[Secret<String>],
        now: Timestamp,
    ) -> Option<SsoSubject> {
        tokens.iter().find_map(|token| {
            let subject = self.platform_subject(snapshot, token.expose().trim(), now);
            if subject.is_none() {
                tracing::info!("sso_header_invalid: a platform token proves nothing");
            }
            subject
        })
    }

    fn platform_subject(
        &self,
        snapshot: &Snapshot,
        token: &str,
        now: Timestamp,
    ) -> Option<SsoSubject> {
        // Five parts are an encrypted token (RFC 7516 §3.1); what is inside has to be signed, since
        // anybody can encrypt to a public key.
        let signed = if token.split('.').count() == 5 {
            decrypted(snapshot, token)?
        } else {
            token.to_owned()
        };
        let platform = snapshot.platform_identity(&claimed_issuer(&signed)?)?;
        let claims = Claims::of(&self.verify_platform(platform, &signed)?)?;
        let holds = claims.iss == platform.issuer
            && claims.hold_at(now)
            && platform.audience.as_deref().is_none_or(|audience| claims.are_for(audience));
        holds.then(|| SsoSubject::issued(SsoMethod::Platform, &claims.iss, &claims.sub))
    }

    fn verify_platform(&self, platform: &PlatformIdentity, token: &str) -> Option<Verified> {
        let shared = platform.hs256_secret.as_ref();
        let by_secret = shared.and_then(|secret| verify_hs256(token, secret).ok());
        by_secret.or_else(|| {
            let keys = self.keys(&platform.public_keys, None);
            jws::verify(token, &keys, &[Algorithm::Rs256, Algorithm::Es256]).ok()
        })
    }

    /// Whom a service token names to `company`.
    pub(crate) fn service(
        &self,
        snapshot: &Snapshot,
        company: &MediaCompanyId,
        token: &str,
        now: Timestamp,
    ) -> Option<ServiceSubject> {
        let token = token.trim();
        let issuer = claimed_issuer(token)?;
        if issuer == OWN_SERVICE_TOKEN_ISSUER {
            let own = self.own(token).filter(|own| now < own.not_after && own.company == *company);
            return own.map(ServiceSubject::Own);
        }
        let issuer = snapshot.service_token_issuer(&issuer)?;
        let trusted = issuer.media_companies.contains(company);
        let claims = trusted.then(|| self.verify_service(issuer, token))??;
        (claims.hold_at(now) && claims.are_for(SERVICE_AUDIENCE)).then(|| {
            let subject = SsoSubject::issued(SsoMethod::ServiceToken, &claims.iss, &claims.sub);
            ServiceSubject::Registered(subject)
        })
    }

    fn verify_service(&self, issuer: &ServiceTokenIssuer, token: &str) -> Option<Claims> {
        let keys = self.keys(&issuer.public_keys, issuer.jwks.as_deref());
        let claims = Claims::of(&jws::verify(token, &keys, &[Algorithm::Rs256]).ok()?)?;
        (claims.iss == issuer.issuer).then_some(claims)
    }

    /// A token of our own service, of whatever age.
    pub(crate) fn own(&self, token: &str) -> Option<OwnToken> {
        let (kid, company) = own_names(token)?;
        let key = self.own.iter().find(|key| key.kid() == kid)?.clone();
        let verified = jws::verify_with(token, &key, &[Algorithm::Rs256]).ok()?;
        let claims = Claims::of(&verified)?;
        (claims.iss == OWN_SERVICE_TOKEN_ISSUER).then(|| OwnToken {
            company,
            sub: claims.sub,
            not_after: Timestamp::from_secs(claims.exp),
        })
    }

    fn keys(&self, pems: &[String], jwks: Option<&str>) -> VerificationKeys {
        let of_pems = pems
            .iter()
            .flat_map(|pem| self.parsed(pem, read_pem).iter().cloned().collect::<Vec<_>>());
        let of_jwks = jwks.map(|jwks| self.parsed(jwks, read_jwks)).unwrap_or_default();
        VerificationKeys::new(of_pems.chain(of_jwks.iter().cloned()))
    }

    fn parsed(&self, text: &str, read: fn(&str) -> VerificationKeys) -> VerificationKeys {
        self.parsed.get_with_by_ref(text, || read(text))
    }
}

/// The `kid` of a token of our own service: the key; a number used once, since two devices of a viewer
/// may get tokens in the same second; and the company, for which the token has no claim
/// (`access-variants` T1, T3). It is part of what is signed.
pub(crate) fn own_kid(key: &str, nonce: &str, company: &MediaCompanyId) -> String {
    format!("{key}/{nonce}/{company}")
}

fn own_names(token: &str) -> Option<(String, MediaCompanyId)> {
    let header = jws::unverified_header(token).ok()?;
    let (key, rest) = header.kid.as_deref()?.split_once('/')?;
    let (_nonce, company) = rest.split_once('/')?;
    Some((key.to_owned(), MediaCompanyId::from(company)))
}

fn read_pem(pem: &str) -> VerificationKeys {
    let key = VerificationKey::from_pem(pem);
    key.inspect_err(|error| tracing::error!(%error, "a key of an identity issuer is unusable"))
        .into_iter()
        .collect()
}

fn read_jwks(jwks: &str) -> VerificationKeys {
    let keys = VerificationKeys::from_json(jwks.as_bytes());
    keys.inspect_err(|error| tracing::error!(%error, "keys of an identity issuer are unusable"))
        .unwrap_or_default()
}

/// What is inside an encrypted platform token.
fn decrypted(snapshot: &Snapshot, token: &str) -> Option<String> {
    let keys = snapshot.platform_identities().filter_map(|it| it.decryption_key.as_ref());
    let opened = keys
        .filter_map(|key| DecryptionKey::from_pkcs8_pem(key).ok())
        .find_map(|key| key.decrypt(token).ok())?;
    String::from_utf8(opened).ok()
}

/// The issuer that a token claims, which decides whose keys it is checked with.
fn claimed_issuer(token: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Issuer {
        iss: String,
    }
    jws::unverified_claims::<Issuer>(token).ok().map(|claims| claims.iss)
}
