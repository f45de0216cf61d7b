//! Work that nobody asks for: ending silent streams, relief under load, forgetting what is over, reading
//! what another process may have changed.

use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::{Instant, interval, sleep_until};
use usher_core::StoreError;
use usher_http::App;
use usher_streams::Stretch;

/// How often streams whose time is up are looked for.
const EXPIRY_EVERY: Duration = Duration::from_millis(500);

/// How often it is measured how late tasks run.
const LAG_EVERY: Duration = Duration::from_secs(1);

/// How often rules of degradation and lists of proxies are read again, which another process may have
/// changed (`access-variants` G10: 10 s at most).
const REFRESH_EVERY: Duration = Duration::from_secs(5);

/// How often privacy requests are looked for.
const PRIVACY_EVERY: Duration = Duration::from_secs(2);

/// How often records that are over are forgotten.
const SWEEP_EVERY: Duration = Duration::from_mins(10);

/// Starts all chores. Must be called inside a tokio runtime.
pub(crate) fn start(app: &App) -> Vec<JoinHandle<()>> {
    vec![
        tokio::spawn(end_silent_streams(app.clone())),
        tokio::spawn(relieve(app.clone())),
        tokio::spawn(forget_records(app.clone())),
        tokio::spawn(refresh(app.clone())),
        tokio::spawn(serve_privacy(app.clone())),
    ]
}

async fn end_silent_streams(app: App) {
    let mut due = interval(EXPIRY_EVERY);
    let mut was_full = false;
    loop {
        due.tick().await;
        if let Err(error) = app.streams.expire_due().await {
            tracing::error!(%error, "streams whose time is up could not be ended");
        }
        let is_full = !app.streams.has_room();
        if is_full && !was_full {
            tracing::error!(
                "streams take as much memory as they may, starts are refused: raise \
                 `streams.memory_max_mib`"
            );
        }
        was_full = is_full;
    }
}

/// Measures how late this task runs, which is how late all of them do, and says when heartbeat
/// intervals begin or cease to be stretched.
async fn relieve(app: App) {
    let mut before = Stretch::NONE;
    loop {
        let due = Instant::now() + LAG_EVERY;
        sleep_until(due).await;
        let lag = due.elapsed();
        let stretch = app.streams.observe_lag(lag);
        let factor = stretch.factor();
        if before == Stretch::NONE && stretch > before {
            tracing::warn!(
                ?lag,
                factor,
                "the server falls behind: heartbeat intervals are stretched"
            );
        } else if before > Stretch::NONE && stretch == Stretch::NONE {
            tracing::info!("the server keeps up: heartbeat intervals are as configured");
        } else if stretch != before {
            tracing::debug!(?lag, factor, "heartbeat intervals are stretched");
        }
        before = stretch;
    }
}

async fn forget_records(app: App) {
    let mut due = interval(SWEEP_EVERY);
    loop {
        due.tick().await;
        let swept = async { Ok(app.entitlement.sweep().await? + app.privacy.sweep().await?) };
        if let Err::<u64, StoreError>(error) = swept.await {
            tracing::error!(%error, "records that are over could not be removed");
        }
    }
}

/// Carries out privacy requests, also those that an earlier process left undone.
async fn serve_privacy(app: App) {
    let mut due = interval(PRIVACY_EVERY);
    loop {
        due.tick().await;
        while app.privacy.work().await.unwrap_or_else(|error| {
            tracing::error!(%error, "privacy requests could not be read");
            false
        }) {}
    }
}

async fn refresh(app: App) {
    let mut due = interval(REFRESH_EVERY);
    loop {
        due.tick().await;
        if let Err(error) = app.entitlement.refresh_degradation().await {
            tracing::error!(%error, "rules of degradation cannot be read; those in force stay");
        }
        if let Err(error) = app.proxies.refresh().await {
            tracing::error!(%error, "lists of proxies cannot be read; those in force stay");
        }
    }
}
