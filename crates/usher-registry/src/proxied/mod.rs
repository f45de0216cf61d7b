//! The lists that proxies push of the providers behind them (`mvpd` §12.2).

mod service;

use std::collections::{BTreeMap, HashSet};

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use url::Url;
use usher_core::{MvpdId, ServiceProviderId, StoreError, Timestamp};

use crate::mvpd::{IFrame, Kind};
use crate::snapshot::Snapshot;

pub use service::{Proxies, ProxyCaller};

/// The most providers behind one proxy.
const PROVIDERS_MAX: usize = 5_000;
/// The most former providers of a proxy that are remembered.
const FORMER_MAX: usize = 5_000;
/// The longest id, in characters.
const ID_CHARS_MAX: usize = 128;
/// The longest name, in characters.
const NAME_CHARS_MAX: usize = 256;

/// A provider behind a proxy, as the proxy describes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProxiedMvpd {
    /// Its id, unique in the deployment.
    pub id: MvpdId,
    /// Its id at the proxy, when different.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub provider_id: Option<String>,
    /// The name viewers see.
    pub display_name: String,
    /// Its logo; the proxy's when it has none.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub logo_url: Option<Url>,
    /// Show its sign-in page inside a frame of this size.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub iframe: Option<IFrame>,
    /// The channels it is meant for; every channel of the proxy when absent.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub service_providers: Option<Vec<ServiceProviderId>>,
}

/// What a proxy pushed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProxiedList {
    /// The providers behind it now.
    pub current: Vec<ProxiedMvpd>,
    /// Those that were: known, and integrated with nobody (`mvpd` X8).
    pub former: Vec<ProxiedMvpd>,
}

impl ProxiedList {
    /// This list with `current` in the place of its providers.
    fn followed_by(&self, current: Vec<ProxiedMvpd>) -> Self {
        let stays: HashSet<&MvpdId> = current.iter().map(|mvpd| &mvpd.id).collect();
        let gone = self.current.iter().chain(&self.former);
        let mut known = HashSet::new();
        let former = gone
            .filter(|mvpd| !stays.contains(&mvpd.id) && known.insert(&mvpd.id))
            .take(FORMER_MAX)
            .cloned()
            .collect();
        Self { current, former }
    }
}

/// The pushed lists of all proxies.
pub type PushedLists = BTreeMap<MvpdId, ProxiedList>;

/// Where pushed lists are kept.
#[async_trait]
pub trait ProxiedLists: Send + Sync + 'static {
    /// Keeps `list` in the place of the proxy's former one; it would survive a crash.
    async fn replace(
        &self,
        proxy: &MvpdId,
        list: &ProxiedList,
        now: Timestamp,
    ) -> Result<(), StoreError>;

    /// The lists of every revision from `revision` on, and the newest revision of all. Each replacement
    /// is a revision later than those its writer could see.
    async fn since(&self, revision: u64) -> Result<(u64, PushedLists), StoreError>;
}

/// Why a list is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProxiedError {
    /// The id is nobody's, or no proxy's.
    #[error("`{0}` is no proxy")]
    NotAProxy(String),
    /// More than a proxy may have behind it.
    #[error("a list has at most {PROVIDERS_MAX} providers")]
    TooMany,
    /// An id stands twice in the list.
    #[error("the id `{0}` stands twice in the list")]
    Duplicate(MvpdId),
    /// An id belongs to another provider.
    #[error("the id `{0}` belongs to another provider")]
    Taken(MvpdId),
    /// An id that cannot stand in paths and cookies.
    #[error(
        "the id `{0}` is not 1 to {ID_CHARS_MAX} letters, digits or marks among `-_.:~`, a letter first"
    )]
    Id(MvpdId),
    /// A name or a provider id that is empty or too long.
    #[error("`{0}` has an empty or overlong name or provider id")]
    Name(MvpdId),
    /// A channel that does not exist.
    #[error("there is no channel `{0}`")]
    UnknownChannel(ServiceProviderId),
    /// The list could not be kept.
    #[error("the list could not be kept: {0}")]
    Store(#[from] StoreError),
}

/// Is `list` one that `proxy` may have?
fn check(snapshot: &Snapshot, proxy: &MvpdId, list: &[ProxiedMvpd]) -> Result<(), ProxiedError> {
    if list.len() > PROVIDERS_MAX {
        return Err(ProxiedError::TooMany);
    }
    let mut ids = HashSet::new();
    for mvpd in list {
        if !is_id(mvpd.id.as_str()) {
            return Err(ProxiedError::Id(mvpd.id.clone()));
        }
        let is_text = |text: &str| (1..=NAME_CHARS_MAX).contains(&text.chars().count());
        if !is_text(&mvpd.display_name) || !mvpd.provider_id.as_deref().is_none_or(is_text) {
            return Err(ProxiedError::Name(mvpd.id.clone()));
        }
        if !ids.insert(&mvpd.id) {
            return Err(ProxiedError::Duplicate(mvpd.id.clone()));
        }
        if snapshot.is_taken(&mvpd.id, proxy) {
            return Err(ProxiedError::Taken(mvpd.id.clone()));
        }
        let unknown = |id: &&ServiceProviderId| snapshot.service_provider(id.as_str()).is_none();
        if let Some(channel) = mvpd.service_providers.iter().flatten().find(unknown) {
            return Err(ProxiedError::UnknownChannel(channel.clone()));
        }
    }
    Ok(())
}

fn is_id(id: &str) -> bool {
    let tail = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:~".contains(&byte);
    id.len() <= ID_CHARS_MAX
        && id.as_bytes().first().is_some_and(u8::is_ascii_alphabetic)
        && id.bytes().all(tail)
}

/// The proxy `id`.
fn proxy<'s>(
    snapshot: &'s Snapshot,
    id: &MvpdId,
) -> Result<&'s std::sync::Arc<crate::Mvpd>, ProxiedError> {
    snapshot
        .mvpd(id.as_str())
        .filter(|mvpd| mvpd.kind == Kind::Proxy)
        .ok_or_else(|| ProxiedError::NotAProxy(id.to_string()))
}
