//! Registration: a software statement becomes client credentials (`dcr` §5).

use std::sync::Arc;

use usher_core::{ClientId, EntropyExt as _, Secret, StoreError, Timestamp};
use usher_jose::sha256;
use usher_registry::{RegisteredApplication, Snapshot, Status};

use crate::client::Client;
use crate::clients::Clients;
use crate::redirect::{custom_schemes, permits_redirect};
use crate::statement::{self, StatementError};

/// What an application instance asks for.
#[derive(Clone, Debug)]
pub struct Registration {
    /// The statement it was shipped with.
    pub software_statement: String,
    /// Where users finally land; may be empty.
    pub redirect_uris: Vec<String>,
}

/// Fresh credentials.
#[derive(Clone, Debug)]
pub struct Registered {
    /// The name of the new client, a UUID.
    pub client_id: ClientId,
    /// Its secret, a UUID. Not kept anywhere: it can never be shown again.
    pub client_secret: Secret<String>,
    /// When it was registered.
    pub issued_at: Timestamp,
    /// Where users may be sent: what was asked for, or the application's custom schemes.
    pub redirect_uris: Vec<String>,
    /// The application it is an instance of.
    pub application: Arc<RegisteredApplication>,
}

/// Why nobody was registered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RegisterError {
    /// The statement is not accepted.
    #[error(transparent)]
    Statement(#[from] StatementError),
    /// Users may not be sent there.
    #[error("the redirect URI is not one of the application's")]
    RedirectUri,
    /// The client could not be kept.
    #[error("the client store could not answer")]
    Store(#[from] StoreError),
}

impl Clients {
    /// Registers a new client. Each call makes another one, even for the same statement.
    pub async fn register(&self, ask: Registration) -> Result<Registered, RegisterError> {
        let now = self.clock.now();
        let software = statement::check(
            &ask.software_statement,
            &self.statement_keys,
            |issuer| self.accepts_statement_issuer(issuer),
            now,
        )?;
        let snapshot = self.registry.snapshot();
        let application = snapshot.application(&software).ok_or(StatementError::Invalid)?;
        let redirect_uris = decide(&snapshot, application, ask.redirect_uris)?;

        let secret = self.entropy.uuid().to_string();
        let client = Client {
            id: ClientId::new(self.entropy.uuid().to_string()),
            software,
            secret_digest: sha256(secret.as_bytes()),
            issued_at: now,
            redirect_uris,
            revoked_at: None,
        };
        self.store.add(&client).await?;
        Ok(Registered {
            client_id: client.id,
            client_secret: Secret::new(secret),
            issued_at: now,
            redirect_uris: client.redirect_uris,
            application: Arc::clone(application),
        })
    }
}

/// The redirect URIs of a new client of `application`, which must be in use.
fn decide(
    snapshot: &Snapshot,
    application: &RegisteredApplication,
    wanted: Vec<String>,
) -> Result<Vec<String>, RegisterError> {
    match application.status {
        Status::Active => {}
        Status::Revoked | Status::Disabled => return Err(StatementError::Unapproved.into()),
    }
    if wanted.is_empty() {
        let schemes = custom_schemes(snapshot, application);
        return Ok(schemes.iter().map(|scheme| format!("{scheme}://")).collect());
    }
    if wanted.iter().all(|uri| permits_redirect(snapshot, application, uri)) {
        Ok(wanted)
    } else {
        Err(RegisterError::RedirectUri)
    }
}
