//! Opening a store: what a crash, an older version or another zone left behind.

use std::fs::{File, TryLockError};
use std::path::Path;
use std::sync::Arc;

use usher_core::{Clock, Entropy, StoreError};
use usher_reports::Layout;

use super::batch::Batch;
use super::codec::{self, Chunks};
use super::kept::{Kept, sync};
use super::log::{Log, Records};
use super::shared::Shared;
use super::tail::Tail;
use super::{EventSettings, rezone, unavailable};

/// Makes the directory ours for as long as the file stays open.
pub(super) fn lock(directory: &Path) -> Result<File, StoreError> {
    std::fs::create_dir_all(directory).map_err(unavailable)?;
    let file = File::create(directory.join("lock")).map_err(unavailable)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => {
            let what = format!("{} is in use by another process", directory.display());
            Err(unavailable(std::io::Error::other(what)))
        }
        Err(TryLockError::Error(error)) => Err(unavailable(error)),
    }
}

/// Brings the store into order; returns it, and the number of its last log.
pub(super) fn recover(
    directory: &Path,
    logs: &Path,
    settings: EventSettings,
    (clock, entropy): (Arc<dyn Clock>, &Arc<dyn Entropy>),
) -> Result<(Arc<Shared>, u64), StoreError> {
    let kept = match Kept::read(directory).map_err(unavailable)? {
        Some(kept) => kept,
        None => create(directory, logs, &settings, entropy)?,
    };
    std::fs::create_dir_all(logs).map_err(unavailable)?;
    kept.sweep().map_err(unavailable)?;
    for number in Log::numbers(logs).map_err(unavailable)? {
        if number <= kept.sealed {
            std::fs::remove_file(Log::path(logs, number)).map_err(unavailable)?;
        }
    }
    let mut tail = replay(logs, kept.sealed, Torn::Cut)?;
    let last = Log::numbers(logs).map_err(unavailable)?.last().copied().unwrap_or(kept.sealed);
    let kept = rezone::into_days_of(&settings.zone, kept)?;
    let shared = Shared::new(settings, clock, kept);
    if tail.rows() > 0 {
        tail.settle(shared.clock.now());
    }
    shared.with(|state| state.tail = tail);
    Ok((Arc::new(shared), last))
}

/// What to do with an unfinished record at the end of the last log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Torn {
    Cut,
    Leave,
}

/// What the logs after `sealed` say.
pub(super) fn replay(logs: &Path, sealed: u64, torn: Torn) -> Result<Tail, StoreError> {
    let numbers = Log::numbers(logs).map_err(unavailable)?;
    let numbers: Vec<_> = numbers.into_iter().filter(|number| *number > sealed).collect();
    let mut replay = Replay { tail: Tail::new() };
    for number in &numbers {
        let torn = (Some(number) == numbers.last()).then_some(torn);
        replay.log(&Log::path(logs, *number), torn)?;
    }
    replay.tail.settle(usher_core::Timestamp::from_millis(0));
    replay.tail.since = None;
    Ok(replay.tail)
}

/// An empty store.
fn create(
    directory: &Path,
    logs: &Path,
    settings: &EventSettings,
    entropy: &Arc<dyn Entropy>,
) -> Result<Kept, StoreError> {
    let mut key = [0; 16];
    entropy.fill(&mut key);
    std::fs::create_dir_all(logs).map_err(unavailable)?;
    sync(directory).map_err(unavailable)?;
    let kept = Kept::new(directory, settings.zone.to_string(), key);
    kept.commit().map_err(unavailable)?;
    Ok(kept)
}

/// Reads logs back.
struct Replay {
    tail: Tail,
}

impl Chunks for Replay {
    fn begin(&mut self, layout: &'static Layout) {
        self.tail.turn(layout.api);
    }

    fn current(&mut self, layout: &'static Layout) -> &mut Batch {
        &mut self.tail.open_mut(layout.api).intake.batch
    }
}

impl Replay {
    /// Replays a log; `torn` says what to do with an unfinished last record, which only the last log may have.
    fn log(&mut self, path: &Path, torn: Option<Torn>) -> Result<(), StoreError> {
        let mut records = Records::open(path).map_err(unavailable)?;
        while let Some(payload) = records.next().map_err(unavailable)? {
            codec::decode(&payload, self).ok_or_else(|| corrupt(path))?;
        }
        if records.is_foreign() || records.good != records.size && torn.is_none() {
            return Err(corrupt(path));
        }
        if records.good < records.size && torn == Some(Torn::Cut) {
            let bytes = records.size - records.good;
            tracing::warn!(bytes, "cut an unfinished record off the event journal");
            if records.good == 0 {
                // The log itself is unfinished: nothing in it was acknowledged.
                return std::fs::remove_file(path).map_err(unavailable);
            }
            Log::cut(path, records.good).map_err(unavailable)?;
        }
        Ok(())
    }
}

pub(super) fn corrupt(path: &Path) -> StoreError {
    StoreError::Corrupt { what: "event log", id: path.display().to_string() }
}
