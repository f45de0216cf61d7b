//! Which channels work with the providers behind proxies (`mvpd` §12.2), and what pushed lists make of
//! a catalog.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use indexmap::IndexMap;
use usher_core::{MvpdId, ServiceProviderId};

use super::{Revision, Snapshot, at_partners};
use crate::connection::Connection;
use crate::integration::Integration;
use crate::mvpd::{Endpoints, Kind, Mvpd};
use crate::proxied::{ProxiedList, ProxiedMvpd, PushedLists};
use crate::settings::SettingsTable;

impl Snapshot {
    /// The providers behind `proxy`, in the order they were given.
    pub(crate) fn proxied_list(&self, proxy: &MvpdId) -> Vec<ProxiedMvpd> {
        if let Some(pushed) = self.pushed.get(proxy) {
            return pushed.current.clone();
        }
        let behind = self.behind.get(proxy).into_iter().flatten();
        behind.filter_map(|id| self.mvpds.get(id)).map(|mvpd| described(mvpd)).collect()
    }

    /// What `proxy` pushed.
    pub(crate) fn pushed_list(&self, proxy: &MvpdId) -> Option<&ProxiedList> {
        self.pushed.get(proxy)
    }

    /// May `proxy` not call a provider `id`, because another one has that id?
    pub(crate) fn is_taken(&self, id: &MvpdId, proxy: &MvpdId) -> bool {
        self.mvpds.get(id).is_some_and(|mvpd| match &mvpd.proxy {
            Some(other) => other != proxy && !self.is_former(id, other),
            None => true,
        })
    }

    fn is_former(&self, id: &MvpdId, proxy: &MvpdId) -> bool {
        let list = self.pushed.get(proxy);
        list.is_some_and(|list| list.former.iter().any(|former| former.id == *id))
    }

    /// This catalog with what proxies pushed in the place of the providers it names behind them.
    ///
    /// What no longer fits, because the catalog changed since it was pushed, is left out.
    pub(crate) fn with_pushed(&self, lists: &PushedLists) -> Self {
        let mut extended = Self { revision: Revision::fresh(), ..self.clone() };
        for (proxy, list) in lists {
            let Some(known) = self.mvpds.get(proxy).filter(|mvpd| mvpd.kind == Kind::Proxy) else {
                tracing::warn!(%proxy, "a pushed list belongs to a proxy that is gone");
                continue;
            };
            extended.push(known, list);
        }
        extended.integrate();
        if let Ok(at_partners) = at_partners(extended.mvpds.values()) {
            extended.mvpds_at_partners = at_partners;
        }
        extended
    }

    fn push(&mut self, proxy: &Arc<Mvpd>, list: &ProxiedList) {
        let mut behind = Vec::with_capacity(list.current.len());
        for mvpd in &list.former {
            if !self.is_taken(&mvpd.id, &proxy.id) {
                self.mvpds.insert(mvpd.id.clone(), Arc::new(self.record(proxy, mvpd)));
            }
        }
        for mvpd in &list.current {
            if self.is_taken(&mvpd.id, &proxy.id) {
                tracing::warn!(proxy = %proxy.id, id = %mvpd.id, "a pushed id is another provider's");
                continue;
            }
            self.mvpds.insert(mvpd.id.clone(), Arc::new(self.record(proxy, mvpd)));
            behind.push(mvpd.id.clone());
        }
        self.behind.insert(proxy.id.clone(), behind);
        self.pushed.insert(proxy.id.clone(), list.clone());
    }

    /// The record of a pushed provider: what the catalog says of it, else what holds for its proxy.
    fn record(&self, proxy: &Mvpd, pushed: &ProxiedMvpd) -> Mvpd {
        let written = self.mvpds.get(&pushed.id);
        let written = written.filter(|written| written.proxy.as_ref() == Some(&proxy.id));
        let record =
            written.map_or_else(|| unwritten(proxy, &pushed.id), |written| Mvpd::clone(written));
        Mvpd {
            display_name: pushed.display_name.clone(),
            logo_url: pushed.logo_url.clone().unwrap_or_else(|| proxy.logo_url.clone()),
            proxy: Some(proxy.id.clone()),
            provider_id: pushed.provider_id.clone(),
            iframe: pushed.iframe,
            service_providers: pushed.service_providers.clone(),
            ..record
        }
    }

    /// Builds the indexes of integrations: those the catalog names, and for every provider behind a
    /// proxy those its channels have with the proxy (`mvpd` X4).
    pub(super) fn integrate(&mut self) {
        let current: HashSet<&MvpdId> = self.behind.values().flatten().collect();
        let stands = |id: &MvpdId| {
            let mvpd = self.mvpds.get(id);
            mvpd.is_none_or(|mvpd| mvpd.proxy.is_none() || current.contains(id))
        };
        let written = || self.written.iter().filter(|it| stands(&it.mvpd));
        let mut known: HashMap<_, _> = written().map(|it| (key(it), Arc::clone(it))).collect();
        let mut by_channel: HashMap<ServiceProviderId, Vec<Arc<Integration>>> = HashMap::new();
        for integration in written() {
            let channel = &integration.service_provider;
            let listed = by_channel.entry(channel.clone()).or_default();
            listed.push(Arc::clone(integration));
            let behind = self.behind.get(&integration.mvpd).into_iter().flatten();
            for mvpd in behind.filter_map(|id| self.mvpds.get(id)) {
                let key = (channel.clone(), mvpd.id.clone());
                if is_meant_for(mvpd, channel) && !known.contains_key(&key) {
                    let derived = Integration { mvpd: mvpd.id.clone(), ..(**integration).clone() };
                    let derived = Arc::new(derived);
                    listed.push(Arc::clone(&derived));
                    known.insert(key, derived);
                }
            }
        }
        (self.integrations, self.integrations_by_channel) = (known, by_channel);
    }
}

fn key(integration: &Integration) -> (ServiceProviderId, MvpdId) {
    (integration.service_provider.clone(), integration.mvpd.clone())
}

fn is_meant_for(mvpd: &Mvpd, channel: &ServiceProviderId) -> bool {
    mvpd.service_providers.as_ref().is_none_or(|channels| channels.contains(channel))
}

/// What holds for a provider behind `proxy` of which the catalog says nothing.
fn unwritten(proxy: &Mvpd, id: &MvpdId) -> Mvpd {
    Mvpd {
        id: id.clone(),
        display_name: String::new(),
        logo_url: proxy.logo_url.clone(),
        kind: Kind::Proxied,
        proxy: Some(proxy.id.clone()),
        provider_id: None,
        entity_id: None,
        service_providers: None,
        iframe: None,
        authn: Endpoints::default(),
        authz: Endpoints::default(),
        preflight: None,
        logout: Endpoints::default(),
        protection: proxy.protection,
        connection: Connection::default(),
        temp_pass: None,
        settings: SettingsTable::default(),
        metadata: IndexMap::new(),
        sso_scope: proxy.sso_scope,
        partner: IndexMap::new(),
    }
}

/// A provider of the catalog as its proxy would describe it.
fn described(mvpd: &Mvpd) -> ProxiedMvpd {
    ProxiedMvpd {
        id: mvpd.id.clone(),
        provider_id: mvpd.provider_id.clone(),
        display_name: mvpd.display_name.clone(),
        logo_url: Some(mvpd.logo_url.clone()),
        iframe: mvpd.iframe,
        service_providers: mvpd.service_providers.clone(),
    }
}
