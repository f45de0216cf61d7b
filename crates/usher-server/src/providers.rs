//! A deployment's providers, looked at from beside the server (`usher mvpd`).
//!
//! Opens the catalog, the keys and the database, not what only one process may have; the server may run.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use url::Url;
use usher_config::Settings;
use usher_core::{ClientId, Clock, DeviceId, Entropy, EntropyExt};
use usher_entitle::{
    AuthenticationSession, Code, Holder, Origin, Profile, ProfileKey, ProfileStore, RedirectUrl,
    SessionStore, Stage, Target,
};
use usher_jose::OsEntropy;
use usher_mvpd::{Finding, Gateway};
use usher_registry::{Proxies, Registry, ServiceProvider, Snapshot};
use usher_store_sql::{Database, SqlChanges, SqlProfiles, SqlProxiedLists, SqlSessions};

use crate::clock::SystemClock;
use crate::demo;
use crate::keys::{KeyRing, Keys};
use crate::wiring::{gateway, saml_entity_id};
use crate::{catalog, files};

/// How long a test sign-in may take.
const TEST_LIFE: Duration = Duration::from_mins(30);
/// Who asks for test sign-ins.
const TEST_CLIENT: &str = "usher mvpd check";

/// The providers of a deployment.
pub struct Providers {
    snapshot: Arc<Snapshot>,
    gateway: Gateway,
    sessions: SqlSessions,
    profiles: SqlProfiles,
    base_url: Url,
    entity_id: String,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
}

/// A sign-in to be tried in a browser.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TestSignIn {
    /// Where the browser begins.
    pub url: String,
    /// What the outcome is asked for by.
    pub code: String,
}

impl Providers {
    /// Those of the deployment that `settings` describe.
    pub async fn of_deployment(settings: &Settings) -> Result<Self> {
        let clock = SystemClock;
        let base_url = match &settings.server.base_url {
            Some(url) => Url::parse(url).context("`server.base_url` is no URL")?,
            None => origin(settings.server.listen)?,
        };
        let data = &settings.server.data_dir;
        files::make_private(data)?;
        let keys = Keys::open(&KeyRing::open(&data.join("keys"))?, clock.now())?;
        let snapshot = catalog::read(&settings.server.catalog, clock.now())?;
        Self::open(settings, (snapshot, keys), base_url, data).await
    }

    /// Those of the demo world in `data`.
    pub async fn of_demo(data: &Path) -> Result<Self> {
        let handout = data.join("demo.json");
        let handout: Value = std::fs::read(&handout)
            .map_err(anyhow::Error::from)
            .and_then(|text| Ok(serde_json::from_slice(&text)?))
            .with_context(|| {
                format!(
                    "{} is not there: start `usher demo --data {}`",
                    handout.display(),
                    data.display()
                )
            })?;
        let base_url = handout.get("base_url").and_then(Value::as_str).unwrap_or_default();
        let base_url = Url::parse(base_url).context("demo.json names no `base_url`")?;
        let settings = demo::settings(&[])?;
        let now = SystemClock.now();
        let (keys, demo_keys) = demo::DemoKeys::open(&KeyRing::open(&data.join("keys"))?, now)?;
        let catalog = demo::filled(demo::CATALOG, &base_url, &demo_keys)?;
        let snapshot = Snapshot::check(catalog, now)?;
        Self::open(&settings, (snapshot, keys), base_url, data).await
    }

    async fn open(
        settings: &Settings,
        (snapshot, keys): (Snapshot, Keys),
        base_url: Url,
        data: &Path,
    ) -> Result<Self> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let entropy: Arc<dyn Entropy> = Arc::new(OsEntropy);
        let database = Database::open(&data.join("usher.db")).await?;
        let registry = Arc::new(Registry::new(snapshot));
        let lists = Arc::new(SqlProxiedLists::new(database.clone()));
        let changes = Arc::new(SqlChanges::new(database.clone()));
        Proxies::new(Arc::clone(&registry), lists, changes, Arc::clone(&clock)).refresh().await?;
        Ok(Self {
            snapshot: registry.snapshot(),
            gateway: gateway(settings, (&keys, &base_url), &database, (&clock, &entropy))?,
            sessions: SqlSessions::new(database.clone()),
            profiles: SqlProfiles::new(database),
            entity_id: saml_entity_id(&settings.deployment, &base_url),
            base_url,
            clock,
            entropy,
        })
    }

    /// What is to be said about the provider `id`.
    pub async fn check(&self, id: &str) -> Result<Vec<Finding>> {
        let found = self.gateway.check(&self.snapshot, id).await;
        found.with_context(|| {
            let mut known: Vec<_> = self.snapshot.mvpds().map(|mvpd| mvpd.id.as_str()).collect();
            known.sort_unstable();
            format!("the catalog has no MVPD `{id}`, only {}", known.join(", "))
        })
    }

    /// What a provider has to be told about this deployment: names and values.
    pub fn about_us(&self) -> Vec<(&'static str, String)> {
        let at = |path: &str| format!("{}{path}", self.base_url);
        vec![
            ("SAML entity id", self.entity_id.clone()),
            ("SAML metadata", at("sp/metadata")),
            ("OAuth redirect URI", at("sp/oauth2/callback")),
            ("OAuth redirect URI after logout", at("sp/oauth2/logout-callback")),
        ]
    }

    /// Prepares a sign-in at `id` for `channel`, or for the first channel that works with it. It can be
    /// opened while the server runs.
    pub async fn test_sign_in(&self, id: &str, channel: Option<&str>) -> Result<TestSignIn> {
        let channel = self.channel(id, channel)?;
        let company = self.snapshot.media_company(&channel.media_company).map(Arc::as_ref);
        let domain = channel.domains.first().context("the channel has no domain to land at")?;
        // A page that exists is better than one that may not; this server has one.
        let usual = channel.default_redirect_url.as_ref().map(Url::to_string);
        let landings = [usual, Some(self.base_url.to_string())].into_iter().flatten();
        let redirect_url = landings
            .chain([format!("https://{}/", domain.name)])
            .find_map(|landing| RedirectUrl::check(&landing, channel, company))
            .context("the channel may not send viewers anywhere")?;
        let now = self.clock.now();
        let code = Code::draw(self.entropy.as_ref());
        let device = DeviceId::new(&self.entropy.bytes::<16>()).context("a device has an id")?;
        let session = AuthenticationSession {
            code: code.clone(),
            session_id: self.entropy.uuid().to_string(),
            holder: Holder {
                service_provider: channel.id.clone(),
                client: ClientId::new(TEST_CLIENT),
                device,
            },
            origin: Origin::default(),
            subjects: Vec::new(),
            stage: Stage::Ready(Target {
                mvpd: id.into(),
                domain_name: domain.name.clone(),
                redirect_url,
            }),
            not_before: now,
            not_after: now + TEST_LIFE,
        };
        self.sessions.create(&session).await?;
        let url = format!("{}api/v2/authenticate/{}/{code}", self.base_url, channel.id);
        Ok(TestSignIn { url, code: code.to_string() })
    }

    fn channel(&self, id: &str, wanted: Option<&str>) -> Result<&ServiceProvider> {
        let mut channels: Vec<_> = self.snapshot.service_providers().collect();
        channels.sort_by(|one, other| one.id.cmp(&other.id));
        let works = |channel: &&&Arc<ServiceProvider>| {
            self.snapshot.integration(&channel.id, &id.into()).is_some()
        };
        let fits = |channel: &&&Arc<ServiceProvider>| {
            wanted.is_none_or(|wanted| channel.id.as_str() == wanted)
        };
        let found = channels.iter().filter(fits).find(works);
        found.map(|channel| &***channel).with_context(|| match wanted {
            Some(channel) => format!("channel `{channel}` does not work with `{id}`"),
            None => format!("no channel works with `{id}`"),
        })
    }

    /// What came of the test sign-in with this code; it is forgotten with that.
    pub async fn outcome(&self, code: &str) -> Result<Profile> {
        let now = self.clock.now();
        let code = Code::parse(code).context("a code has 6 to 8 letters and digits")?;
        let session = self.sessions.find(&code, now).await?;
        let session = session.context("there is no test sign-in with this code, or it is over")?;
        ensure!(session.holder.client.as_str() == TEST_CLIENT, "this is no test sign-in");
        let Stage::Completed(target) = session.stage else {
            anyhow::bail!(
                "nobody has signed in yet, or the provider's answer was refused: the server's log \
                 says why (\"a sign-in failed\")"
            );
        };
        let key = ProfileKey { holder: session.holder, mvpd: target.mvpd };
        let profile = self.profiles.delete(&key).await?;
        profile.context("the outcome was shown already")
    }
}

/// Where a server that listens there is reached from this machine.
fn origin(listen: SocketAddr) -> Result<Url> {
    let host =
        if listen.ip().is_unspecified() { "127.0.0.1".into() } else { listen.ip().to_string() };
    Ok(Url::parse(&format!("http://{host}:{}", listen.port()))?)
}
