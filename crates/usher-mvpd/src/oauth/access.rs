//! Access tokens for authorization calls: fresh ones, one refresh at a time (`mvpd` O1–O4).
//!
//! Access tokens live here, in memory, from the sign-in or refresh that they come from until they expire; the
//! refresh token is kept with the profile. Another process, or this one after a restart, refreshes (O2). A
//! provider that rotates its refresh tokens breaks the contract (O1): the log says so, and the newer one
//! is handed back to be kept in place of the old one.

use std::time::Duration;

use moka::future::Cache;
use moka::ops::compute::{CompResult, Op};
use usher_core::{Secret, Timestamp};
use usher_jose::sha256;
use usher_registry::ChosenEndpoints;

use super::token::{self, Grant, TokenEndpoint, TokenError, Tokens};
use crate::credentials::{OAuthCredentials, Token};
use crate::peer::{PeerError, Peers};

/// What tokens in memory take; those that are not used go first.
const BYTES_MAX: u64 = 64 * 1024 * 1024;
/// How long one stays in memory: most are over by then, and who still needs one refreshes.
const KEPT: Duration = Duration::from_hours(24);
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

/// An access token, and what gets the next one.
#[derive(Clone)]
struct Access {
    token: Secret<String>,
    expires_at: Option<Timestamp>,
    refresh_token: Secret<String>,
}

/// Access tokens by the digest of the refresh token that gets them.
pub(super) struct AccessTokens(Cache<Key, Access>);

/// The digest of a client's id and a refresh token of it.
type Key = [u8; 32];

impl Default for AccessTokens {
    fn default() -> Self {
        Self(Cache::builder().max_capacity(BYTES_MAX).weigher(weigh).time_to_live(KEPT).build())
    }
}

impl AccessTokens {
    /// Splits what a sign-in brought: with a refresh token, the access token is remembered here; without
    /// one, it is all that later calls have and must be kept.
    pub(super) async fn remember(
        &self,
        client_id: &str,
        tokens: Tokens,
        endpoints: ChosenEndpoints,
        now: Timestamp,
    ) -> OAuthCredentials {
        let access_expires_at = tokens.lifetime().map(|lifetime| now + lifetime);
        let Tokens { access_token, refresh_token, id_token, .. } = tokens;
        let id_token = id_token.map(Token::from);
        let kept = OAuthCredentials { endpoints, id_token, ..Default::default() };
        let Some(refresh_token) = refresh_token else {
            let access_token = Some(access_token.into());
            return OAuthCredentials { access_token, access_expires_at, ..kept };
        };
        let access = Access {
            token: Secret::new(access_token),
            expires_at: access_expires_at,
            refresh_token: Secret::new(refresh_token.clone()),
        };
        self.0.insert(key(client_id, &refresh_token), access).await;
        OAuthCredentials { refresh_token: Some(refresh_token.into()), ..kept }
    }

    /// Forgets the access token of a sign-in that is over.
    pub(super) async fn forget(&self, client_id: &str, credentials: &OAuthCredentials) {
        if let Some(refresh_token) = &credentials.refresh_token {
            self.0.invalidate(&key(client_id, refresh_token.as_str())).await;
        }
    }

    /// A token with at least 30 s left: the one of the sign-in, else a refreshed one. Calls with the
    /// same credentials wait for each other's refresh. Nothing when the provider gave no way to get one.
    pub(super) async fn live(
        &self,
        peers: &Peers,
        provider: &TokenEndpoint<'_>,
        credentials: &OAuthCredentials,
        now: Timestamp,
    ) -> Result<Option<Live>, AccessError> {
        let kept = credentials.access_token.as_ref().map(Token::as_str);
        let kept = kept.map(|token| Live { token: Secret::new(token.to_owned()), renewed: None });
        if kept.is_some() && is_live(credentials.access_expires_at, now) {
            return Ok(kept);
        }
        let Some(original) = credentials.refresh_token.as_ref().map(Token::as_str) else {
            // Without a known end the token may still be good; only the provider can tell.
            return Ok(kept.filter(|_| credentials.access_expires_at.is_none()));
        };
        let renewal = |known: Option<moka::Entry<_, Access>>| async move {
            let known = known.map(moka::Entry::into_value);
            if known.as_ref().is_some_and(|known| is_live(known.expires_at, now)) {
                return Ok(Op::Nop);
            }
            let token =
                known.map_or_else(|| Secret::new(original.to_owned()), |it| it.refresh_token);
            let grant = Grant::Refresh(token.expose());
            let tokens = token::request(peers, provider, &grant).await?;
            Ok(Op::Put(Access::new(tokens, token, provider, now)))
        };
        let entry = self.0.entry(key(provider.client.id, original));
        let renewed = entry.and_try_compute_with(renewal).await.map_err(refused)?;
        let is_new = !matches!(renewed, CompResult::Unchanged(_));
        let Some(access) = renewed.into_entry().map(moka::Entry::into_value) else {
            return Ok(None);
        };
        let newer = access.refresh_token.expose();
        if newer == original {
            return Ok(Some(Live { token: access.token, renewed: None }));
        }
        if is_new {
            // From now on the profile has the newer refresh token.
            self.0.insert(key(provider.client.id, newer), access.clone()).await;
        }
        Ok(Some(Live { renewed: Some(access.renewing(credentials)), token: access.token }))
    }
}

fn key(client_id: &str, refresh_token: &str) -> Key {
    sha256(format!("{client_id}\0{refresh_token}").as_bytes())
}

fn weigh(_: &Key, access: &Access) -> u32 {
    let texts = access.token.expose().len() + access.refresh_token.expose().len();
    u32::try_from(size_of::<(Key, Access)>() + texts).unwrap_or(u32::MAX)
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
            access_token: None,
            access_expires_at: None,
            refresh_token: Some(self.refresh_token.expose().clone().into()),
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
