//! Taking a list from a proxy, and keeping the catalog in step with those in the store.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Value, json};
use usher_core::{ClientId, Clock, MvpdId, StoreError};

use super::{ProxiedError, ProxiedList, ProxiedLists, ProxiedMvpd, check, proxy};
use crate::change::{Change, ChangedProperty, ChangesLog, Operation};
use crate::registry::Registry;

/// Who pushes.
#[derive(Clone, Debug)]
pub struct ProxyCaller {
    /// The client.
    pub client: ClientId,
    /// Where it calls from.
    pub address: IpAddr,
}

/// The lists of proxies.
pub struct Proxies {
    registry: Arc<Registry>,
    lists: Arc<dyn ProxiedLists>,
    changes: Arc<dyn ChangesLog>,
    clock: Arc<dyn Clock>,
    /// The newest revision that was read.
    revision: AtomicU64,
}

impl Proxies {
    /// The lists in `lists`, which extend what `registry` holds.
    pub fn new(
        registry: Arc<Registry>,
        lists: Arc<dyn ProxiedLists>,
        changes: Arc<dyn ChangesLog>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self { registry, lists, changes, clock, revision: AtomicU64::new(0) }
    }

    /// Takes over the lists that were pushed since the last time, here or at another process.
    pub async fn refresh(&self) -> Result<(), StoreError> {
        let (revision, lists) = self.lists.since(self.revision.load(Ordering::Acquire)).await?;
        self.registry.push(lists);
        self.revision.fetch_max(revision, Ordering::AcqRel);
        Ok(())
    }

    /// The providers behind `id`, in the order they were given.
    pub fn list(&self, id: &MvpdId) -> Result<Vec<ProxiedMvpd>, ProxiedError> {
        let snapshot = self.registry.snapshot();
        proxy(&snapshot, id)?;
        Ok(snapshot.proxied_list(id))
    }

    /// Puts `list` in the place of the providers behind `id`, at once (`mvpd` X1, X2). The same list
    /// again changes nothing.
    pub async fn replace(
        &self,
        id: &MvpdId,
        list: Vec<ProxiedMvpd>,
        caller: &ProxyCaller,
    ) -> Result<(), ProxiedError> {
        let snapshot = self.registry.snapshot();
        proxy(&snapshot, id)?;
        check(&snapshot, id, &list)?;
        let current = snapshot.proxied_list(id);
        if current == list {
            return Ok(());
        }
        let before = snapshot.pushed_list(id).cloned();
        let before = before.unwrap_or_else(|| ProxiedList { current, former: Vec::new() });
        let after = before.followed_by(list);
        self.lists.replace(id, &after, self.clock.now()).await?;
        self.refresh().await?;
        self.record(id, (&before, &after), caller).await?;
        Ok(())
    }

    async fn record(
        &self,
        id: &MvpdId,
        (before, after): (&ProxiedList, &ProxiedList),
        caller: &ProxyCaller,
    ) -> Result<(), StoreError> {
        let count = after.current.len();
        let providers = if count == 1 { "proxied MVPD" } else { "proxied MVPDs" };
        let change = Change {
            at: self.clock.now(),
            author: "proxy API".to_owned(),
            description: format!("{count} {providers} set for proxy {id}"),
            client: Some(caller.client.clone()),
            address: Some(caller.address),
            properties: differences(id, &before.current, &after.current),
        };
        self.changes.record(&change).await.map(drop)
    }
}

/// What became of each provider that is not as it was.
fn differences(
    proxy: &MvpdId,
    before: &[ProxiedMvpd],
    after: &[ProxiedMvpd],
) -> Vec<ChangedProperty> {
    let by_id = |list: &[ProxiedMvpd]| -> BTreeMap<MvpdId, Value> {
        list.iter().map(|mvpd| (mvpd.id.clone(), json!(mvpd))).collect()
    };
    let (mut before, after) = (by_id(before), by_id(after));
    let changed = |id: &MvpdId, old: Option<Value>, new: Option<Value>| ChangedProperty {
        entity_type: "MVPD".to_owned(),
        entity_id: id.to_string(),
        property: format!("behind {proxy}"),
        operation: match (&old, &new) {
            (None, _) => Operation::Added,
            (Some(_), None) => Operation::Deleted,
            (Some(_), Some(_)) => Operation::Updated,
        },
        old,
        new,
    };
    let mut differences: Vec<_> = after
        .into_iter()
        .filter_map(|(id, new)| {
            let old = before.remove(&id);
            (old.as_ref() != Some(&new)).then(|| changed(&id, old, Some(new)))
        })
        .collect();
    differences.extend(before.into_iter().map(|(id, old)| changed(&id, Some(old), None)));
    differences
}
