//! The changes log.

use std::net::IpAddr;

use async_trait::async_trait;
use sqlx::any::AnyRow;
use usher_core::{ClientId, StoreError};
use usher_registry::{Change, ChangesLog, RecordedChange};

use crate::Database;
use crate::row::{Record, store_error, to_json};

/// [`ChangesLog`] on a [`Database`].
#[derive(Clone, Debug)]
pub struct SqlChanges(Database);

impl SqlChanges {
    /// The log in `database`.
    pub const fn new(database: Database) -> Self {
        Self(database)
    }
}

const RECORD: &str = "
    INSERT INTO change (number, at, author, description, client, address, properties)
    SELECT COALESCE(MAX(number), 0) + 1, $1, $2, $3, $4, $5, $6 FROM change
    RETURNING number";

const LATEST: &str = "
    SELECT CAST(number AS TEXT) AS id, number, at, author, description, client, address, properties
    FROM change WHERE number < $1 ORDER BY number DESC LIMIT $2";

#[async_trait]
impl ChangesLog for SqlChanges {
    async fn record(&self, change: &Change) -> Result<u64, StoreError> {
        let row = sqlx::query(RECORD)
            .bind(change.at.as_millis())
            .bind(change.author.as_str())
            .bind(change.description.as_str())
            .bind(change.client.as_ref().map(ClientId::as_str))
            .bind(change.address.map(|address| address.to_string()))
            .bind(to_json(&change.properties)?)
            .fetch_one(self.0.writer())
            .await
            .map_err(store_error)?;
        number(&Record::new("change", &row))
    }

    async fn latest(
        &self,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Vec<RecordedChange>, StoreError> {
        let whole = |number| i64::try_from(number).unwrap_or(i64::MAX);
        let rows = sqlx::query(LATEST)
            .bind(before.map_or(i64::MAX, whole))
            .bind(i64::try_from(limit).unwrap_or(i64::MAX))
            .fetch_all(self.0.readers())
            .await;
        rows.map_err(store_error)?.iter().map(recorded).collect()
    }
}

fn number(record: &Record<'_>) -> Result<u64, StoreError> {
    u64::try_from(record.get::<i64>("number")?).map_err(|_| record.corrupt())
}

fn recorded(row: &AnyRow) -> Result<RecordedChange, StoreError> {
    let record = Record::new("change", row);
    let address: Option<String> = record.get("address")?;
    let address: Option<IpAddr> =
        address.map(|text| text.parse().map_err(|_| record.corrupt())).transpose()?;
    let change = Change {
        at: record.instant("at")?,
        author: record.get("author")?,
        description: record.get("description")?,
        client: record.get::<Option<String>>("client")?.map(ClientId::new),
        address,
        properties: record.json("properties")?,
    };
    Ok(RecordedChange { number: number(&record)?, change })
}
