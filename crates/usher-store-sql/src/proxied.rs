//! Lists that proxies pushed.

use async_trait::async_trait;
use usher_core::{MvpdId, StoreError, Timestamp};
use usher_registry::{ProxiedList, ProxiedLists, PushedLists};

use crate::Database;
use crate::row::{Record, store_error, to_json};

/// [`ProxiedLists`] on a [`Database`].
#[derive(Clone, Debug)]
pub struct SqlProxiedLists(Database);

impl SqlProxiedLists {
    /// The lists in `database`.
    pub const fn new(database: Database) -> Self {
        Self(database)
    }
}

const REPLACE: &str = "
    INSERT INTO proxied_list (proxy, revision, at, list)
    SELECT $1, COALESCE(MAX(revision), 0) + 1, $2, $3 FROM proxied_list WHERE true
    ON CONFLICT (proxy) DO UPDATE SET
        revision = excluded.revision, at = excluded.at, list = excluded.list";

const SINCE: &str = "
    SELECT proxy AS id, proxy, revision, list FROM proxied_list WHERE revision >= $1";

#[async_trait]
impl ProxiedLists for SqlProxiedLists {
    async fn replace(
        &self,
        proxy: &MvpdId,
        list: &ProxiedList,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let query = sqlx::query(REPLACE)
            .bind(proxy.as_str())
            .bind(now.as_millis())
            .bind(to_json(list)?)
            .execute(self.0.writer());
        query.await.map(drop).map_err(store_error)
    }

    async fn since(&self, revision: u64) -> Result<(u64, PushedLists), StoreError> {
        let from = i64::try_from(revision).unwrap_or(i64::MAX);
        let rows = sqlx::query(SINCE).bind(from).fetch_all(self.0.readers()).await;
        let (mut newest, mut lists) = (revision, PushedLists::new());
        for row in &rows.map_err(store_error)? {
            let record = Record::new("proxied list", row);
            let revision: i64 = record.get("revision")?;
            newest = newest.max(u64::try_from(revision).map_err(|_| record.corrupt())?);
            let proxy: String = record.get("proxy")?;
            lists.insert(MvpdId::new(proxy), record.json("list")?);
        }
        Ok((newest, lists))
    }
}
