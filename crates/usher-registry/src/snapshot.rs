//! One validated revision.

mod lost;
mod organization;
mod proxied;
mod revision;

use std::collections::{HashMap, HashSet};
use std::hash::Hash;
use std::sync::Arc;

use usher_core::{
    ApplicationId, MediaCompanyId, MvpdId, ServiceProviderId, SoftwareId, TenantId, Timestamp,
};

use crate::mvpd::platforms;
use crate::proxied::PushedLists;
use crate::{
    Assigned, Catalog, CatalogError, EffectiveSettings, Integration, Kind, MediaCompany, Mvpd,
    OWN_SERVICE_TOKEN_ISSUER, Platform, PlatformCategory, PlatformIdentity, Policy,
    RegisteredApplication, ServiceProvider, ServiceTokenIssuer, StreamApplication, Tenant,
};

pub use lost::LostEndpoint;
pub use organization::OrganizationScope;
pub use revision::Revision;

/// First path segments that would be ambiguous as channel ids (`pass-rest-v2` §1).
const RESERVED_SERVICE_PROVIDERS: [&str; 4] = ["authenticate", "sessions", "logout", "profiles"];

/// An immutable, validated revision of the catalog with its indexes.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    media_companies: HashMap<MediaCompanyId, Arc<MediaCompany>>,
    service_providers: HashMap<ServiceProviderId, Arc<ServiceProvider>>,
    mvpds: HashMap<MvpdId, Arc<Mvpd>>,
    /// By what the owner of a platform calls them.
    mvpds_at_partners: HashMap<Platform, HashMap<String, Arc<Mvpd>>>,
    /// The integrations the document names, in its order.
    written: Vec<Arc<Integration>>,
    /// The providers behind each proxy, in the order they were given.
    behind: HashMap<MvpdId, Vec<MvpdId>>,
    /// What proxies pushed.
    pushed: PushedLists,
    integrations: HashMap<(ServiceProviderId, MvpdId), Arc<Integration>>,
    /// In the order of the document, which is the order of the picker.
    integrations_by_channel: HashMap<ServiceProviderId, Vec<Arc<Integration>>>,
    applications: HashMap<SoftwareId, Arc<RegisteredApplication>>,
    tenants: HashMap<TenantId, Arc<Tenant>>,
    stream_applications: HashMap<ApplicationId, Arc<StreamApplication>>,
    policies: HashMap<String, Arc<Policy>>,
    platform_identities: HashMap<String, Arc<PlatformIdentity>>,
    service_token_issuers: HashMap<String, Arc<ServiceTokenIssuer>>,
    revised_at: Timestamp,
    revision: Revision,
}

impl Snapshot {
    /// Validates `catalog` and builds its indexes. `revised_at` is when it was read.
    pub fn check(catalog: Catalog, revised_at: Timestamp) -> Result<Self, CatalogError> {
        let written: Vec<_> = catalog.integrations.into_iter().map(Arc::new).collect();
        check_twice(&written)?;
        let mut behind: HashMap<MvpdId, Vec<MvpdId>> = HashMap::new();
        for mvpd in &catalog.mvpds {
            if let Some(proxy) = &mvpd.proxy {
                behind.entry(proxy.clone()).or_default().push(mvpd.id.clone());
            }
        }
        let mvpds = index("MVPD", catalog.mvpds, |it| it.id.clone())?;
        let mut snapshot = Self {
            media_companies: index("media company", catalog.media_companies, |it| it.id.clone())?,
            service_providers: index("service provider", catalog.service_providers, |it| {
                it.id.clone()
            })?,
            mvpds_at_partners: at_partners(mvpds.values())?,
            mvpds,
            written,
            behind,
            pushed: PushedLists::new(),
            integrations: HashMap::new(),
            integrations_by_channel: HashMap::new(),
            applications: index("application", catalog.applications, |it| it.id.clone())?,
            tenants: index("tenant", catalog.tenants, |it| it.id.clone())?,
            stream_applications: index("stream application", catalog.stream_applications, |it| {
                it.id.clone()
            })?,
            policies: index("policy", catalog.policies, |it| it.name.clone())?,
            platform_identities: index("platform identity", catalog.platform_identities, |it| {
                it.issuer.clone()
            })?,
            service_token_issuers: index(
                "service token issuer",
                catalog.service_token_issuers,
                |it| it.issuer.clone(),
            )?,
            revised_at,
            revision: Revision::fresh(),
        };
        snapshot.integrate();
        snapshot.check_channels()?;
        snapshot.check_integrations()?;
        snapshot.check_applications()?;
        snapshot.check_streams()?;
        snapshot.check_sso()?;
        Ok(snapshot)
    }

    /// Which revision this is.
    pub const fn revision(&self) -> Revision {
        self.revision
    }

    /// When this revision was read.
    pub const fn revised_at(&self) -> Timestamp {
        self.revised_at
    }

    /// The media company `id`.
    pub fn media_company(&self, id: &MediaCompanyId) -> Option<&Arc<MediaCompany>> {
        self.media_companies.get(id)
    }

    /// The channel `id`.
    pub fn service_provider(&self, id: &str) -> Option<&Arc<ServiceProvider>> {
        self.service_providers.get(id)
    }

    /// All channels, in no order.
    pub fn service_providers(&self) -> impl Iterator<Item = &Arc<ServiceProvider>> {
        self.service_providers.values()
    }

    /// All channels of a company, in no order.
    pub fn service_providers_of<'s>(
        &'s self,
        company: &'s MediaCompanyId,
    ) -> impl Iterator<Item = &'s Arc<ServiceProvider>> {
        self.service_providers.values().filter(move |channel| channel.media_company == *company)
    }

    /// The TV provider `id`, whether integrated or not.
    pub fn mvpd(&self, id: &str) -> Option<&Arc<Mvpd>> {
        self.mvpds.get(id)
    }

    /// The provider that the owner of `platform` knows by this mapping id.
    pub fn mvpd_at_partner(&self, platform: Platform, mapping_id: &str) -> Option<&Arc<Mvpd>> {
        self.mvpds_at_partners.get(&platform)?.get(mapping_id)
    }

    /// All TV providers, in no order.
    pub fn mvpds(&self) -> impl Iterator<Item = &Arc<Mvpd>> {
        self.mvpds.values()
    }

    /// The *active* integration of a channel with a TV provider. Proxies are no choice of viewers.
    pub fn integration(
        &self,
        service_provider: &ServiceProviderId,
        mvpd: &MvpdId,
    ) -> Option<&Arc<Integration>> {
        self.integrations
            .get(&(service_provider.clone(), mvpd.clone()))
            .filter(|integration| integration.enabled)
            .filter(|_| self.mvpds.get(mvpd).is_some_and(|mvpd| mvpd.kind != Kind::Proxy))
    }

    /// The active integrations of a channel, with their TV providers, in the document's order.
    pub fn integrations_of(
        &self,
        service_provider: &ServiceProviderId,
    ) -> impl Iterator<Item = (&Arc<Integration>, &Arc<Mvpd>)> {
        self.integrations_by_channel
            .get(service_provider)
            .into_iter()
            .flatten()
            .filter(|integration| integration.enabled)
            .filter_map(|integration| Some((integration, self.mvpds.get(&integration.mvpd)?)))
            .filter(|(_, mvpd)| mvpd.kind != Kind::Proxy)
    }

    /// The settings of an integration on a platform (`mvpd` §4).
    pub fn settings(
        &self,
        integration: &Integration,
        category: PlatformCategory,
        platform: Option<Platform>,
    ) -> EffectiveSettings {
        let mvpd = self.mvpds.get(&integration.mvpd);
        let speaker = mvpd.map(|mvpd| self.speaker(mvpd));
        let proxied = mvpd.filter(|mvpd| mvpd.proxy.is_some());
        let levels: Vec<_> = speaker
            .into_iter()
            .flat_map(|speaker| speaker.settings_at(&integration.endpoints))
            .chain(proxied.map(|mvpd| &mvpd.settings))
            .chain([&integration.settings])
            .collect();
        EffectiveSettings::resolve(&levels, category, platform)
    }

    /// The registered application `id`, whatever its status.
    pub fn application(&self, id: &SoftwareId) -> Option<&Arc<RegisteredApplication>> {
        self.applications.get(id)
    }

    /// All registered applications, in no order.
    pub fn applications(&self) -> impl Iterator<Item = &Arc<RegisteredApplication>> {
        self.applications.values()
    }

    /// Whether `application` may act for channel `id`.
    pub fn is_assigned(&self, application: &RegisteredApplication, id: &ServiceProviderId) -> bool {
        match &application.assigned {
            Assigned::MediaCompany(company) => self
                .service_providers
                .get(id)
                .is_some_and(|channel| channel.media_company == *company),
            Assigned::ServiceProviders(channels) => channels.contains(id),
            Assigned::Mvpd { .. } | Assigned::Tenant(_) => false,
        }
    }

    /// The channels `application` acts for, in no order.
    pub fn channels_of<'s>(
        &'s self,
        application: &'s RegisteredApplication,
    ) -> impl Iterator<Item = &'s Arc<ServiceProvider>> {
        self.service_providers.values().filter(|channel| self.is_assigned(application, &channel.id))
    }

    /// The tenant `id`.
    pub fn tenant(&self, id: &TenantId) -> Option<&Arc<Tenant>> {
        self.tenants.get(id)
    }

    /// The stream application `id`.
    pub fn stream_application(&self, id: &str) -> Option<&Arc<StreamApplication>> {
        self.stream_applications.get(id)
    }

    /// All stream applications, in no order.
    pub fn stream_applications(&self) -> impl Iterator<Item = &Arc<StreamApplication>> {
        self.stream_applications.values()
    }

    /// The policies of a stream application, in its order.
    pub fn policies<'s>(
        &'s self,
        application: &'s StreamApplication,
    ) -> impl Iterator<Item = &'s Arc<Policy>> {
        application.policies.iter().filter_map(|name| self.policies.get(name))
    }

    /// The platform whose tokens have this `iss`.
    pub fn platform_identity(&self, issuer: &str) -> Option<&Arc<PlatformIdentity>> {
        self.platform_identities.get(issuer)
    }

    /// All platforms whose tokens are accepted, in no order.
    pub fn platform_identities(&self) -> impl Iterator<Item = &Arc<PlatformIdentity>> {
        self.platform_identities.values()
    }

    /// The identity service whose tokens have this `iss`.
    pub fn service_token_issuer(&self, issuer: &str) -> Option<&Arc<ServiceTokenIssuer>> {
        self.service_token_issuers.get(issuer)
    }

    fn check_sso(&self) -> Result<(), CatalogError> {
        for issuer in self.service_token_issuers.values() {
            let from = || format!("service token issuer `{}`", issuer.issuer);
            if issuer.issuer == OWN_SERVICE_TOKEN_ISSUER {
                return invalid(
                    from(),
                    "this name is that of the built-in service; choose another",
                );
            }
            for company in &issuer.media_companies {
                exists(&self.media_companies, company, "media company", from)?;
            }
        }
        for platform in self.platform_identities.values() {
            if platform.hs256_secret.is_none() && platform.public_keys.is_empty() {
                let from = format!("platform identity `{}`", platform.issuer);
                return invalid(from, "give it an `hs256_secret` or `public_keys`");
            }
        }
        Ok(())
    }

    fn check_channels(&self) -> Result<(), CatalogError> {
        for channel in self.service_providers.values() {
            let from = || format!("service provider `{}`", channel.id);
            exists(&self.media_companies, &channel.media_company, "media company", from)?;
            if RESERVED_SERVICE_PROVIDERS.contains(&channel.id.as_str()) {
                return invalid(from(), "this id is a word of the API's paths; choose another");
            }
            if channel.domains.iter().any(|domain| domain.name != domain.name.to_lowercase()) {
                return invalid(from(), "write domains in lower case");
            }
        }
        Ok(())
    }

    fn check_integrations(&self) -> Result<(), CatalogError> {
        for mvpd in self.mvpds.values() {
            let from = || format!("MVPD `{}`", mvpd.id);
            if let Some(proxy) = &mvpd.proxy {
                exists(&self.mvpds, proxy, "MVPD", from)?;
            }
            let proxy = mvpd.proxy.as_ref().and_then(|proxy| self.mvpds.get(proxy));
            let well = match proxy {
                Some(proxy) => mvpd.kind == Kind::Proxied && proxy.kind == Kind::Proxy,
                None => mvpd.kind != Kind::Proxied,
            };
            if !well {
                return invalid(from(), "a proxied MVPD, and no other, names its `proxy`");
            }
            if let Some(problem) = mvpd.problem() {
                return invalid(from(), &problem);
            }
        }
        for integration in self.integrations.values() {
            let from =
                || format!("integration `{}_{}`", integration.service_provider, integration.mvpd);
            exists(
                &self.service_providers,
                &integration.service_provider,
                "service provider",
                from,
            )?;
            exists(&self.mvpds, &integration.mvpd, "MVPD", from)?;
            if let Some(problem) = self.contradiction(integration) {
                return invalid(from(), &problem);
            }
        }
        Ok(())
    }

    /// What an integration says against its MVPD.
    fn contradiction(&self, integration: &Integration) -> Option<String> {
        let mvpd = self.mvpds.get(&integration.mvpd)?;
        if mvpd.kind == Kind::Proxy {
            return None;
        }
        let speaker = self.speaker(mvpd);
        speaker.lacks(&integration.endpoints).or_else(|| {
            let outlasts = |(category, platform)| {
                let settings = self.settings(integration, category, platform);
                speaker.outlasts(&integration.endpoints, &settings)
            };
            let ttl = platforms().find_map(outlasts)?;
            Some(format!("`{ttl}` outlasts the refresh tokens (`refresh_ttl`) of the MVPD"))
        })
    }

    /// The one that answers for `mvpd`: itself, or its proxy.
    fn speaker<'s>(&'s self, mvpd: &'s Arc<Mvpd>) -> &'s Arc<Mvpd> {
        mvpd.proxy.as_ref().and_then(|proxy| self.mvpds.get(proxy)).unwrap_or(mvpd)
    }

    fn check_applications(&self) -> Result<(), CatalogError> {
        let mut names = HashSet::new();
        for application in self.applications.values() {
            let from = || format!("application `{}`", application.name);
            if !names.insert(application.name.as_str()) {
                return Err(CatalogError::Duplicate {
                    kind: "application name",
                    id: application.name.clone(),
                });
            }
            match &application.assigned {
                Assigned::MediaCompany(id) => {
                    exists(&self.media_companies, id, "media company", from)?;
                }
                Assigned::ServiceProviders(ids) => {
                    for id in ids {
                        exists(&self.service_providers, id, "service provider", from)?;
                    }
                }
                Assigned::Mvpd { id, proxy } => {
                    for id in std::iter::once(id).chain(proxy) {
                        exists(&self.mvpds, id, "MVPD", from)?;
                    }
                }
                Assigned::Tenant(id) => exists(&self.tenants, id, "tenant", from)?,
            }
        }
        Ok(())
    }

    fn check_streams(&self) -> Result<(), CatalogError> {
        for application in self.stream_applications.values() {
            let from = || format!("stream application `{}`", application.id);
            exists(&self.tenants, &application.tenant, "tenant", from)?;
            for policy in &application.policies {
                exists(&self.policies, policy, "policy", from)?;
            }
        }
        for policy in self.policies.values() {
            let from = || format!("policy `{}`", policy.name);
            exists(&self.tenants, &policy.owner, "tenant", from)?;
        }
        Ok(())
    }
}

fn invalid(entity: String, problem: &str) -> Result<(), CatalogError> {
    Err(CatalogError::Invalid { entity, problem: problem.to_owned() })
}

fn exists<K: Eq + Hash + ToString, V>(
    index: &HashMap<K, V>,
    id: &K,
    kind: &'static str,
    from: impl Fn() -> String,
) -> Result<(), CatalogError> {
    if index.contains_key(id) {
        return Ok(());
    }
    Err(CatalogError::Dangling { from: from(), kind, id: id.to_string() })
}

fn index<K: Eq + Hash + ToString, V>(
    kind: &'static str,
    entities: Vec<V>,
    key: impl Fn(&V) -> K,
) -> Result<HashMap<K, Arc<V>>, CatalogError> {
    let mut index = HashMap::with_capacity(entities.len());
    for entity in entities {
        let id = key(&entity);
        let text = id.to_string();
        if index.insert(id, Arc::new(entity)).is_some() {
            return Err(CatalogError::Duplicate { kind, id: text });
        }
    }
    Ok(index)
}

/// Providers by platform and by what its owner calls them.
fn at_partners<'m>(
    mvpds: impl Iterator<Item = &'m Arc<Mvpd>>,
) -> Result<HashMap<Platform, HashMap<String, Arc<Mvpd>>>, CatalogError> {
    let mut known: HashMap<Platform, HashMap<String, Arc<Mvpd>>> = HashMap::new();
    for mvpd in mvpds {
        for (platform, at_partner) in &mvpd.partner {
            let id = at_partner.mapping_id.clone();
            let other = known.entry(*platform).or_default().insert(id, Arc::clone(mvpd));
            if other.is_some() {
                let id = at_partner.mapping_id.clone();
                return Err(CatalogError::Duplicate { kind: "partner mapping", id });
            }
        }
    }
    Ok(known)
}

fn check_twice(integrations: &[Arc<Integration>]) -> Result<(), CatalogError> {
    let mut known = HashSet::new();
    for integration in integrations {
        if !known.insert((&integration.service_provider, &integration.mvpd)) {
            let id = format!("{}_{}", integration.service_provider, integration.mvpd);
            return Err(CatalogError::Duplicate { kind: "integration", id });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMPANY: &str = r#"
        [[media_companies]]
        id = "acme"
        name = "Acme Media"
    "#;

    fn check(more: &str) -> Result<Snapshot, CatalogError> {
        let catalog = Catalog::from_toml(&format!("{COMPANY}{more}"))?;
        Snapshot::check(catalog, Timestamp::default())
    }

    fn complaint(more: &str) -> String {
        check(more).err().map(|error| error.to_string()).unwrap_or_default()
    }

    #[test]
    fn an_id_used_twice_is_refused() {
        assert_eq!(
            complaint(COMPANY),
            "media company `acme` is defined twice: remove or rename one"
        );
    }

    #[test]
    fn a_reference_to_nothing_is_refused() {
        let channel = r#"
            [[service_providers]]
            id = "ONE"
            name = "One"
            media_company = "nobody"
            domains = []
        "#;
        assert_eq!(
            complaint(channel),
            "service provider `ONE` refers to media company `nobody`, which is not defined"
        );
    }

    #[test]
    fn a_word_of_the_paths_is_no_channel_id() {
        let channel = r#"
            [[service_providers]]
            id = "sessions"
            name = "Sessions"
            media_company = "acme"
            domains = []
        "#;
        assert!(complaint(channel).contains("choose another"));
    }

    #[test]
    fn an_unknown_key_is_refused() {
        assert!(complaint("colour = 'red'").contains("colour"));
    }
}
