//! Assertions of providers that were accepted.

use async_trait::async_trait;
use usher_core::{StoreError, Timestamp};
use usher_entitle::UsedAssertions;

use crate::Database;
use crate::row::store_error;

/// [`UsedAssertions`] on a [`Database`].
#[derive(Clone, Debug)]
pub struct SqlAssertions(Database);

impl SqlAssertions {
    /// The assertions in `database`.
    pub const fn new(database: Database) -> Self {
        Self(database)
    }
}

const USE_ONCE: &str = "
    INSERT INTO used_assertion (issuer, id, not_after) VALUES ($1, $2, $3)
    ON CONFLICT (issuer, id) DO NOTHING";

#[async_trait]
impl UsedAssertions for SqlAssertions {
    async fn use_once(
        &self,
        issuer: &str,
        id: &str,
        not_after: Timestamp,
    ) -> Result<bool, StoreError> {
        let used = sqlx::query(USE_ONCE)
            .bind(issuer)
            .bind(id)
            .bind(not_after.as_millis())
            .execute(self.0.writer())
            .await;
        Ok(used.map_err(store_error)?.rows_affected() > 0)
    }

    async fn sweep(&self, now: Timestamp) -> Result<u64, StoreError> {
        let swept = sqlx::query("DELETE FROM used_assertion WHERE not_after < $1")
            .bind(now.as_millis())
            .execute(self.0.writer())
            .await;
        Ok(swept.map_err(store_error)?.rows_affected())
    }
}
