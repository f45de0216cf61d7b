//! A registered client and where its kind is kept.

use async_trait::async_trait;
use usher_core::{ClientId, SoftwareId, StoreError, Timestamp};

/// One pair of credentials (`dcr` §2): usually one installation of an application.
///
/// Scopes and grants are those of the application, which never change without its clients.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Client {
    /// What it calls itself.
    pub id: ClientId,
    /// The registered application it is an instance of.
    pub software: SoftwareId,
    /// SHA-256 of its secret. The secret has 122 random bits, so no slower hash is needed (SEC-1).
    pub secret_digest: [u8; 32],
    /// When it was registered.
    pub issued_at: Timestamp,
    /// Where users may be sent after signing in.
    pub redirect_uris: Vec<String>,
    /// Since when it is no longer accepted.
    pub revoked_at: Option<Timestamp>,
}

/// The registered clients.
#[async_trait]
pub trait ClientStore: Send + Sync + 'static {
    /// Keeps `client`, and returns once it would survive a crash.
    ///
    /// An id that is already taken is a [`StoreError::Conflict`] and changes nothing.
    async fn add(&self, client: &Client) -> Result<(), StoreError>;

    /// The client `id`, revoked or not.
    async fn find(&self, id: &ClientId) -> Result<Option<Client>, StoreError>;

    /// Marks the client `id` as revoked at `now`, and returns once that would survive a crash.
    ///
    /// Repeating it keeps the first instant. Answers whether there is such a client.
    async fn revoke(&self, id: &ClientId, now: Timestamp) -> Result<bool, StoreError>;
}
