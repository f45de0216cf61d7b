//! The service: what it is made of, and the lookups its operations share.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use quick_cache::sync::Cache;
use usher_core::{ClientId, Clock, Entropy, SoftwareId, StoreError, Timestamp};
use usher_jose::{KeyError, Signer, SigningKey, VerificationKey, VerificationKeys};
use usher_registry::Registry;

use crate::bearer::VerifiedToken;
use crate::client::{Client, ClientStore};
use crate::statement;

/// Tokens whose signature is remembered. One takes about 400 bytes: 20 MB when full.
const TOKENS_MAX: usize = 50_000;

/// Clients that are remembered. One takes about 400 bytes: 20 MB when full.
const CLIENTS_MAX: usize = 50_000;

/// How long a remembered client is believed. Revoking it *here* is seen at once; this bounds how long
/// a revocation by another process goes unnoticed (`dcr` §10: one minute).
const CLIENT_BELIEVED: Duration = Duration::from_secs(30);

/// How far the start of a statement or token may lie ahead of our clock (`dcr` SS-5, §8).
pub(crate) const SKEW: Duration = Duration::from_mins(1);

/// What distinguishes one deployment's [`Clients`] from another's.
#[derive(Debug)]
pub struct ClientsConfig {
    /// `iss` of statements and tokens.
    pub issuer: String,
    /// Further issuers whose statements are accepted, as long as they verify with our keys.
    pub accepted_issuers: Vec<String>,
    /// Lifetime of access tokens.
    pub access_token_ttl: Duration,
    /// Signs software statements (RSA). Never the same key as the next (SEC-3).
    pub statement_key: Arc<SigningKey>,
    /// Signs access tokens (RSA).
    pub token_signer: Signer,
    /// Earlier statement keys: statements do not expire, so neither do these (SS-6).
    pub former_statement_keys: Vec<VerificationKey>,
    /// Earlier token keys, needed until the last token they signed has expired.
    pub former_token_keys: Vec<VerificationKey>,
}

/// Registers clients, issues tokens and proves callers.
pub struct Clients {
    pub(crate) issuer: String,
    accepted_issuers: Vec<String>,
    pub(crate) access_token_ttl: Duration,
    statement_key: Arc<SigningKey>,
    pub(crate) statement_keys: VerificationKeys,
    pub(crate) token_signer: Signer,
    pub(crate) token_keys: VerificationKeys,
    pub(crate) store: Arc<dyn ClientStore>,
    pub(crate) registry: Arc<Registry>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Arc<dyn Entropy>,
    pub(crate) verified_tokens: Cache<[u8; 32], Arc<VerifiedToken>>,
    known: Cache<ClientId, Known>,
}

/// A client as it was found at a moment.
#[derive(Clone)]
struct Known {
    at: Timestamp,
    client: Arc<Client>,
}

impl Clients {
    /// The service over `store` and `registry`.
    pub fn new(
        config: ClientsConfig,
        store: Arc<dyn ClientStore>,
        registry: Arc<Registry>,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
    ) -> Self {
        let statement_key = config.statement_key.public().clone();
        let token_key = config.token_signer.public().clone();
        Self {
            issuer: config.issuer,
            accepted_issuers: config.accepted_issuers,
            access_token_ttl: config.access_token_ttl,
            statement_key: config.statement_key,
            statement_keys: newest_first(statement_key, config.former_statement_keys),
            token_signer: config.token_signer,
            token_keys: newest_first(token_key, config.former_token_keys),
            store,
            registry,
            clock,
            entropy,
            verified_tokens: Cache::new(TOKENS_MAX),
            known: Cache::new(CLIENTS_MAX),
        }
    }

    /// A software statement for `software`, valid until the application is revoked.
    pub fn mint_statement(&self, software: &SoftwareId) -> Result<String, KeyError> {
        statement::mint(&self.statement_key, &self.issuer, software, self.clock.now())
    }

    /// Revokes the client `id`: its tokens and credentials are refused from now on.
    ///
    /// Answers whether there is such a client.
    pub async fn revoke(&self, id: &ClientId) -> Result<bool, StoreError> {
        let now = self.clock.now();
        let known = self.store.revoke(id, now).await?;
        if let Some(client) = self.store.find(id).await? {
            self.known.insert(id.clone(), Known { at: now, client: Arc::new(client) });
        }
        Ok(known)
    }

    /// The public keys that access tokens verify with, the current one first.
    pub const fn token_keys(&self) -> &VerificationKeys {
        &self.token_keys
    }

    pub(crate) fn accepts_statement_issuer(&self, issuer: &str) -> bool {
        issuer == self.issuer || self.accepted_issuers.iter().any(|accepted| accepted == issuer)
    }

    /// The client `id`, from memory when it is there. Absence is not remembered.
    pub(crate) async fn client(&self, id: &ClientId) -> Result<Option<Arc<Client>>, StoreError> {
        let now = self.clock.now();
        let is_believed = |known: &Known| known.at.is_recent(CLIENT_BELIEVED, now);
        if let Some(known) = self.known.get(id).filter(is_believed) {
            return Ok(Some(known.client));
        }
        self.known.remove_if(id, |known| !is_believed(known));
        let Some(client) = self.store.find(id).await? else { return Ok(None) };
        let found = Known { at: now, client: Arc::new(client) };
        // Not `insert`: a revocation since `find` has left a newer record here, which must stay.
        let Ok(known) = self.known.get_or_insert_with(id, || Ok::<_, Infallible>(found));
        Ok(Some(known.client))
    }
}

fn newest_first(current: VerificationKey, former: Vec<VerificationKey>) -> VerificationKeys {
    std::iter::once(current).chain(former).collect()
}
