//! Which adapter stands behind which port: the embedded shape, one process and one directory.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use ipnet::IpNet;
use tokio::task::JoinHandle;
use url::{Host, Url};
use usher_clients::{Clients, ClientsConfig};
use usher_config::{Deployment, Explain, Settings, Throttle};
use usher_core::{Clock, Entropy, Secret};
use usher_cube::{Rules, Switches, Zone};
use usher_entitle::{
    Entitlement, EntitlementConfig, EntitlementPorts, Explanations, MediaTokenFormat, Privacy,
    PrivacyPorts, Unexplained, UserAgents,
};
use usher_http::{
    App, HttpSettings, Limit, Origins, Parts, PolicyNames, Readiness, ReportHosts, StreamSettings,
    ThrottleSettings, TrustForwardedFor,
};
use usher_jose::{Patience, SealingKey, Signer, SigningKey, SigningPool};
use usher_mvpd::{DemoProviders, Gateway, GatewayPorts, GatewaySettings, PlainHttp};
use usher_registry::{Proxies, Registry};
use usher_reports::{Api, Event, ReportSettings, Reports};
use usher_store_local::{
    ActivitySettings, EventSettings, ExplanationSettings, LocalActivity, LocalEvents,
    LocalExplanations, RollupSets,
};
use usher_store_sql::{
    Database, SqlAssertions, SqlChanges, SqlClients, SqlDegradation, SqlFrameworkSignIns,
    SqlPrivacyJobs, SqlProfiles, SqlProxiedLists, SqlSessions, SqlSso, SqlTrials,
};
use usher_streams::{Grain, Ports, Quota, Quotas, ReliefSettings, Streams, StreamsConfig};

use crate::demo::Past;
use crate::keys::Keys;
use crate::up_to_date::UpToDate;
use crate::{chores, events};

/// RSA signatures waiting for a thread; at 400 µs each the last of them waits half a second.
const SIGNATURES_WAITING_MAX: usize = 1_024;

/// How long a signature waits for the threads that only work while nobody else does: a dozen signatures' time.
const SIGNING_PATIENCE: Duration = Duration::from_millis(4);

/// A month as retention counts it: never shorter than the calendar's.
const MONTH: Duration = Duration::from_hours(24 * 31);

/// What a server is made from.
pub struct Wiring {
    /// How it shall behave.
    pub settings: Settings,
    /// Its data.
    pub stores: Stores,
    /// Where clients and browsers reach it.
    pub base_url: Url,
    /// Its catalog.
    pub registry: Arc<Registry>,
    /// Its keys.
    pub keys: Keys,
    /// The built-in TV providers, in the demo world.
    pub demo: Option<Arc<DemoProviders>>,
    /// Its time.
    pub clock: Arc<dyn Clock>,
    /// Its randomness.
    pub entropy: Arc<dyn Entropy>,
}

/// A server, put together: ready to serve, with its stores open and its chores running.
pub struct Wired {
    /// What handlers work with.
    pub app: App,
    stores: Stores,
    chores: Vec<JoinHandle<()>>,
}

/// Puts the services on the stores, and what must be known before the first request into memory.
pub async fn wire(wiring: Wiring) -> Result<Wired> {
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let patience = Patience::new(|| tokio::time::sleep(SIGNING_PATIENCE));
    let pool = SigningPool::new(threads, SIGNATURES_WAITING_MAX, patience)?;
    let (ours, world) = ((&wiring.keys, &wiring.base_url), (&wiring.clock, &wiring.entropy));
    let gateway = Arc::new(gateway(&wiring.settings, ours, &wiring.stores.database, world)?);
    let workshop = Workshop { wiring, pool, gateway };
    let entitlement = Arc::new(workshop.entitlement()?);
    let app = App::new(Parts {
        clients: Arc::new(workshop.clients()),
        privacy: Arc::new(workshop.privacy(Arc::clone(&entitlement))?),
        entitlement,
        streams: Arc::new(workshop.streams()?),
        reports: Arc::new(workshop.reports()?),
        changes: Arc::new(SqlChanges::new(workshop.wiring.stores.database.clone())),
        user_agents: UserAgents::default(),
        proxies: Arc::new(workshop.proxies()),
        settings: workshop.http()?,
        registry: Arc::clone(&workshop.wiring.registry),
        demo: workshop.wiring.demo.clone(),
        clock: Arc::clone(&workshop.wiring.clock),
        entropy: Arc::clone(&workshop.wiring.entropy),
        readiness: Readiness::default(),
    });
    app.proxies.refresh().await?;
    app.entitlement.refresh_degradation().await?;
    Ok(Wired { chores: chores::start(&app), app, stores: workshop.wiring.stores })
}

/// The embedded stores, open.
pub struct Stores {
    database: Database,
    events: Arc<LocalEvents>,
    activity: Arc<LocalActivity>,
    explanations: Option<Arc<LocalExplanations>>,
}

impl Stores {
    /// Opens the stores in `data_dir`, creating what is missing. Must be called inside a tokio
    /// runtime.
    pub async fn open(
        data_dir: &Path,
        settings: &Settings,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
    ) -> Result<Self> {
        let database = Database::open(&data_dir.join("usher.db")).await?;
        let events = open_events(data_dir, settings, Arc::clone(&clock), entropy)?;
        let directory = data_dir.join("activity");
        let bytes_max = settings.streams.memory_max_mib.saturating_mul(1024 * 1024);
        let bounds = ActivitySettings { bytes_max };
        let (journal, time) = (Arc::clone(&events) as _, Arc::clone(&clock));
        let activity = LocalActivity::open(&directory, bounds, journal, time).await?;
        let explanations = open_explanations(data_dir, &settings.explain, clock)?;
        Ok(Self { database, events, activity: Arc::new(activity), explanations })
    }

    fn explanations(&self) -> Arc<dyn Explanations> {
        match &self.explanations {
            Some(explanations) => Arc::clone(explanations) as _,
            None => Arc::new(Unexplained),
        }
    }
}

fn open_explanations(
    data_dir: &Path,
    settings: &Explain,
    clock: Arc<dyn Clock>,
) -> Result<Option<Arc<LocalExplanations>>> {
    if !settings.enabled {
        return Ok(None);
    }
    let space = u64::from(settings.space_mib) << 20;
    let settings = ExplanationSettings { retention: settings.retention, space };
    let explanations = LocalExplanations::open(&data_dir.join("explanations"), settings, clock)?;
    Ok(Some(Arc::new(explanations)))
}

/// Opens the events of a data directory.
fn open_events(
    data_dir: &Path,
    settings: &Settings,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
) -> Result<Arc<LocalEvents>> {
    let switches = switches(settings);
    let settings = EventSettings {
        zone: Zone::parse(&settings.reports.zone)?,
        retention: MONTH * settings.reports.retention_months,
        rollups: RollupSets {
            esm: Reports::rollups(Api::Esm, switches)?,
            cmu: Reports::rollups(Api::Cmu, switches)?,
        },
        ..EventSettings::default()
    };
    Ok(Arc::new(LocalEvents::open(&events_dir(data_dir), settings, clock, entropy)?))
}

/// Where the events of a data directory are.
pub fn events_dir(data_dir: &Path) -> PathBuf {
    data_dir.join("events")
}

/// What is switched on in reports.
fn switches(settings: &Settings) -> Switches {
    Switches { minute_reports: settings.reports.minute, ..Switches::default() }
}

/// The way to TV providers.
pub(crate) fn gateway(
    settings: &Settings,
    (keys, base_url): (&Keys, &Url),
    database: &Database,
    (clock, entropy): (&Arc<dyn Clock>, &Arc<dyn Entropy>),
) -> Result<Gateway> {
    let entity_id = saml_entity_id(&settings.deployment, base_url);
    let ports = GatewayPorts {
        assertions: Arc::new(SqlAssertions::new(database.clone())),
        clock: Arc::clone(clock),
        entropy: Arc::clone(entropy),
    };
    let proxy = settings.providers.egress_proxy.as_deref();
    let proxy = proxy.map(Url::parse).transpose().context("`providers.egress_proxy` is no URL")?;
    let plain_http =
        if settings.providers.allow_plain_http { PlainHttp::Allowed } else { PlainHttp::Refused };
    let settings = GatewaySettings {
        egress_proxy: proxy,
        plain_http,
        ..GatewaySettings::new(keys.saml.settings(entity_id))
    };
    Ok(Gateway::new(base_url, settings, ports)?)
}

/// Our SAML entity id: the configured one, else `https://saml.sp.{domain}` (`mvpd` §5.2); where the
/// server has no domain, the address of its metadata.
pub(crate) fn saml_entity_id(deployment: &Deployment, base_url: &Url) -> String {
    deployment.saml_entity_id.clone().unwrap_or_else(|| match base_url.host() {
        Some(Host::Domain(domain)) if domain != "localhost" => format!("https://saml.sp.{domain}"),
        _ => format!("{}/sp/metadata", base_url.as_str().trim_end_matches('/')),
    })
}

/// What services are built from.
struct Workshop {
    wiring: Wiring,
    pool: SigningPool,
    gateway: Arc<Gateway>,
}

impl Workshop {
    fn clients(&self) -> Clients {
        let Wiring { settings, keys, registry, clock, entropy, .. } = &self.wiring;
        Clients::new(
            ClientsConfig {
                issuer: settings.deployment.issuer.clone(),
                accepted_issuers: settings.deployment.accepted_issuers.clone(),
                access_token_ttl: settings.entitlement.access_token_ttl,
                statement_key: Arc::clone(&keys.statements),
                token_signer: self.signer(&keys.access_tokens),
                former_statement_keys: Vec::new(),
                former_token_keys: Vec::new(),
            },
            Arc::new(SqlClients::new(self.wiring.stores.database.clone())),
            Arc::clone(registry),
            Arc::clone(clock),
            Arc::clone(entropy),
        )
    }

    fn entitlement(&self) -> Result<Entitlement> {
        let Wiring { settings, keys, base_url, registry, clock, entropy, .. } = &self.wiring;
        let (clock, entropy) = (Arc::clone(clock), Arc::clone(entropy));
        let (media_token_format, media_token_key) = match settings.entitlement.media_token_format {
            usher_config::MediaTokenFormat::Xml => (MediaTokenFormat::Xml, &keys.media_tokens),
            usher_config::MediaTokenFormat::Jws => (MediaTokenFormat::Jws, &keys.media_tokens_jws),
        };
        let ports = EntitlementPorts {
            clock,
            entropy,
            registry: Arc::clone(registry),
            sessions: Arc::new(SqlSessions::new(self.wiring.stores.database.clone())),
            profiles: Arc::new(SqlProfiles::new(self.wiring.stores.database.clone())),
            trials: Arc::new(SqlTrials::new(self.wiring.stores.database.clone())),
            assertions: Arc::new(SqlAssertions::new(self.wiring.stores.database.clone())),
            degradation: Arc::new(SqlDegradation::new(self.wiring.stores.database.clone())),
            changes: Arc::new(SqlChanges::new(self.wiring.stores.database.clone())),
            sso: Arc::new(SqlSso::new(self.wiring.stores.database.clone())),
            framework_sign_ins: Arc::new(SqlFrameworkSignIns::new(
                self.wiring.stores.database.clone(),
            )),
            sign_in: Arc::clone(&self.gateway) as _,
            authorization: Arc::clone(&self.gateway) as _,
            journal: Arc::clone(&self.wiring.stores.events) as _,
            explanations: self.wiring.stores.explanations(),
            media_token_signer: self.signer(media_token_key),
            service_token_signer: self.signer(&keys.service_tokens),
            sealing: SealingKey::new(&keys.sealing)?,
        };
        let config = EntitlementConfig {
            code_ttl: settings.entitlement.code_ttl,
            link_code_ttl: settings.entitlement.link_code_ttl,
            media_token_ttl: settings.entitlement.media_token_ttl,
            media_token_format,
            authz_ttl: settings.entitlement.authz_ttl,
            profile_ttl: settings.entitlement.profile_ttl,
            pass_duration: settings.temppass.duration,
            pass_retention: settings.temppass.retention,
            authz_all_requires_profile: settings.entitlement.authzall_requires_profile,
            mvpd_deadline: settings.entitlement.mvpd_deadline,
            issuer: settings.deployment.issuer.clone(),
            region: settings.deployment.region.clone(),
            base_url: base_url.as_str().trim_end_matches('/').to_owned(),
            pseudonym_key: keys.fingerprint.clone(),
        };
        Ok(Entitlement::new(ports, config))
    }

    fn privacy(&self, entitlement: Arc<Entitlement>) -> Result<Privacy> {
        let Wiring { stores, keys, registry, clock, entropy, .. } = &self.wiring;
        Ok(Privacy::new(PrivacyPorts {
            clock: Arc::clone(clock),
            entropy: Arc::clone(entropy),
            registry: Arc::clone(registry),
            jobs: Arc::new(SqlPrivacyJobs::new(stores.database.clone())),
            records: Arc::clone(&stores.events) as _,
            entitlement,
            sealing: SealingKey::new(&keys.sealing)?,
            link_key: Secret::new(derived(&keys.fingerprint, b"privacy links")),
        }))
    }

    fn proxies(&self) -> Proxies {
        let Wiring { stores, registry, clock, .. } = &self.wiring;
        let lists = Arc::new(SqlProxiedLists::new(stores.database.clone()));
        let changes = Arc::new(SqlChanges::new(stores.database.clone()));
        Proxies::new(Arc::clone(registry), lists, changes, Arc::clone(clock))
    }

    fn streams(&self) -> Result<Streams> {
        let Wiring { settings, keys, registry, clock, entropy, .. } = &self.wiring;
        let ports = Ports {
            store: Arc::clone(&self.wiring.stores.activity) as _,
            journal: Arc::clone(&self.wiring.stores.events) as _,
            registry: Arc::clone(registry),
            clock: Arc::clone(clock),
            entropy: Arc::clone(entropy),
        };
        let config = StreamsConfig {
            heartbeat_interval: Some(settings.streams.heartbeat_interval),
            activity_window: settings.streams.activity_window,
            throttle: settings.throttle.enabled.then(|| quotas(&settings.streams)),
            strict_metadata: settings.streams.strict_standard_metadata,
            jitter: settings.streams.heartbeat_jitter,
            relief: ReliefSettings {
                stretch_max: settings.streams.stretch_max,
                lag_max: settings.streams.stretch_above,
            },
            report_grain: self.report_grain()?,
            seal_key: stream_seal(&keys.fingerprint),
        };
        Ok(Streams::new(ports, config))
    }

    /// Reports by the hour need the first heartbeat of each quarter of an hour only, where hours begin
    /// with one.
    fn report_grain(&self) -> Result<Grain> {
        let reports = &self.wiring.settings.reports;
        let local = Zone::parse(&reports.zone)?.civil(0);
        let is_usual = local.is_some_and(|local| local.minute() % 15 == 0 && local.second() == 0);
        Ok(if reports.minute || !is_usual { Grain::MINUTE } else { Grain::QUARTER })
    }

    fn reports(&self) -> Result<Reports> {
        let zone = Zone::parse(&self.wiring.settings.reports.zone)?;
        let settings = ReportSettings {
            rules: Rules { zone, ..Rules::default() },
            switches: switches(&self.wiring.settings),
        };
        let Stores { events, activity, .. } = &self.wiring.stores;
        let warehouse = UpToDate::new(Arc::clone(events) as _, Arc::clone(activity) as _);
        Ok(Reports::new(settings, Arc::new(warehouse), Arc::clone(&self.wiring.clock))?)
    }

    fn http(&self) -> Result<HttpSettings> {
        let Wiring { settings, keys, base_url, .. } = &self.wiring;
        let Throttle { enabled, rate, burst, trust_forwarded_for, exempt } = &settings.throttle;
        Ok(HttpSettings {
            base_url: base_url.clone(),
            help_url: settings.deployment.help_url.clone(),
            admin_token: keys.admin_token.clone(),
            environment: settings.deployment.environment.clone(),
            sso_table_names: settings.entitlement.sso_table_names,
            throttle: ThrottleSettings {
                limit: enabled.then_some(Limit { rate: *rate, burst: *burst }),
                trust_forwarded_for: trusted(trust_forwarded_for)?,
                exempt: networks(exempt)
                    .context("`throttle.exempt` lists something that is no network")?,
            },
            report_hosts: ReportHosts {
                esm: settings.reports.esm_host.clone(),
                cmu: settings.reports.cmu_host.clone(),
            },
            streams: stream_settings(&settings.streams, base_url),
            media_token_keys: vec![keys.media_tokens_jws.public().clone()],
            media_token_certificate: keys.media_token_certificate.clone(),
            saml_metadata: self.gateway.service_provider_metadata().to_owned(),
        })
    }

    fn signer(&self, key: &Arc<SigningKey>) -> Signer {
        Signer::new(Arc::clone(key), self.pool.clone())
    }
}

/// A key that serves one purpose alone.
fn derived(fingerprint: &Secret<[u8; 32]>, purpose: &[u8]) -> [u8; 32] {
    usher_jose::hmac_sha256(fingerprint.expose(), purpose)
}

/// The key that makes stream ids recognisable.
fn stream_seal(fingerprint: &Secret<[u8; 32]>) -> Secret<[u8; 16]> {
    let derived = derived(fingerprint, b"stream ids");
    Secret::new(std::array::from_fn(|at| derived.get(at).copied().unwrap_or_default()))
}

fn quotas(settings: &usher_config::Streams) -> Quotas {
    let quota = |calls| Quota { calls, per: settings.throttle_window };
    Quotas {
        per_session: quota(settings.session_calls),
        per_subject: quota(settings.subject_starts),
    }
}

fn stream_settings(settings: &usher_config::Streams, base_url: &Url) -> StreamSettings {
    let origins = if settings.allowed_origins.iter().any(|origin| origin == "*") {
        Origins::Any
    } else {
        Origins::Listed(settings.allowed_origins.clone())
    };
    let policy_names =
        if settings.prefix_policy_names { PolicyNames::WithOwner } else { PolicyNames::Plain };
    StreamSettings {
        challenge: settings.challenge,
        origins,
        policy_names,
        termination_message: settings.termination_message.clone(),
        over_tls: base_url.scheme() == "https",
    }
}

fn trusted(setting: &usher_config::TrustForwardedFor) -> Result<TrustForwardedFor> {
    Ok(match setting {
        usher_config::TrustForwardedFor::Always => TrustForwardedFor::Always,
        usher_config::TrustForwardedFor::Never => TrustForwardedFor::Never,
        usher_config::TrustForwardedFor::Peers(listed) => {
            let context = "`throttle.trust_forwarded_for` lists something that is no network";
            TrustForwardedFor::Peers(networks(listed).context(context)?)
        }
    })
}

fn networks(listed: &[String]) -> Result<Vec<IpNet>, ipnet::AddrParseError> {
    listed.iter().map(|network| network.parse()).collect()
}

impl Wired {
    /// Adds events; those whose ids are known change nothing. Returns how many were new.
    pub async fn add_events(&self, events: Vec<Event>) -> Result<usize> {
        Ok(self.stores.events.import(events).await?)
    }

    /// Tells the reports a made-up past.
    pub async fn tell(&self, past: Past) -> Result<()> {
        events::tell(&self.stores.events, past, &mut |_, _| {}).await.map(|_| ())
    }

    /// Closes every day that is over, without waiting for what may still come: reports of it then read little.
    pub async fn close_days(&self) -> Result<()> {
        Ok(self.stores.events.settle().await?)
    }

    /// Stops the chores, writes what is still waiting, closes the stores.
    pub async fn close(self) -> Result<()> {
        for chore in &self.chores {
            chore.abort();
        }
        self.stores.activity.close().await;
        if let Some(explanations) = &self.stores.explanations {
            explanations.close().await;
        }
        self.stores.events.close().await?;
        self.stores.database.close().await;
        Ok(())
    }
}
