//! Bearer tokens become callers (`dcr` §8).

use std::sync::Arc;

use usher_core::{ClientId, ServiceProviderId, StoreError, Timestamp};
use usher_jose::{Algorithm, jws, sha256};
use usher_registry::{RegisteredApplication, Scope, Snapshot, Status};

use crate::clients::{Clients, SKEW};
use crate::token::Claims;

/// A proven caller, with the revision of the registry under which it was proven.
///
/// A request works with this one revision from start to end.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The client: owner of the profiles and sessions it creates.
    pub client: ClientId,
    /// The registered application the client is an instance of; in use.
    pub application: Arc<RegisteredApplication>,
    /// The registry as of this request.
    pub snapshot: Arc<Snapshot>,
    /// The scopes in the token, separated by commas.
    scopes: Arc<str>,
}

/// Why a token does not prove anybody.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BearerError {
    /// There is no bearer token.
    #[error("no access token was sent")]
    Missing,
    /// Not one of our tokens: damaged, forged or of another issuer.
    #[error("the access token is not valid here")]
    Invalid,
    /// Authentic, but only valid later.
    #[error("the access token is not valid yet")]
    NotYetValid,
    /// Authentic, but no longer valid: a new token helps, a new registration does not.
    #[error("the access token has expired")]
    Expired,
    /// Its client is unknown or was revoked.
    #[error("the client of the access token is unknown or revoked")]
    Client,
    /// Its application is gone, revoked or disabled.
    #[error("the application of the access token is not approved")]
    Application,
    /// It lacks the scope that this API needs.
    #[error("the access token lacks the scope `{}`", .0.as_str())]
    Scope(Scope),
    /// The client could not be looked up.
    #[error("the client store could not answer")]
    Store(#[from] StoreError),
}

impl Caller {
    /// Whether the token carries `scope` and the application still has it.
    pub fn has_scope(&self, scope: Scope) -> bool {
        self.application.scopes.contains(&scope)
            && self.scopes.split(',').any(|carried| carried == scope.as_str())
    }

    /// The caller again, if [`Caller::has_scope`]; step 5 of `dcr` §8.
    pub fn with_scope(self, scope: Scope) -> Result<Self, BearerError> {
        if self.has_scope(scope) { Ok(self) } else { Err(BearerError::Scope(scope)) }
    }

    /// Whether the application acts for this channel; step 6 of `dcr` §8.
    pub fn may_use(&self, service_provider: &ServiceProviderId) -> bool {
        self.snapshot.is_assigned(&self.application, service_provider)
    }
}

/// What a token says, its signature and issuer checked.
#[derive(Debug)]
pub(crate) struct VerifiedToken {
    client: ClientId,
    not_before: Timestamp,
    expires_at: Timestamp,
    scopes: Arc<str>,
}

impl VerifiedToken {
    /// Whether `now` is within its life; step 2 of `dcr` §8.
    fn check_times(&self, now: Timestamp) -> Result<(), BearerError> {
        if self.not_before > now + SKEW {
            Err(BearerError::NotYetValid)
        } else if self.expires_at <= now {
            Err(BearerError::Expired)
        } else {
            Ok(())
        }
    }
}

impl Clients {
    /// The caller that `token` proves; steps 1 to 4 of `dcr` §8, in that order.
    ///
    /// Signatures are remembered (bounded, by the token's SHA-256), states are not: client and
    /// application are looked up every time. A token seen before costs no SQL and no RSA.
    pub async fn authenticate(&self, token: Option<&str>) -> Result<Caller, BearerError> {
        let token = self.verified(token.ok_or(BearerError::Missing)?)?;
        token.check_times(self.clock.now())?;
        let client = self
            .client(&token.client)
            .await?
            .filter(|client| client.revoked_at.is_none())
            .ok_or(BearerError::Client)?;
        let snapshot = self.registry.snapshot();
        let application = snapshot
            .application(&client.software)
            .filter(|application| application.status == Status::Active)
            .map(Arc::clone)
            .ok_or(BearerError::Application)?;
        Ok(Caller {
            client: token.client.clone(),
            application,
            snapshot,
            scopes: Arc::clone(&token.scopes),
        })
    }

    /// Step 1 of `dcr` §8. Only authentic tokens are remembered, so strangers cannot evict them.
    fn verified(&self, token: &str) -> Result<Arc<VerifiedToken>, BearerError> {
        let digest = sha256(token.as_bytes());
        if let Some(known) = self.verified_tokens.get(&digest) {
            return Ok(known);
        }
        let verified = jws::verify(token, &self.token_keys, &[Algorithm::Rs256])
            .map_err(|_| BearerError::Invalid)?;
        let claims: Claims = verified.claims().map_err(|_| BearerError::Invalid)?;
        if claims.iss != self.issuer {
            return Err(BearerError::Invalid);
        }
        let token = Arc::new(VerifiedToken {
            client: claims.sub,
            not_before: Timestamp::from_secs(claims.nbf),
            expires_at: Timestamp::from_secs(claims.exp),
            scopes: claims.scopes.into(),
        });
        self.verified_tokens.insert(digest, Arc::clone(&token));
        Ok(token)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_lives_from_nbf_less_a_minute_until_just_before_exp() {
        let token = VerifiedToken {
            client: "me".into(),
            not_before: Timestamp::from_secs(1000),
            expires_at: Timestamp::from_secs(2000),
            scopes: "".into(),
        };
        let at = |millis| token.check_times(Timestamp::from_millis(millis));
        assert_eq!(at(939_999), Err(BearerError::NotYetValid));
        assert_eq!(at(940_000), Ok(()));
        assert_eq!(at(1_999_999), Ok(()));
        assert_eq!(at(2_000_000), Err(BearerError::Expired));
    }
}
