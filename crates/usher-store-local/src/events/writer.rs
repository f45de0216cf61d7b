//! The one who writes the log: which events are new, how they become a record, when the log is handed over.

use std::io;
use std::sync::Arc;

use usher_core::{Entropy, EntropyExt, StoreError};
use usher_reports::{Api, Event};

use super::codec;
use super::day_finder::DayFinder;
use super::ids::Ids;
use super::keeper::{Keeper, Task};
use super::log::{HEADER_BYTES, Log};
use super::{Hands, stopped, unavailable};

/// Owns the log.
pub(super) struct Writer {
    hands: Hands,
    keeper: Keeper,
    entropy: Arc<dyn Entropy>,
    ids: Ids,
    /// The log that grows; the next one begins with the next events.
    log: Option<Log>,
    number: u64,
    days: DayFinder,
    /// The last record, whose room the next one takes.
    record: Vec<u8>,
    is_unsynced: bool,
    /// Whether the last thing done here was not done to its end.
    has_failed: bool,
}

/// What is kept of a record's room, in bytes.
const RECORD_BYTES_KEPT: usize = 1024 * 1024;

impl Writer {
    /// Continues after log `number`.
    pub(super) fn new(
        hands: Hands,
        keeper: Keeper,
        entropy: Arc<dyn Entropy>,
        number: u64,
    ) -> Self {
        Self {
            is_unsynced: false,
            ids: Ids::new(hands.shared.settings.ids_max),
            days: DayFinder::default(),
            hands,
            keeper,
            entropy,
            log: None,
            number,
            record: Vec::new(),
            has_failed: false,
        }
    }

    /// Writes what is new of each caller's events, all of it or nothing; returns how many those are.
    pub(super) fn write_all<'c>(
        &mut self,
        callers: impl Iterator<Item = &'c mut Vec<Event>>,
    ) -> Result<Vec<usize>, StoreError> {
        if self.has_failed {
            return Err(stopped());
        }
        // What the disk holds, and which ids count as known, is found out at the next start.
        self.has_failed = true;
        let (mut events, mut counts) = (Vec::new(), Vec::new());
        for of_caller in callers {
            let before = events.len();
            self.admit(std::mem::take(of_caller), &mut events)?;
            counts.push(events.len() - before);
        }
        self.write(&events)?;
        self.ids.next_turn();
        self.has_failed = false;
        Ok(counts)
    }

    /// Adds the events that are new, young enough and have an id.
    fn admit(
        &mut self,
        events: Vec<Event>,
        admitted: &mut Vec<(Event, u64)>,
    ) -> Result<(), StoreError> {
        let cutoff = self.hands.shared.cutoff();
        for mut event in events.into_iter().filter(|event| event.at() >= cutoff) {
            if event.id().is_empty() {
                event.set_id(self.entropy.uuid().to_string());
            }
            let key = self.hands.shared.fingerprints.of(&[event.id()]);
            let at = event.at().as_millis();
            let day = self.days.find(&self.hands.shared.settings.zone, at);
            let shared = &self.hands.shared;
            let is_new =
                self.ids.insert((day, at), key, || shared.ids(day)).map_err(unavailable)?;
            if is_new {
                admitted.push((event, key));
            }
        }
        Ok(())
    }

    /// Puts events into the log, and makes them visible to reports.
    fn write(&mut self, events: &[(Event, u64)]) -> Result<(), StoreError> {
        if events.is_empty() {
            return Ok(());
        }
        let mut record = std::mem::take(&mut self.record);
        record.clear();
        record.extend([0; HEADER_BYTES]);
        self.take_in(events, &mut record);
        self.append(&mut record).map_err(|error| self.failed(error))?;
        record.shrink_to(RECORD_BYTES_KEPT);
        self.record = record;
        self.is_unsynced = true;
        let now = self.hands.shared.clock.now();
        self.hands.shared.with(|state| state.tail.settle(now));
        Ok(())
    }

    /// Takes events into memory; `payload` becomes the record that says so.
    fn take_in(&self, events: &[(Event, u64)], payload: &mut Vec<u8>) {
        self.hands.shared.with(|state| {
            for api in [Api::Esm, Api::Cmu] {
                if state.tail.is_full(api) {
                    state.tail.turn(api);
                    codec::begin_chunk(api, payload);
                }
            }
            for (event, key) in events {
                state.tail.open_mut(event.api()).intake.push(&event.record(), *key);
            }
            for api in [Api::Esm, Api::Cmu] {
                let open = state.tail.open_mut(api);
                codec::encode(&open.intake.batch, open.logged, payload);
            }
        });
    }

    fn append(&mut self, record: &mut [u8]) -> io::Result<()> {
        if let Some(log) = &self.log {
            return log.append(record);
        }
        self.number += 1;
        self.log.insert(Log::create(&self.hands.logs, self.number)?).append(record)
    }

    /// Whether `events` can be written in no time: there is a log, it is not due, and no ids have to be read.
    pub(super) fn is_ready_for<'e>(&mut self, events: impl Iterator<Item = &'e Event>) -> bool {
        let zone = &self.hands.shared.settings.zone;
        let (days, ids) = (&mut self.days, &self.ids);
        let mut at = events.map(|event| event.at().as_millis());
        self.log.is_some() && at.all(|at| ids.holds(days.find(zone, at))) && !self.is_due()
    }

    /// Whether the log is large enough to be written into files. Whether it is old enough is the keeper's
    /// business.
    pub(super) fn is_due(&self) -> bool {
        self.hands.shared.with(|state| state.tail.rows()) >= self.hands.shared.settings.seal_rows
    }

    /// Hands the log over. It is synced first: only the last log may end in an unfinished record.
    pub(super) fn seal(&mut self) -> Result<(), StoreError> {
        if let Some(log) = self.take_unsynced() {
            log.sync().map_err(|error| self.failed(error))?;
        }
        let chunks = self.hands.shared.with(|state| state.tail.seal());
        self.log = None;
        if !chunks.is_empty() {
            self.keeper.send(Task::Seal { chunks, log: self.number });
        }
        Ok(())
    }

    /// Whether there is something in the log that a power failure could take.
    pub(super) const fn is_unsynced(&self) -> bool {
        self.is_unsynced
    }

    /// The log, if it has to be synced; whoever takes it does so.
    pub(super) fn take_unsynced(&mut self) -> Option<Log> {
        std::mem::take(&mut self.is_unsynced).then(|| self.log.clone()).flatten()
    }

    /// Nothing is accepted any more.
    pub(super) fn failed(&mut self, error: io::Error) -> StoreError {
        tracing::error!("the event journal cannot write any more: {error}");
        self.has_failed = true;
        unavailable(error)
    }
}
