//! `usher demo`: the whole product in one process, with TV providers to sign in at.
//!
//! What exists here, under which names, is a contract (`docs/demo.md`): black-box tests and app
//! developers rely on it. The code is the server's own; only the catalog, the keys it hands out and
//! the built-in providers are the demo's.

mod credentials;
mod handout;
pub mod history;
mod welcome;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result};
use tempfile::TempDir;
use tokio::net::TcpListener;
use url::Url;
use usher_config::{Layers, Settings};
use usher_core::{Clock, Entropy, Secret};
use usher_registry::{Catalog, Registry, Snapshot};

pub use credentials::DemoKeys;
pub use history::Past;
pub use welcome::welcome;

use crate::keys::KeyRing;
use crate::lifecycle::{Server, listen, origin_of};
use crate::wiring::{self, Stores, Wired, Wiring, saml_entity_id};
use crate::{events, files};

/// The demo world's catalog; `{base}` is the origin it listens on.
pub const CATALOG: &str = include_str!("catalog.toml");

/// How the demo differs from production (contract: the end of `docs/demo.md`).
const SETTINGS: &str = r#"
[entitlement]
mvpd_deadline = "2s"
[log]
filter = "warn"
[reports]
minute = true
retention_months = 120
"#;

/// What `usher demo` was asked for.
#[derive(Clone, Debug)]
pub struct DemoOptions {
    /// Where to listen.
    pub listen: SocketAddr,
    /// Where to keep everything; a temporary directory when absent.
    pub data: Option<PathBuf>,
    /// Days of plausible past activity to fill the reports with before becoming ready.
    pub history_days: u32,
    /// Which past activity.
    pub seed: u64,
    /// Event files to load before becoming ready.
    pub events: Vec<PathBuf>,
    /// `KEY=VALUE` settings.
    pub settings: Vec<String>,
}

/// A demo world that runs.
pub struct Demo {
    /// Where it is reached.
    pub base_url: Url,
    /// Where its data lies.
    pub data_dir: PathBuf,
    /// Its catalog, to be replaced at will.
    pub registry: Arc<Registry>,
    server: Server,
    wired: Wired,
    /// Removes the temporary directory when the demo ends.
    _temporary: Option<TempDir>,
}

impl Demo {
    /// Builds the world, loads what was asked for, writes `demo.json` and becomes ready.
    pub async fn start(
        options: DemoOptions,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
    ) -> Result<Self> {
        let settings = settings(&options.settings)?;
        let (data_dir, temporary) = data_dir(options.data.as_deref())?;
        let listener = listen(options.listen).await?;
        let base_url = origin_of(&listener)?;
        let ring = KeyRing::open(&data_dir.join("keys"))?;
        let (keys, stores) = {
            let (ring, now) = (ring.clone(), clock.now());
            let keys = tokio::task::spawn_blocking(move || DemoKeys::open(&ring, now));
            let stores =
                Stores::open(&data_dir, &settings, Arc::clone(&clock), Arc::clone(&entropy));
            tokio::join!(keys, stores)
        };
        let ((keys, demo_keys), stores) = (keys??, stores?);
        let catalog = filled(CATALOG, &base_url, &demo_keys)?;
        let registry = Arc::new(Registry::new(Snapshot::check(catalog, clock.now())?));
        let saml = keys.saml.settings(saml_entity_id(&settings.deployment, &base_url));
        let (made_of, world) = ((&settings, saml), (&clock, &entropy));
        let providers = demo_keys.providers(&ring, &base_url, made_of, world)?;
        let wired = wiring::wire(Wiring {
            settings: settings.clone(),
            stores,
            base_url: base_url.clone(),
            registry: Arc::clone(&registry),
            keys,
            demo: Some(Arc::new(providers)),
            clock,
            entropy,
        })
        .await?;
        let past = Past {
            days: options.history_days,
            seed: options.seed,
            until: wired.app.clock.now(),
            households: None,
        };
        if past.days > 0 {
            wired.tell(past).await?;
        }
        for file in &options.events {
            events::import(&wired, file).await?;
        }
        let handout = handout::handout(&wired, &base_url, &demo_keys)?;
        let server = Self::serve(&wired, listener, &settings);
        files::write_atomically(&data_dir.join("demo.json"), handout.as_bytes())?;
        wired.app.readiness.set(true);
        Ok(Self { base_url, data_dir, registry, server, wired, _temporary: temporary })
    }

    fn serve(wired: &Wired, listener: TcpListener, settings: &Settings) -> Server {
        Server::start(listener, wired.app.clone(), &settings.server)
    }

    /// Closes every day of the reports that is over.
    pub async fn close_days(&self) -> Result<()> {
        self.wired.close_days().await
    }

    /// Stops accepting, finishes what is in flight, flushes.
    pub async fn stop(self) -> Result<()> {
        self.server.stop().await?;
        self.wired.close().await
    }
}

/// The settings of a demo world, with these assignments on top.
pub fn settings(assignments: &[String]) -> Result<Settings> {
    let mut layers = Layers::default();
    layers.file(SETTINGS)?;
    layers.variables(usher_config::environment())?;
    for assignment in assignments {
        layers.assignment(assignment)?;
    }
    Ok(layers.settings()?)
}

fn data_dir(wanted: Option<&Path>) -> Result<(PathBuf, Option<TempDir>)> {
    if let Some(directory) = wanted {
        files::make_private(directory)?;
        return Ok((directory.to_owned(), None));
    }
    let temporary = TempDir::with_prefix("usher-demo-").context("cannot make a data directory")?;
    Ok((temporary.path().to_owned(), Some(temporary)))
}

/// The catalog that is written in `text`, with the addresses and secrets of a demo world in it.
pub fn filled(text: &str, base_url: &Url, keys: &DemoKeys) -> Result<Catalog> {
    let origin = base_url.as_str().trim_end_matches('/');
    let text = text
        .replace("{base}", origin)
        .replace("{cablevision_secret}", keys.cablevision_client_secret.expose())
        .replace("{opco_certificate}", keys.opco_certificate.pem())
        .replace("{opcohub_certificate}", keys.opcohub_certificate.pem())
        .replace("{platform_token_secret}", keys.platform_token_secret.expose());
    let mut catalog = Catalog::from_toml(&text)?;
    for company in &mut catalog.media_companies {
        if company.id.as_str() == "acme" {
            company.metadata_certificates = vec![keys.metadata_certificate.pem().to_owned()];
        }
    }
    for issuer in &mut catalog.service_token_issuers {
        issuer.public_keys = vec![keys.metadata_certificate.pem().to_owned()];
    }
    Ok(catalog)
}

/// Secrets that the demo hands out are made per data directory, like everything else.
type Password = Secret<String>;
