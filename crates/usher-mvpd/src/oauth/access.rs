//! Access tokens for authorization calls: fresh ones, one refresh at a time (`mvpd` O1–O4).
//!
//! Access tokens live here until they expire, in memory; the refresh token is kept with the profile. A
//! provider that rotates its refresh tokens breaks the contract (O1): the log says so, and the newer one
//! is handed back to be kept in place of the old one.

use std::time::Duration;

use moka::future::Cache;
use moka::ops::compute::Op;
use usher_core::{Secret, Timestamp};
use usher_jose::sha256;

use super::token::{self, Grant, TokenEndpoint, TokenError, Tokens};
use crate::credentials::OAuthCredentials;
use crate::peer::{PeerError, Peers};

/// Access tokens in memory, the most recently used ones.
const TOKENS_MAX: u64 = 100_000;
/// A token with less time left is not used (`mvpd` O3).
const MARGIN: Duration = Duration::from_secs(30);

/// Why there is no access token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AccessError {
    /// The provider no longer honours the refresh token.
    SessionOver,
    /// It could not be asked.
    Peer(PeerError),
}

/// An access token got by refreshing.
#[derive(Clone)]
struct Access {
    token: Secret<String>,
    expires_at: Option<Timestamp>,
    refresh_token: Secret<String>,
}

/// Access tokens got by refreshing, by the digest of the refresh token they came from.
pub(crate) struct AccessTokens(Cache<[u8; 32], Access>);

impl Default for AccessTokens {
    fn default() -> Self {
        Self(Cache::new(TOKENS_MAX))
    }
}

impl AccessTokens {
    /// A token with at least 30 s left: the one of the sign-in, else a refreshed one. Calls with the
    /// same credentials wait for each other's refresh. Nothing when the provider gave no way to get one.
    pub(crate) async fn live(
        &self,
        peers: &Peers,
        provider: &TokenEndpoint<'_>,
        credentials: &OAuthCredentials,
        now: Timestamp,
    ) -> Result<Option<Live>, AccessError> {
        let first = || Live { token: Secret::new(credentials.access_token.clone()), renewed: None };
        if is_live(credentials.access_expires_at, now) {
            return Ok(Some(first()));
        }
        let Some(original) = &credentials.refresh_token else {
            // Without a known end the token may still be good; only the provider can tell.
            return Ok(credentials.access_expires_at.is_none().then(first));
        };
        let renewal = |known: Option<moka::Entry<_, Access>>| async move {
            let known = known.map(moka::Entry::into_value);
            if known.as_ref().is_some_and(|known| is_live(known.expires_at, now)) {
                return Ok(Op::Nop);
            }
            let token = known.map_or_else(|| Secret::new(original.clone()), |it| it.refresh_token);
            let grant = Grant::Refresh(token.expose());
            let tokens = token::request(peers, provider, &grant).await?;
            Ok(Op::Put(Access::new(tokens, token, provider, now)))
        };
        let key = sha256(format!("{}\0{original}", provider.client.id).as_bytes());
        let entry = self.0.entry(key).and_try_compute_with(renewal).await.map_err(refused)?;
        Ok(entry.into_entry().map(|entry| {
            let access = entry.into_value();
            let rotated = access.refresh_token.expose() != original;
            Live { renewed: rotated.then(|| access.renewing(credentials)), token: access.token }
        }))
    }
}

/// A token that can be used.
pub(crate) struct Live {
    pub(crate) token: Secret<String>,
    /// What to keep from now on, if the provider wants another refresh token to be used.
    pub(crate) renewed: Option<OAuthCredentials>,
}

impl Access {
    fn new(
        tokens: Tokens,
        used: Secret<String>,
        provider: &TokenEndpoint<'_>,
        now: Timestamp,
    ) -> Self {
        let expires_at = tokens.lifetime().map(|lifetime| now + lifetime);
        let newer = tokens.refresh_token.filter(|newer| newer != used.expose());
        if newer.is_some() {
            let provider = provider.url.host_str().unwrap_or_default();
            tracing::warn!(provider, "the provider rotates refresh tokens (mvpd O1)");
        }
        let refresh_token = newer.filter(|_| provider.accept_rotation).map_or(used, Secret::new);
        Self { token: Secret::new(tokens.access_token), expires_at, refresh_token }
    }

    /// `credentials` as they are after the refresh.
    fn renewing(&self, credentials: &OAuthCredentials) -> OAuthCredentials {
        OAuthCredentials {
            access_token: self.token.expose().clone(),
            access_expires_at: self.expires_at,
            refresh_token: Some(self.refresh_token.expose().clone()),
            ..credentials.clone()
        }
    }
}

fn is_live(expires_at: Option<Timestamp>, now: Timestamp) -> bool {
    expires_at.is_some_and(|end| end.since(now) > MARGIN)
}

fn refused(error: TokenError) -> AccessError {
    match error {
        TokenError::Refused(code) if code == "invalid_grant" => AccessError::SessionOver,
        // Anything else is about us as a client, not about the viewer.
        TokenError::Refused(_) => AccessError::Peer(PeerError::Broken),
        TokenError::Peer(error) => AccessError::Peer(error),
    }
}
