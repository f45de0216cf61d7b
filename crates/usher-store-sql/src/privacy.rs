//! Privacy requests.

use async_trait::async_trait;
use sqlx::any::AnyRow;
use usher_core::{StoreError, Timestamp};
use usher_entitle::{JobFilter, PrivacyJobs, Sealed, StoredJob};

use crate::Database;
use crate::row::{Record, store_error};

/// [`PrivacyJobs`] on a [`Database`].
#[derive(Clone, Debug)]
pub struct SqlPrivacyJobs(Database);

impl SqlPrivacyJobs {
    /// The jobs in `database`.
    pub const fn new(database: Database) -> Self {
        Self(database)
    }
}

macro_rules! columns {
    () => {
        "id, organization, regulation, created_at, due_at, body"
    };
}

const CREATE: &str =
    concat!("INSERT INTO privacy_job (", columns!(), ") VALUES ($1, $2, $3, $4, $5, $6)");

const CLAIM: &str = concat!(
    "UPDATE privacy_job SET due_at = $2
     WHERE id = (SELECT id FROM privacy_job WHERE due_at <= $1 ORDER BY due_at, id LIMIT 1)
     RETURNING ",
    columns!()
);

const UPDATE: &str = "UPDATE privacy_job SET due_at = $2, body = $3 WHERE id = $1";

const FIND: &str = concat!("SELECT ", columns!(), " FROM privacy_job WHERE id = $1");

/// Binds the wanted organisation as `$1` and regulation as `$2`; nothing of either passes all.
macro_rules! filtered {
    () => {
        " FROM privacy_job WHERE COALESCE($1, organization) = organization
          AND COALESCE($2, regulation) = regulation"
    };
}

const LIST: &str =
    concat!("SELECT ", columns!(), filtered!(), " ORDER BY created_at DESC, id LIMIT $3 OFFSET $4");

const COUNT: &str = concat!("SELECT COUNT(*) AS count", filtered!());

#[async_trait]
impl PrivacyJobs for SqlPrivacyJobs {
    async fn create(&self, jobs: &[StoredJob]) -> Result<(), StoreError> {
        let mut transaction = self.0.writer().begin().await.map_err(store_error)?;
        for job in jobs {
            sqlx::query(CREATE)
                .bind(job.id.as_str())
                .bind(job.organization.as_str())
                .bind(job.regulation.as_str())
                .bind(job.created_at.as_millis())
                .bind(job.due_at.map(Timestamp::as_millis))
                .bind(job.body.as_bytes())
                .execute(&mut *transaction)
                .await
                .map_err(store_error)?;
        }
        transaction.commit().await.map_err(store_error)
    }

    async fn claim(
        &self,
        now: Timestamp,
        again_at: Timestamp,
    ) -> Result<Option<StoredJob>, StoreError> {
        let claim = sqlx::query(CLAIM).bind(now.as_millis()).bind(again_at.as_millis());
        let claimed = claim.fetch_optional(self.0.writer()).await.map_err(store_error)?;
        claimed.as_ref().map(job).transpose()
    }

    async fn update(&self, job: &StoredJob) -> Result<(), StoreError> {
        let updated = sqlx::query(UPDATE)
            .bind(job.id.as_str())
            .bind(job.due_at.map(Timestamp::as_millis))
            .bind(job.body.as_bytes())
            .execute(self.0.writer())
            .await;
        updated.map(drop).map_err(store_error)
    }

    async fn find(&self, id: &str) -> Result<Option<StoredJob>, StoreError> {
        let found = sqlx::query(FIND).bind(id).fetch_optional(self.0.readers()).await;
        found.map_err(store_error)?.as_ref().map(job).transpose()
    }

    async fn list(
        &self,
        filter: &JobFilter,
        skip: u64,
        limit: u64,
    ) -> Result<(Vec<StoredJob>, u64), StoreError> {
        let whole = |number| i64::try_from(number).unwrap_or(i64::MAX);
        let (organization, regulation) =
            (filter.organization.as_deref(), filter.regulation.as_deref());
        let count = sqlx::query(COUNT).bind(organization).bind(regulation);
        let row = count.fetch_one(self.0.readers()).await.map_err(store_error)?;
        let total: i64 = Record::new("count of privacy jobs", &row).get("count")?;
        let list = sqlx::query(LIST)
            .bind(organization)
            .bind(regulation)
            .bind(whole(limit))
            .bind(whole(skip));
        let rows = list.fetch_all(self.0.readers()).await.map_err(store_error)?;
        let jobs = rows.iter().map(job).collect::<Result<_, _>>()?;
        Ok((jobs, u64::try_from(total).unwrap_or(0)))
    }

    async fn sweep(&self, before: Timestamp) -> Result<u64, StoreError> {
        let swept = sqlx::query("DELETE FROM privacy_job WHERE created_at < $1")
            .bind(before.as_millis())
            .execute(self.0.writer())
            .await;
        Ok(swept.map_err(store_error)?.rows_affected())
    }
}

fn job(row: &AnyRow) -> Result<StoredJob, StoreError> {
    let record = Record::new("privacy job", row);
    Ok(StoredJob {
        id: record.get("id")?,
        organization: record.get("organization")?,
        regulation: record.get("regulation")?,
        created_at: record.instant("created_at")?,
        due_at: record.optional_instant("due_at")?,
        body: Sealed::from_bytes(record.get("body")?),
    })
}
