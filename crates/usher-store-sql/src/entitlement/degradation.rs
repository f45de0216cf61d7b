//! Rules of degradation.

use async_trait::async_trait;
use sqlx::any::AnyRow;
use usher_core::{StoreError, Timestamp};
use usher_entitle::{DegradationRule, DegradationStore, Measure, RuleKey};

use crate::Database;
use crate::row::{Record, store_error};

/// [`DegradationStore`] on a [`Database`].
#[derive(Clone, Debug)]
pub struct SqlDegradation(Database);

impl SqlDegradation {
    /// The rules in `database`.
    pub const fn new(database: Database) -> Self {
        Self(database)
    }
}

const PUT: &str = "
    INSERT INTO degradation_rule (service_provider, mvpd, measure, target, message, activated_at,
        not_after, removed_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
    ON CONFLICT (service_provider, mvpd, measure, target) DO UPDATE SET
        message = excluded.message, activated_at = excluded.activated_at,
        not_after = excluded.not_after, removed_at = excluded.removed_at";

const REMOVE: &str = "
    UPDATE degradation_rule SET removed_at = $5
    WHERE service_provider = $1 AND mvpd = $2 AND measure = $3 AND target = $4
        AND removed_at IS NULL AND not_after > $5";

const SINCE: &str = "
    SELECT service_provider || '_' || mvpd AS id, service_provider, mvpd, measure, target, message,
        activated_at, not_after, removed_at
    FROM degradation_rule
    WHERE not_after > $1 AND (removed_at IS NULL OR removed_at > $1)
    ORDER BY activated_at, service_provider, mvpd, measure, target";

const SWEEP: &str = "DELETE FROM degradation_rule WHERE not_after < $1 OR removed_at < $1";

/// `query` with `key` bound as `$1` to `$4`.
macro_rules! bind_key {
    ($query:expr, $key:expr) => {
        sqlx::query($query)
            .bind($key.service_provider.as_str())
            .bind($key.mvpd.as_str())
            .bind($key.measure.id())
            .bind($key.target.as_deref().unwrap_or_default())
    };
}

#[async_trait]
impl DegradationStore for SqlDegradation {
    async fn put(&self, rules: &[DegradationRule]) -> Result<(), StoreError> {
        let mut transaction = self.0.writer().begin().await.map_err(store_error)?;
        for rule in rules {
            bind_key!(PUT, rule.key)
                .bind(rule.message.as_deref())
                .bind(rule.activated_at.as_millis())
                .bind(rule.not_after().as_millis())
                .bind(rule.removed_at.map(Timestamp::as_millis))
                .execute(&mut *transaction)
                .await
                .map_err(store_error)?;
        }
        transaction.commit().await.map_err(store_error)
    }

    async fn remove(&self, keys: &[RuleKey], now: Timestamp) -> Result<(), StoreError> {
        let mut transaction = self.0.writer().begin().await.map_err(store_error)?;
        for key in keys {
            let query = bind_key!(REMOVE, key).bind(now.as_millis());
            query.execute(&mut *transaction).await.map_err(store_error)?;
        }
        transaction.commit().await.map_err(store_error)
    }

    async fn since(&self, since: Timestamp) -> Result<Vec<DegradationRule>, StoreError> {
        let query = sqlx::query(SINCE).bind(since.as_millis());
        let rows = query.fetch_all(self.0.readers()).await.map_err(store_error)?;
        rows.iter().map(rule).collect()
    }

    async fn sweep(&self, before: Timestamp) -> Result<u64, StoreError> {
        let swept = sqlx::query(SWEEP).bind(before.as_millis()).execute(self.0.writer()).await;
        Ok(swept.map_err(store_error)?.rows_affected())
    }
}

fn rule(row: &AnyRow) -> Result<DegradationRule, StoreError> {
    let record = Record::new("degradation rule", row);
    let measure: String = record.get("measure")?;
    let activated_at = record.instant("activated_at")?;
    Ok(DegradationRule {
        key: RuleKey {
            service_provider: record.get::<String>("service_provider")?.as_str().into(),
            mvpd: record.get::<String>("mvpd")?.as_str().into(),
            measure: Measure::from_id(&measure).ok_or_else(|| record.corrupt())?,
            target: Some(record.get::<String>("target")?).filter(|target| !target.is_empty()),
        },
        message: record.get("message")?,
        activated_at,
        ttl: record.instant("not_after")?.since(activated_at),
        removed_at: record.optional_instant("removed_at")?,
    })
}
