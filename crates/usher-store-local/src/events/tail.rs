//! The newest events: in the log, and in memory, in chunks that reports read.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};

use jiff::civil::Date;
use usher_core::Timestamp;
use usher_cube::{Block, DimSet, Fingerprints, Zone};
use usher_reports::{Api, CMU, ESM};

use super::batch::Batch;
use super::codec::Mark;
use super::intake::Intake;

/// Events of a chunk; it may be exceeded by one group of events that are written together.
pub(super) const CHUNK_ROWS: usize = 32_768;

/// Events of one API that no longer change.
#[derive(Debug)]
pub(super) struct Chunk {
    pub(super) batch: Batch,
    days: OnceLock<Vec<Date>>,
    blocks: OnceLock<BTreeMap<Date, Arc<Block>>>,
}

impl Chunk {
    pub(super) const fn new(batch: Batch) -> Self {
        Self { batch, days: OnceLock::new(), blocks: OnceLock::new() }
    }

    /// The days it has events of; one may be named more than once.
    pub(super) fn days(&self, zone: &Zone) -> &[Date] {
        self.days.get_or_init(|| self.batch.days(zone))
    }

    /// The facts, by day; made when a report first asks.
    pub(super) fn blocks(
        &self,
        zone: &Zone,
        fingerprints: &Fingerprints,
    ) -> &BTreeMap<Date, Arc<Block>> {
        self.blocks.get_or_init(|| self.batch.blocks(zone, fingerprints, DimSet::ALL))
    }
}

/// A chunk that still grows.
#[derive(Debug)]
pub(super) struct Open {
    pub(super) intake: Intake,
    /// Up to here it is in the log, and seen by reports.
    pub(super) logged: Mark,
    seen: Option<Arc<Chunk>>,
}

impl Open {
    fn new(batch: Batch) -> Self {
        Self { intake: Intake::new(batch), logged: Mark::default(), seen: None }
    }

    /// What is in the log of it.
    fn seen(&mut self) -> Option<Arc<Chunk>> {
        if self.logged.rows == 0 {
            return None;
        }
        let prefix = || Arc::new(Chunk::new(self.intake.batch.prefix(self.logged.rows)));
        Some(Arc::clone(self.seen.get_or_insert_with(prefix)))
    }

    /// Everything taken in is in the log now.
    fn settle(&mut self) {
        self.logged = Mark::end(&self.intake.batch);
        self.seen = None;
    }
}

/// The chunks of all events that are not in files.
#[derive(Debug)]
pub(super) struct Tail {
    /// Chunks that are being written into files.
    pub(super) sealing: Vec<Arc<Chunk>>,
    /// Full chunks.
    pub(super) full: Vec<Arc<Chunk>>,
    esm: Open,
    cmu: Open,
    /// When the oldest event that waits to be written into files came.
    pub(super) since: Option<Timestamp>,
    /// When the last event came.
    pub(super) latest: Timestamp,
}

impl Tail {
    pub(super) fn new() -> Self {
        Self {
            sealing: Vec::new(),
            full: Vec::new(),
            esm: Open::new(Batch::new(&ESM)),
            cmu: Open::new(Batch::new(&CMU)),
            since: None,
            latest: Timestamp::from_millis(i64::MIN),
        }
    }

    pub(super) const fn open_mut(&mut self, api: Api) -> &mut Open {
        match api {
            Api::Esm => &mut self.esm,
            Api::Cmu => &mut self.cmu,
        }
    }

    const fn open(&self, api: Api) -> &Open {
        match api {
            Api::Esm => &self.esm,
            Api::Cmu => &self.cmu,
        }
    }

    /// How many events wait to be written into files, those under way excluded.
    pub(super) fn rows(&self) -> usize {
        let full: usize = self.full.iter().map(|chunk| chunk.batch.len()).sum();
        full + self.esm.intake.batch.len() + self.cmu.intake.batch.len()
    }

    /// Whether the chunk that grows has grown enough.
    pub(super) fn is_full(&self, api: Api) -> bool {
        self.open(api).intake.batch.len() >= CHUNK_ROWS
    }

    /// Begins a new chunk, which will probably be as large as the old one: it need not grow to that step
    /// by step. Everything in the old one must be in the log.
    pub(super) fn turn(&mut self, api: Api) {
        let roomy = self.open(api).intake.batch.roomy();
        let open = std::mem::replace(self.open_mut(api), Open::new(roomy));
        if !open.intake.batch.is_empty() {
            self.full.push(Arc::new(Chunk::new(open.intake.batch)));
        }
    }

    /// Everything taken in is in the log, as of `now`.
    pub(super) fn settle(&mut self, now: Timestamp) {
        self.esm.settle();
        self.cmu.settle();
        self.since.get_or_insert(now);
        self.latest = now;
    }

    /// The days with events that are in no file. Nothing is copied for it: writers wait meanwhile.
    pub(super) fn days(&self, zone: &Zone) -> BTreeSet<Date> {
        let done =
            self.sealing.iter().chain(&self.full).flat_map(|chunk| chunk.days(zone)).copied();
        let open = [&self.esm, &self.cmu].into_iter().flat_map(|open| open.intake.batch.days(zone));
        done.chain(open).collect()
    }

    /// Hands all chunks over to be written into files.
    pub(super) fn seal(&mut self) -> Vec<Arc<Chunk>> {
        self.turn(Api::Esm);
        self.turn(Api::Cmu);
        self.since = None;
        self.sealing = std::mem::take(&mut self.full);
        self.sealing.clone()
    }

    /// The chunks that reports see.
    pub(super) fn seen(&mut self) -> Vec<Arc<Chunk>> {
        let open: Vec<_> = [self.esm.seen(), self.cmu.seen()].into_iter().flatten().collect();
        self.sealing.iter().chain(&self.full).cloned().chain(open).collect()
    }
}
