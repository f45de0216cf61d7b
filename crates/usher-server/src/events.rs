//! Loading events from files, for `--events` and `usher events import`.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result};
use usher_config::Settings;
use usher_jose::OsEntropy;
use usher_reports::EventBatch;

use crate::clock::SystemClock;
use crate::wiring::{Wired, open_journal};

/// A thousand years.
const KEEP_EVERYTHING_MONTHS: u32 = 12_000;

/// Loads the NDJSON file at `path` into the reports of `wired`: all of it or, when a line is bad,
/// nothing. Returns how many events were new.
pub async fn import(wired: &Wired, path: &Path) -> Result<usize> {
    let text = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    wired.import_events(&text).await.with_context(|| format!("in {}", path.display()))
}

/// Loads the NDJSON file at `path` into the data directory `data`, which no server may be using.
pub async fn import_into(data: &Path, path: &Path) -> Result<usize> {
    let text = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    let batch = EventBatch::from_ndjson(&text).with_context(|| format!("in {}", path.display()))?;
    let (clock, entropy) = (Arc::new(SystemClock), Arc::new(OsEntropy));
    // Opening a journal drops what is older than its retention; only the server that owns the
    // directory knows that, so nothing is too old here.
    let mut settings = Settings::default();
    settings.reports.retention_months = KEEP_EVERYTHING_MONTHS;
    let (_, journal) = open_journal(data, &settings, clock, entropy)?;
    journal.import(batch).await.context("the events could not be written")
}
