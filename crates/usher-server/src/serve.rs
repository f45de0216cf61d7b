//! `usher serve`: the real server, with its owner's catalog and keys.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result};
use url::Url;
use usher_config::{Layers, Settings};
use usher_core::{Clock, Entropy};
use usher_registry::{Registry, Snapshot};

use crate::keys::{KeyRing, Keys};
use crate::lifecycle::{Server, listen, origin_of, told_to_stop};
use crate::wiring::{self, Stores, Wired, Wiring};
use crate::{catalog, files};

/// The settings of a configuration file, the environment and `--set`, in this order.
pub fn settings(file: Option<&Path>, assignments: &[String]) -> Result<Settings> {
    let mut layers = Layers::default();
    if let Some(file) = file {
        let text = std::fs::read_to_string(file)
            .with_context(|| format!("cannot read the configuration file {}", file.display()))?;
        layers.file(&text).with_context(|| format!("in {}", file.display()))?;
    }
    layers.variables(usher_config::environment())?;
    for assignment in assignments {
        layers.assignment(assignment)?;
    }
    Ok(layers.settings()?)
}

/// Wires everything that `settings` describe, without serving.
pub async fn wire(
    settings: Settings,
    base_url: Url,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
) -> Result<Wired> {
    files::make_private(&settings.server.data_dir)?;
    let ring = KeyRing::open(&settings.server.data_dir.join("keys"))?;
    let snapshot = catalog::read(&settings.server.catalog, clock.now())?;
    let (clock_too, entropy_too) = (Arc::clone(&clock), Arc::clone(&entropy));
    let stores = Stores::open(&settings.server.data_dir, &settings, clock_too, entropy_too).await?;
    wiring::wire(Wiring {
        stores,
        base_url,
        registry: Arc::new(Registry::new(snapshot)),
        keys: Keys::open(&ring, clock.now())?,
        demo: None,
        settings,
        clock,
        entropy,
    })
    .await
}

/// Serves until told to stop.
pub async fn run(
    settings: Settings,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
) -> Result<()> {
    let told = told_to_stop()?;
    let listener = listen(settings.server.listen).await?;
    let base_url = match &settings.server.base_url {
        Some(url) => Url::parse(url).context("`server.base_url` is no URL")?,
        None => origin_of(&listener)?,
    };
    let server_settings = settings.server.clone();
    let catalog_path = settings.server.catalog.clone();
    let wired = wire(settings, base_url, Arc::clone(&clock), entropy).await?;
    let server = Server::start(listener, wired.app.clone(), &server_settings);
    wired.app.readiness.set(true);
    tracing::info!(base_url = %wired.app.settings.base_url, "ready");
    tokio::select! {
        () = told => {}
        reloading = reload_on_hangup(&wired, &catalog_path, clock.as_ref()) => reloading?,
    }
    server.stop().await?;
    wired.close().await
}

/// Says how many viewers have to sign in again because `next` lacks an endpoint (`mvpd` M3).
async fn warn_of_lost_sign_ins(wired: &Wired, next: &Snapshot) {
    for lost in wired.app.registry.snapshot().lost_in(next) {
        let sign_ins = wired.app.entitlement.signed_in_at(&lost).await.unwrap_or_default();
        if sign_ins > 0 {
            let (mvpds, endpoint) = (&lost.mvpds, &lost.id);
            tracing::warn!(?mvpds, endpoint, sign_ins, "sign-ins are lost with their endpoint");
        }
    }
}

/// Reads the catalog again on every SIGHUP; a catalog with mistakes changes nothing.
async fn reload_on_hangup(wired: &Wired, path: &Path, clock: &dyn Clock) -> Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut hangup = signal(SignalKind::hangup())?;
    while hangup.recv().await.is_some() {
        match catalog::read(path, clock.now()) {
            Ok(snapshot) => {
                warn_of_lost_sign_ins(wired, &snapshot).await;
                wired.app.registry.replace(snapshot);
                tracing::info!("the catalog was read again");
            }
            Err(error) => tracing::error!("the catalog was not replaced: {error:#}"),
        }
    }
    Ok(())
}
