//! Registered clients.

use std::sync::Arc;

use async_trait::async_trait;
use sqlx::any::AnyRow;
use sqlx::{Any, Transaction};
use usher_clients::{Client, ClientStore};
use usher_core::{ClientId, StoreError, Timestamp};

use crate::Database;
use crate::group::Group;
use crate::row::{Record, store_error, to_json};

/// [`ClientStore`] on a [`Database`].
#[derive(Clone, Debug)]
pub struct SqlClients {
    database: Database,
    added: Arc<Group<Client>>,
}

impl SqlClients {
    /// The clients in `database`.
    pub fn new(database: Database) -> Self {
        Self { database, added: Arc::new(Group::new()) }
    }
}

#[async_trait]
impl ClientStore for SqlClients {
    async fn add(&self, client: &Client) -> Result<(), StoreError> {
        let write = |clients: Vec<Client>| {
            let database = self.database.clone();
            async move {
                match insert_all(&database, &clients).await {
                    Ok(outcomes) => outcomes,
                    Err(error) => vec![Err(error); clients.len()],
                }
            }
        };
        self.added.submit(client.clone(), write).await
    }

    async fn find(&self, id: &ClientId) -> Result<Option<Client>, StoreError> {
        sqlx::query(
            "SELECT id, software, secret_digest, issued_at, redirect_uris, revoked_at
             FROM client WHERE id = $1",
        )
        .bind(id.as_str())
        .fetch_optional(self.database.readers())
        .await
        .map_err(store_error)?
        .as_ref()
        .map(client)
        .transpose()
    }

    async fn revoke(&self, id: &ClientId, now: Timestamp) -> Result<bool, StoreError> {
        let done =
            sqlx::query("UPDATE client SET revoked_at = COALESCE(revoked_at, $2) WHERE id = $1")
                .bind(id.as_str())
                .bind(now.as_millis())
                .execute(self.database.writer())
                .await
                .map_err(store_error)?;
        Ok(done.rows_affected() > 0)
    }
}

/// Adds `clients` in one transaction; the outcome of each, or why nothing was written.
async fn insert_all(
    database: &Database,
    clients: &[Client],
) -> Result<Vec<Result<(), StoreError>>, StoreError> {
    let mut transaction = database.writer().begin().await.map_err(store_error)?;
    let mut outcomes = Vec::with_capacity(clients.len());
    for client in clients {
        let added = insert(&mut transaction, client).await?;
        outcomes.push(if added { Ok(()) } else { Err(StoreError::Conflict) });
    }
    transaction.commit().await.map_err(store_error)?;
    Ok(outcomes)
}

/// Adds `client` unless its id is taken. A conflict must not be an error here: it would spoil the
/// transaction for the others.
async fn insert(
    transaction: &mut Transaction<'_, Any>,
    client: &Client,
) -> Result<bool, StoreError> {
    let done = sqlx::query(
        "INSERT INTO client (id, software, secret_digest, issued_at, redirect_uris, revoked_at)
         VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (id) DO NOTHING",
    )
    .bind(client.id.as_str())
    .bind(client.software.as_str())
    .bind(client.secret_digest.as_slice())
    .bind(client.issued_at.as_millis())
    .bind(to_json(&client.redirect_uris)?)
    .bind(client.revoked_at.map(Timestamp::as_millis))
    .execute(&mut **transaction)
    .await
    .map_err(store_error)?;
    Ok(done.rows_affected() > 0)
}

fn client(row: &AnyRow) -> Result<Client, StoreError> {
    let record = Record::new("client", row);
    let secret_digest: Vec<u8> = record.get("secret_digest")?;
    Ok(Client {
        id: ClientId::new(record.get::<String>("id")?),
        software: record.get::<String>("software")?.as_str().into(),
        secret_digest: secret_digest.try_into().map_err(|_| record.corrupt())?,
        issued_at: record.instant("issued_at")?,
        redirect_uris: record.json("redirect_uris")?,
        revoked_at: record.optional_instant("revoked_at")?,
    })
}
