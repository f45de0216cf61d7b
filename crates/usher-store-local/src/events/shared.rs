//! What the writer, the keeper and reports share.

use std::io;
use std::sync::Arc;

use jiff::civil::Date;
use parking_lot::{Condvar, Mutex};
use usher_core::{Clock, Timestamp};
use usher_cube::Fingerprints;

use super::EventSettings;
use super::cache::Cache;
use super::file;
use super::ids::DayIds;
use super::kept::Kept;
use super::shelf::View;
use super::tail::Tail;

/// The store, as everybody who works on it sees it.
pub(super) struct Shared {
    pub(super) settings: EventSettings,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) fingerprints: Fingerprints,
    pub(super) cache: Cache,
    state: Mutex<State>,
    /// Told when chunks that were being written into files are there.
    pub(super) sealed: Condvar,
}

/// What there is. Files and chunks change places in one step: an event is always in one of them.
#[derive(Debug)]
pub(super) struct State {
    pub(super) kept: Arc<Kept>,
    pub(super) tail: Tail,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Shared").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl Shared {
    pub(super) fn new(settings: EventSettings, clock: Arc<dyn Clock>, kept: Kept) -> Self {
        Self {
            fingerprints: Fingerprints::new(kept.key),
            cache: Cache::new(settings.cache_bytes),
            state: Mutex::new(State { kept: Arc::new(kept), tail: Tail::new() }),
            sealed: Condvar::new(),
            settings,
            clock,
        }
    }

    pub(super) fn with<T>(&self, look: impl FnOnce(&mut State) -> T) -> T {
        look(&mut self.state.lock())
    }

    /// Waits until no chunks are being written into files.
    pub(super) fn wait_until_sealed(&self) {
        let mut state = self.state.lock();
        while !state.tail.sealing.is_empty() {
            self.sealed.wait(&mut state);
        }
    }

    /// What reports see at this moment.
    pub(super) fn view(&self) -> View {
        self.with(|state| View { kept: Arc::clone(&state.kept), chunks: state.tail.seen() })
    }

    /// Events before this instant are not kept.
    pub(super) fn cutoff(&self) -> Timestamp {
        self.clock.now() - self.settings.retention
    }

    /// The day of report time an instant lies on.
    pub(super) fn day(&self, epoch_millis: i64) -> Date {
        self.settings.zone.date(epoch_millis)
    }

    /// The ids of a day, from its files and from memory.
    pub(super) fn ids(&self, day: Date) -> io::Result<DayIds> {
        let view = self.view();
        let mut ids = DayIds::default();
        let (begin, end) = self.settings.zone.day(day);
        for chunk in &view.chunks {
            let rows = chunk.batch.rows.at.iter().zip(&chunk.batch.rows.key);
            let rows = rows.filter(|(at, _)| (begin..end).contains(*at));
            ids.fresh.extend(rows.map(|(_, key)| key));
        }
        for days in [&view.kept.esm, &view.kept.cmu] {
            for source in days.get(&day).into_iter().flat_map(|day| day.events()) {
                let table = file::open(&source.path).map_err(io::Error::other)?;
                file::add_ids(&table, &mut ids).map_err(io::Error::other)?;
            }
        }
        ids.closed.sort_unstable();
        Ok(ids)
    }
}
