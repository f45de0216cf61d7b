//! Sign-ins under way in the frameworks of platforms.

use async_trait::async_trait;
use sqlx::any::AnyRow;
use usher_core::{MvpdId, StoreError, Timestamp};
use usher_entitle::{FrameworkSignIn, FrameworkSignIns, Holder, Profile, Sealed};

use super::{holder, profiles};
use crate::Database;
use crate::row::{Record, store_error};

/// [`FrameworkSignIns`] in a [`Database`].
#[derive(Clone, Debug)]
pub struct SqlFrameworkSignIns(Database);

impl SqlFrameworkSignIns {
    /// The sign-ins in `database`.
    pub const fn new(database: Database) -> Self {
        Self(database)
    }
}

const BEGIN: &str = "
    INSERT INTO framework_sign_in
        (service_provider, client, device, mvpd, session_id, pending, not_after)
    VALUES ($1, $2, $3, $4, $5, $6, $7)
    ON CONFLICT (service_provider, client, device) DO UPDATE SET
        mvpd = excluded.mvpd, session_id = excluded.session_id, pending = excluded.pending,
        not_after = excluded.not_after";

const FIND: &str = "
    SELECT session_id AS id, service_provider, client, device, mvpd, pending, not_after
    FROM framework_sign_in
    WHERE service_provider = $1 AND client = $2 AND device = $3 AND not_after >= $4";

const FORGET: &str = "
    DELETE FROM framework_sign_in WHERE service_provider = $1 AND client = $2 AND device = $3";

#[async_trait]
impl FrameworkSignIns for SqlFrameworkSignIns {
    async fn begin(&self, sign_in: &FrameworkSignIn) -> Result<(), StoreError> {
        sqlx::query(BEGIN)
            .bind(sign_in.holder.service_provider.as_str())
            .bind(sign_in.holder.client.as_str())
            .bind(sign_in.holder.device.as_bytes())
            .bind(sign_in.mvpd.as_str())
            .bind(sign_in.session_id.as_str())
            .bind(sign_in.pending.as_bytes())
            .bind(sign_in.not_after.as_millis())
            .execute(self.0.writer())
            .await
            .map(drop)
            .map_err(store_error)
    }

    async fn find(
        &self,
        holder: &Holder,
        now: Timestamp,
    ) -> Result<Option<FrameworkSignIn>, StoreError> {
        let found = sqlx::query(FIND)
            .bind(holder.service_provider.as_str())
            .bind(holder.client.as_str())
            .bind(holder.device.as_bytes())
            .bind(now.as_millis())
            .fetch_optional(self.0.readers())
            .await;
        found.map_err(store_error)?.as_ref().map(sign_in).transpose()
    }

    async fn complete(&self, profile: &Profile) -> Result<(), StoreError> {
        let holder = &profile.key.holder;
        let mut transaction = self.0.writer().begin().await.map_err(store_error)?;
        sqlx::query(FORGET)
            .bind(holder.service_provider.as_str())
            .bind(holder.client.as_str())
            .bind(holder.device.as_bytes())
            .execute(&mut *transaction)
            .await
            .map_err(store_error)?;
        profiles::put(&mut transaction, profile).await?;
        transaction.commit().await.map_err(store_error)
    }

    async fn sweep(&self, now: Timestamp) -> Result<u64, StoreError> {
        let swept = sqlx::query("DELETE FROM framework_sign_in WHERE not_after < $1")
            .bind(now.as_millis())
            .execute(self.0.writer())
            .await;
        Ok(swept.map_err(store_error)?.rows_affected())
    }
}

fn sign_in(row: &AnyRow) -> Result<FrameworkSignIn, StoreError> {
    let record = Record::new("framework sign-in", row);
    Ok(FrameworkSignIn {
        holder: holder(&record)?,
        mvpd: MvpdId::new(record.get::<String>("mvpd")?),
        session_id: record.get("id")?,
        pending: Sealed::from_bytes(record.get("pending")?),
        not_after: record.instant("not_after")?,
    })
}
