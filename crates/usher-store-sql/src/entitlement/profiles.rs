//! Profiles and their tombstones.

use async_trait::async_trait;
use serde_json::{Map, Value};
use sqlx::AnyConnection;
use sqlx::any::AnyRow;
use usher_core::{ClientId, MvpdId, ServiceProviderId, StoreError, Timestamp};
use usher_entitle::{
    Holder, LINKED_MAX, PlatformPartner, Profile, ProfileKey, ProfileStore, Sealed, SsoSubject,
    TOMBSTONE_RETENTION, Upstream,
};

use super::{holder, metadata};
use crate::Database;
use crate::row::{Record, store_error, to_json};

/// [`ProfileStore`] on a [`Database`].
#[derive(Clone, Debug)]
pub struct SqlProfiles(Database);

impl SqlProfiles {
    /// The profiles in `database`.
    pub const fn new(database: Database) -> Self {
        Self(database)
    }
}

/// In the place where earlier versions have metadata.
const NO_ATTRIBUTES: &str = "{}";

macro_rules! columns {
    () => {
        "id, service_provider, client, device, mvpd, user_id, attributes, home_based, framework, \
         subjects, credentials, session_id, not_before, not_after, invalidated_at, fetched_at, \
         endpoint, upstream_subject, session_index, metadata"
    };
}

/// The profile under a key, bound as `$1` to `$4`.
macro_rules! at_key {
    () => {
        " WHERE service_provider = $1 AND client = $2 AND device = $3 AND mvpd = $4"
    };
}

const PUT: &str = concat!(
    "INSERT INTO profile (",
    columns!(),
    ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18,
               $19, $20)
     ON CONFLICT (service_provider, client, device, mvpd) DO UPDATE SET
        id = excluded.id, user_id = excluded.user_id, attributes = excluded.attributes,
        home_based = excluded.home_based, framework = excluded.framework,
        subjects = excluded.subjects, credentials = excluded.credentials,
        session_id = excluded.session_id, not_before = excluded.not_before,
        not_after = excluded.not_after, invalidated_at = excluded.invalidated_at,
        fetched_at = excluded.fetched_at, endpoint = excluded.endpoint,
        upstream_subject = excluded.upstream_subject, session_index = excluded.session_index,
        metadata = excluded.metadata"
);

const HELD_BY: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM profile WHERE service_provider = $1 AND client = $2 AND device = $3
      ORDER BY not_before, mvpd"
);

/// Binds the method and digest of a subject as `$1` and `$2`.
const LINKED_TO: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM profile_subject
      JOIN profile USING (service_provider, client, device, mvpd)
      WHERE method = $1 AND digest = $2 AND not_after > $3 AND invalidated_at IS NULL
      ORDER BY not_before DESC, id LIMIT $4"
);

const UNLINK: &str = concat!("DELETE FROM profile_subject", at_key!());

const LINK: &str = "
    INSERT INTO profile_subject (service_provider, client, device, mvpd, method, digest)
    VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING";

const DELETE: &str = concat!("DELETE FROM profile", at_key!(), " RETURNING ", columns!());

const DELETE_SIGNED_IN: &str =
    concat!("DELETE FROM profile WHERE mvpd = $1 AND upstream_subject = $2 RETURNING ", columns!());

const DELETE_SESSION: &str = concat!(
    "DELETE FROM profile WHERE mvpd = $1 AND upstream_subject = $2 AND session_index = $3 RETURNING ",
    columns!()
);

const DELETE_OF: &str = concat!(
    "DELETE FROM profile WHERE mvpd = $1 AND user_id = $2 AND service_provider = $3 RETURNING ",
    columns!()
);

const SIGNED_IN_THROUGH: &str = "
    SELECT COUNT(*) AS count FROM profile
    WHERE mvpd = $1 AND endpoint = $2 AND not_after > $3 AND invalidated_at IS NULL";

const INVALIDATE: &str = concat!(
    "UPDATE profile SET invalidated_at = $6",
    at_key!(),
    " AND id = $5 AND invalidated_at IS NULL"
);

const INVALIDATE_OF: &str = concat!(
    "UPDATE profile SET invalidated_at = $2 WHERE client = $1 AND invalidated_at IS NULL RETURNING ",
    columns!()
);

const SET_METADATA: &str = concat!("UPDATE profile SET metadata = $6", at_key!(), " AND id = $5");

const SET_CREDENTIALS: &str =
    concat!("UPDATE profile SET credentials = $6", at_key!(), " AND id = $5");

const MARK_FETCHED: &str =
    concat!("UPDATE profile SET fetched_at = $6", at_key!(), " AND id = $5 AND fetched_at IS NULL");

/// `query` with `key` bound as `$1` to `$4`.
macro_rules! bind_key {
    ($query:expr, $key:expr) => {
        sqlx::query($query)
            .bind($key.holder.service_provider.as_str())
            .bind($key.holder.client.as_str())
            .bind($key.holder.device.as_bytes())
            .bind($key.mvpd.as_str())
    };
}

/// Stores `profile` in place of whatever is under its key.
pub(super) async fn put(
    connection: &mut AnyConnection,
    profile: &Profile,
) -> Result<(), StoreError> {
    let Profile { key, .. } = profile;
    sqlx::query(PUT)
        .bind(profile.id.as_str())
        .bind(key.holder.service_provider.as_str())
        .bind(key.holder.client.as_str())
        .bind(key.holder.device.as_bytes())
        .bind(key.mvpd.as_str())
        .bind(profile.user_id.as_str())
        .bind(NO_ATTRIBUTES)
        .bind(profile.home_based.map(i64::from))
        .bind(profile.framework.map(PlatformPartner::as_str))
        .bind(to_json(&profile.subjects)?)
        .bind(profile.credentials.as_ref().map(Sealed::as_bytes))
        .bind(profile.session_id.as_str())
        .bind(profile.not_before.as_millis())
        .bind(profile.not_after.as_millis())
        .bind(profile.invalidated_at.map(Timestamp::as_millis))
        .bind(profile.fetched_at.map(Timestamp::as_millis))
        .bind(profile.upstream.endpoint.as_deref())
        .bind(profile.upstream.subject.as_deref())
        .bind(profile.upstream.session_index.as_deref())
        .bind(compressed(&profile.attributes)?)
        .execute(&mut *connection)
        .await
        .map_err(store_error)?;
    bind_key!(UNLINK, key).execute(&mut *connection).await.map_err(store_error)?;
    for subject in &profile.subjects {
        let query = bind_key!(LINK, key).bind(subject.method.as_str());
        let query = query.bind(subject.digest().as_slice());
        query.execute(&mut *connection).await.map_err(store_error)?;
    }
    Ok(())
}

#[async_trait]
impl ProfileStore for SqlProfiles {
    async fn held_by(&self, holder: &Holder) -> Result<Vec<Profile>, StoreError> {
        let rows = sqlx::query(HELD_BY)
            .bind(holder.service_provider.as_str())
            .bind(holder.client.as_str())
            .bind(holder.device.as_bytes())
            .fetch_all(self.0.readers())
            .await;
        rows.map_err(store_error)?.iter().map(profile).collect()
    }

    async fn linked_to(
        &self,
        subject: &SsoSubject,
        now: Timestamp,
    ) -> Result<Vec<Profile>, StoreError> {
        let rows = sqlx::query(LINKED_TO)
            .bind(subject.method.as_str())
            .bind(subject.digest().as_slice())
            .bind(now.as_millis())
            .bind(i64::try_from(LINKED_MAX).unwrap_or(i64::MAX))
            .fetch_all(self.0.readers())
            .await;
        rows.map_err(store_error)?.iter().map(profile).collect()
    }

    async fn delete(&self, key: &ProfileKey) -> Result<Option<Profile>, StoreError> {
        let deleted = bind_key!(DELETE, key).fetch_optional(self.0.writer()).await;
        deleted.map_err(store_error)?.as_ref().map(profile).transpose()
    }

    async fn delete_signed_in(
        &self,
        mvpd: &MvpdId,
        subject: &str,
        session_indexes: &[String],
    ) -> Result<Vec<Profile>, StoreError> {
        let mut transaction = self.0.writer().begin().await.map_err(store_error)?;
        let mut rows = Vec::new();
        if session_indexes.is_empty() {
            let all = sqlx::query(DELETE_SIGNED_IN).bind(mvpd.as_str()).bind(subject);
            rows.extend(all.fetch_all(&mut *transaction).await.map_err(store_error)?);
        }
        for index in session_indexes {
            let one = sqlx::query(DELETE_SESSION).bind(mvpd.as_str()).bind(subject).bind(index);
            rows.extend(one.fetch_all(&mut *transaction).await.map_err(store_error)?);
        }
        transaction.commit().await.map_err(store_error)?;
        rows.iter().map(profile).collect()
    }

    async fn delete_of(
        &self,
        mvpd: &MvpdId,
        user_id: &str,
        channel: &ServiceProviderId,
    ) -> Result<Vec<Profile>, StoreError> {
        let query = sqlx::query(DELETE_OF).bind(mvpd.as_str()).bind(user_id).bind(channel.as_str());
        let rows = query.fetch_all(self.0.writer()).await.map_err(store_error)?;
        rows.iter().map(profile).collect()
    }

    async fn signed_in_through(
        &self,
        mvpds: &[MvpdId],
        endpoint: &str,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        let mut sum = 0;
        for mvpd in mvpds {
            let row = sqlx::query(SIGNED_IN_THROUGH)
                .bind(mvpd.as_str())
                .bind(endpoint)
                .bind(now.as_millis())
                .fetch_one(self.0.readers())
                .await
                .map_err(store_error)?;
            let count: i64 = Record::new("count of profiles", &row).get("count")?;
            sum += u64::try_from(count).unwrap_or(0);
        }
        Ok(sum)
    }

    async fn invalidate(
        &self,
        key: &ProfileKey,
        id: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let query = bind_key!(INVALIDATE, key).bind(id).bind(now.as_millis());
        query.execute(self.0.writer()).await.map(drop).map_err(store_error)
    }

    async fn invalidate_of(
        &self,
        client: &ClientId,
        now: Timestamp,
    ) -> Result<Vec<Profile>, StoreError> {
        let query = sqlx::query(INVALIDATE_OF).bind(client.as_str()).bind(now.as_millis());
        let rows = query.fetch_all(self.0.writer()).await.map_err(store_error)?;
        rows.iter().map(profile).collect()
    }

    async fn set_attributes(
        &self,
        key: &ProfileKey,
        id: &str,
        attributes: &Map<String, Value>,
    ) -> Result<(), StoreError> {
        let query = bind_key!(SET_METADATA, key).bind(id).bind(compressed(attributes)?);
        query.execute(self.0.writer()).await.map(drop).map_err(store_error)
    }

    async fn set_credentials(
        &self,
        key: &ProfileKey,
        id: &str,
        credentials: &Sealed,
    ) -> Result<(), StoreError> {
        let query = bind_key!(SET_CREDENTIALS, key).bind(id).bind(credentials.as_bytes());
        query.execute(self.0.writer()).await.map(drop).map_err(store_error)
    }

    async fn mark_fetched(
        &self,
        key: &ProfileKey,
        id: &str,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let query = bind_key!(MARK_FETCHED, key).bind(id).bind(now.as_millis());
        let marked = query.execute(self.0.writer()).await.map_err(store_error)?;
        Ok(marked.rows_affected() > 0)
    }

    async fn sweep(&self, now: Timestamp) -> Result<u64, StoreError> {
        let swept = sqlx::query("DELETE FROM profile WHERE not_after < $1 OR invalidated_at < $1")
            .bind((now - TOMBSTONE_RETENTION).as_millis())
            .execute(self.0.writer())
            .await;
        Ok(swept.map_err(store_error)?.rows_affected())
    }
}

fn profile(row: &AnyRow) -> Result<Profile, StoreError> {
    let record = Record::new("profile", row);
    let key = ProfileKey {
        holder: holder(&record)?,
        mvpd: record.get::<String>("mvpd")?.as_str().into(),
    };
    Ok(Profile {
        id: record.get("id")?,
        key,
        user_id: record.get("user_id")?,
        attributes: attributes(&record)?,
        home_based: record.get::<Option<i64>>("home_based")?.map(|flag| flag != 0),
        framework: framework(&record)?,
        subjects: record.json("subjects")?,
        credentials: record.get::<Option<Vec<u8>>>("credentials")?.map(Sealed::from_bytes),
        upstream: Upstream {
            endpoint: record.get("endpoint")?,
            subject: record.get("upstream_subject")?,
            session_index: record.get("session_index")?,
        },
        session_id: record.get("session_id")?,
        not_before: record.instant("not_before")?,
        not_after: record.instant("not_after")?,
        invalidated_at: record.optional_instant("invalidated_at")?,
        fetched_at: record.optional_instant("fetched_at")?,
    })
}

fn compressed(attributes: &Map<String, Value>) -> Result<Vec<u8>, StoreError> {
    metadata::compress(attributes).map_err(|error| StoreError::Unavailable(error.to_string()))
}

/// The metadata, which earlier versions kept as JSON.
fn attributes(record: &Record<'_>) -> Result<Map<String, Value>, StoreError> {
    match record.get::<Option<Vec<u8>>>("metadata")? {
        Some(kept) => metadata::decompress(&kept).map_err(|_| record.corrupt()),
        None => record.json("attributes"),
    }
}

fn framework(record: &Record<'_>) -> Result<Option<PlatformPartner>, StoreError> {
    let Some(name) = record.get::<Option<String>>("framework")? else { return Ok(None) };
    PlatformPartner::parse(&name).map(Some).ok_or_else(|| record.corrupt())
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use usher_core::DeviceId;

    use super::*;

    #[tokio::test]
    async fn metadata_that_earlier_versions_kept_as_json_are_read_and_replaced() {
        let directory = tempfile::tempdir().unwrap();
        let database = Database::open(&directory.path().join("usher.db")).await.unwrap();
        let row = r#"INSERT INTO profile (service_provider, client, device, mvpd, id, user_id, attributes,
            session_id, not_before, not_after)
            VALUES ('REF30', 'app', x'0102', 'Cable', 'one', 'u-1', '{"zip":["10001"]}', 's', 1, 2)"#;
        sqlx::query(row).execute(database.writer()).await.unwrap();
        let profiles = SqlProfiles::new(database);
        let holder = Holder {
            service_provider: "REF30".into(),
            client: "app".into(),
            device: DeviceId::new(&[1, 2]).unwrap(),
        };
        let [profile] = profiles.held_by(&holder).await.unwrap().try_into().unwrap();
        assert_eq!(Value::Object(profile.attributes), json!({"zip": ["10001"]}));

        let news = Map::from_iter([("language".to_owned(), "en".into())]);
        profiles.set_attributes(&profile.key, "one", &news).await.unwrap();
        let [profile] = profiles.held_by(&holder).await.unwrap().try_into().unwrap();
        assert_eq!(profile.attributes, news);
    }
}
