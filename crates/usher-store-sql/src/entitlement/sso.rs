//! Viewers of our own single-sign-on service.

use async_trait::async_trait;
use sqlx::AnyConnection;
use sqlx::any::AnyRow;
use usher_core::{DeviceId, MediaCompanyId, StoreError, Timestamp};
use usher_entitle::{DEVICES_MAX, LinkCode, LinkedDevice, SsoAccount, SsoStore, TokenDigest};

use crate::Database;
use crate::row::{Record, store_error};

/// [`SsoStore`] on a [`Database`].
#[derive(Clone, Debug)]
pub struct SqlSso(Database);

impl SqlSso {
    /// The viewers in `database`.
    pub const fn new(database: Database) -> Self {
        Self(database)
    }
}

const SEE: &str = "
    INSERT INTO sso_device (company, sub, device, device_type, model, os, os_version, first_seen,
        last_seen)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8)
    ON CONFLICT (company, sub, device) DO UPDATE SET
        device_type = excluded.device_type, model = excluded.model, os = excluded.os,
        os_version = excluded.os_version, last_seen = excluded.last_seen";

const FORGET_OLDEST: &str = "
    DELETE FROM sso_device WHERE company = $1 AND sub = $2 AND device NOT IN (
        SELECT device FROM sso_device WHERE company = $1 AND sub = $2
        ORDER BY last_seen DESC, device LIMIT $3)";

const NOTE_TOKEN: &str = "
    INSERT INTO sso_token (token, company, sub, device, not_after) VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT (token) DO NOTHING";

const DEVICE_OF_TOKEN: &str =
    "SELECT device FROM sso_token WHERE token = $1 AND company = $2 AND sub = $3";

const SEEN_AGAIN: &str = "
    UPDATE sso_device SET last_seen = $4 WHERE company = $1 AND sub = $2 AND device = $3";

const DEVICES: &str = "
    SELECT sub AS id, device, device_type, model, os, os_version, last_seen FROM sso_device
    WHERE company = $1 AND sub = $2 ORDER BY first_seen, device";

const UNLINK: &str = "DELETE FROM sso_device WHERE company = $1 AND sub = $2 AND device = $3";

const DROP_DEAD_CODE: &str = "DELETE FROM sso_link_code WHERE code = $1 AND not_after < $2";

const CREATE_CODE: &str = "
    INSERT INTO sso_link_code (code, company, sub, not_before, not_after)
    VALUES ($1, $2, $3, $4, $5)";

const REDEEM_CODE: &str = "
    DELETE FROM sso_link_code WHERE code = $1 AND company = $2 AND not_after >= $3
    RETURNING code AS id, company, sub";

/// `query` with `account` bound as `$1` and `$2`.
macro_rules! bind_account {
    ($query:expr, $account:expr) => {
        sqlx::query($query).bind($account.company.as_str()).bind($account.sub.as_str())
    };
}

#[async_trait]
impl SsoStore for SqlSso {
    async fn issue(
        &self,
        account: &SsoAccount,
        device: &LinkedDevice,
        (token, keep_until): (TokenDigest, Timestamp),
    ) -> Result<(), StoreError> {
        let mut transaction = self.0.writer().begin().await.map_err(store_error)?;
        bind_account!(SEE, account)
            .bind(device.device.as_bytes())
            .bind(device.device_type.as_deref())
            .bind(device.model.as_deref())
            .bind(device.os.as_deref())
            .bind(device.os_version.as_deref())
            .bind(device.last_seen.as_millis())
            .execute(&mut *transaction)
            .await
            .map_err(store_error)?;
        bind_account!(FORGET_OLDEST, account)
            .bind(i64::try_from(DEVICES_MAX).unwrap_or(i64::MAX))
            .execute(&mut *transaction)
            .await
            .map_err(store_error)?;
        let device = device.device.as_bytes();
        note_token(&mut transaction, account, device, (token, keep_until)).await?;
        transaction.commit().await.map_err(store_error)
    }

    async fn reissue(
        &self,
        account: &SsoAccount,
        old: TokenDigest,
        new: (TokenDigest, Timestamp),
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut transaction = self.0.writer().begin().await.map_err(store_error)?;
        let found = sqlx::query(DEVICE_OF_TOKEN)
            .bind(old.as_bytes().as_slice())
            .bind(account.company.as_str())
            .bind(account.sub.as_str())
            .fetch_optional(&mut *transaction)
            .await
            .map_err(store_error)?;
        let Some(row) = found else { return Ok(false) };
        let device: Vec<u8> = Record::new("service token", &row).get("device")?;
        bind_account!(SEEN_AGAIN, account)
            .bind(device.as_slice())
            .bind(now.as_millis())
            .execute(&mut *transaction)
            .await
            .map_err(store_error)?;
        note_token(&mut transaction, account, &device, new).await?;
        transaction.commit().await.map_err(store_error)?;
        Ok(true)
    }

    async fn devices(&self, account: &SsoAccount) -> Result<Vec<LinkedDevice>, StoreError> {
        let rows = bind_account!(DEVICES, account).fetch_all(self.0.readers()).await;
        rows.map_err(store_error)?.iter().map(linked_device).collect()
    }

    async fn unlink(
        &self,
        account: &SsoAccount,
        devices: &[DeviceId],
    ) -> Result<Vec<DeviceId>, StoreError> {
        let mut transaction = self.0.writer().begin().await.map_err(store_error)?;
        let mut unlinked = Vec::new();
        for device in devices {
            let query = bind_account!(UNLINK, account).bind(device.as_bytes());
            let done = query.execute(&mut *transaction).await.map_err(store_error)?;
            if done.rows_affected() > 0 {
                unlinked.push(device.clone());
            }
        }
        transaction.commit().await.map_err(store_error)?;
        Ok(unlinked)
    }

    async fn create_code(&self, code: &LinkCode) -> Result<(), StoreError> {
        let mut transaction = self.0.writer().begin().await.map_err(store_error)?;
        sqlx::query(DROP_DEAD_CODE)
            .bind(code.code.as_str())
            .bind(code.not_before.as_millis())
            .execute(&mut *transaction)
            .await
            .map_err(store_error)?;
        sqlx::query(CREATE_CODE)
            .bind(code.code.as_str())
            .bind(code.account.company.as_str())
            .bind(code.account.sub.as_str())
            .bind(code.not_before.as_millis())
            .bind(code.not_after.as_millis())
            .execute(&mut *transaction)
            .await
            .map_err(store_error)?;
        transaction.commit().await.map_err(store_error)
    }

    async fn redeem_code(
        &self,
        company: &MediaCompanyId,
        code: &str,
        now: Timestamp,
    ) -> Result<Option<SsoAccount>, StoreError> {
        let redeemed = sqlx::query(REDEEM_CODE)
            .bind(code)
            .bind(company.as_str())
            .bind(now.as_millis())
            .fetch_optional(self.0.writer())
            .await
            .map_err(store_error)?;
        let Some(row) = redeemed else { return Ok(None) };
        let record = Record::new("link code", &row);
        let company = record.get::<String>("company")?.as_str().into();
        Ok(Some(SsoAccount { company, sub: record.get("sub")? }))
    }

    async fn sweep(&self, now: Timestamp) -> Result<u64, StoreError> {
        let mut swept = 0;
        for statement in [
            "DELETE FROM sso_token WHERE not_after < $1",
            "DELETE FROM sso_link_code WHERE not_after < $1",
        ] {
            let done = sqlx::query(statement).bind(now.as_millis()).execute(self.0.writer()).await;
            swept += done.map_err(store_error)?.rows_affected();
        }
        Ok(swept)
    }
}

async fn note_token(
    connection: &mut AnyConnection,
    account: &SsoAccount,
    device: &[u8],
    (token, keep_until): (TokenDigest, Timestamp),
) -> Result<(), StoreError> {
    let noted = sqlx::query(NOTE_TOKEN)
        .bind(token.as_bytes().as_slice())
        .bind(account.company.as_str())
        .bind(account.sub.as_str())
        .bind(device)
        .bind(keep_until.as_millis())
        .execute(connection)
        .await;
    noted.map(drop).map_err(store_error)
}

fn linked_device(row: &AnyRow) -> Result<LinkedDevice, StoreError> {
    let record = Record::new("linked device", row);
    let device: Vec<u8> = record.get("device")?;
    Ok(LinkedDevice {
        device: DeviceId::new(&device).ok_or_else(|| record.corrupt())?,
        device_type: record.get("device_type")?,
        model: record.get("model")?,
        os: record.get("os")?,
        os_version: record.get("os_version")?,
        last_seen: record.instant("last_seen")?,
    })
}
