//! The one who writes the log: group commit, known ids, and when the log is handed over.

use std::io;
use std::ops::Range;
use std::sync::Arc;

use jiff::civil::Date;
use tokio::sync::mpsc;
use tokio::task::spawn_blocking;
use usher_core::{Entropy, EntropyExt, StoreError};
use usher_cube::Zone;
use usher_reports::{Api, Event};

use super::codec;
use super::group::{Command, Group};
use super::ids::Ids;
use super::keeper::{Keeper, Task};
use super::log::Log;
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
    payload: Vec<u8>,
    has_failed: bool,
}

/// What is kept of that room, in bytes.
const PAYLOAD_BYTES_KEPT: usize = 1024 * 1024;

/// Finds the day of an instant, which is mostly that of the one before.
#[derive(Debug)]
struct DayFinder {
    last: Option<(Date, Range<i64>)>,
}

impl DayFinder {
    fn find(&mut self, zone: &Zone, epoch_millis: i64) -> Date {
        if let Some((day, range)) = &self.last
            && range.contains(&epoch_millis)
        {
            return *day;
        }
        let day = zone.date(epoch_millis);
        let (begin, end) = zone.day(day);
        self.last = Some((day, begin..end));
        day
    }
}

/// Writes groups until the journal is closed or nobody can send any more.
pub(super) async fn run(mut writer: Writer, mut inbox: mpsc::Receiver<Command>) {
    while let Some(group) = Group::gather(&mut inbox).await {
        let is_last = group.is_last;
        let written = spawn_blocking(move || {
            writer.commit(group);
            writer
        });
        match written.await {
            Ok(_) if is_last => return,
            Ok(back) => writer = back,
            // A panic while writing: callers learn of it from their dropped answers.
            Err(error) => return tracing::error!("the event journal has stopped: {error}"),
        }
    }
}

impl Writer {
    /// Continues after log `number`.
    pub(super) fn new(
        hands: Hands,
        keeper: Keeper,
        entropy: Arc<dyn Entropy>,
        number: u64,
    ) -> Self {
        Self {
            ids: Ids::new(hands.shared.settings.ids_max),
            days: DayFinder { last: None },
            hands,
            keeper,
            entropy,
            log: None,
            number,
            payload: Vec::new(),
            has_failed: false,
        }
    }

    /// Writes what is new of a group, then answers everybody.
    fn commit(&mut self, group: Group) {
        let (seals, is_last) = (group.seals, group.is_last);
        let mut answers = Vec::new();
        let mut written = if self.has_failed { Err(stopped()) } else { Ok(()) };
        let mut events = Vec::new();
        for Command { events: of_caller, done, .. } in group.commands {
            let before = events.len();
            if written.is_ok() {
                written = self.admit(of_caller, &mut events);
            }
            answers.extend(done.map(|done| (done, events.len() - before)));
        }
        if written.is_ok() {
            written = self.write(&events);
        }
        if written.is_err() {
            // What the disk holds, and which ids count as known, is found out at the next start.
            self.has_failed = true;
        }
        drop(events);
        self.ids.next_turn();
        if written.is_ok() && seals {
            self.seal();
        }
        for (done, count) in answers {
            // A caller that no longer waits does not need the answer.
            let _ = done.send(written.clone().map(|()| count));
        }
        if written.is_ok() && !is_last && self.is_due() {
            self.seal();
        }
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

    /// Makes events durable, and visible to reports.
    fn write(&mut self, events: &[(Event, u64)]) -> Result<(), StoreError> {
        if events.is_empty() {
            return Ok(());
        }
        let mut payload = std::mem::take(&mut self.payload);
        payload.clear();
        self.take_in(events, &mut payload);
        let appended = self.append(&payload);
        payload.shrink_to(PAYLOAD_BYTES_KEPT);
        self.payload = payload;
        appended.map_err(|error| {
            tracing::error!("the event journal cannot write any more: {error}");
            unavailable(error)
        })?;
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
                codec::encode(&open.intake.batch, open.durable, payload);
            }
        });
    }

    fn append(&mut self, payload: &[u8]) -> io::Result<()> {
        if let Some(log) = &mut self.log {
            return log.append(payload);
        }
        self.number += 1;
        self.log.insert(Log::create(&self.hands.logs, self.number)?).append(payload)
    }

    /// Whether the log is large enough to be written into files. Whether it is old enough is the keeper's
    /// business.
    fn is_due(&self) -> bool {
        self.hands.shared.with(|state| state.tail.rows()) >= self.hands.shared.settings.seal_rows
    }

    /// Hands the log over. Waits while the one before is still being written: memory is bounded.
    fn seal(&mut self) {
        self.hands.shared.wait_until_sealed();
        let chunks = self.hands.shared.with(|state| state.tail.seal());
        self.log = None;
        if !chunks.is_empty() {
            self.keeper.send(Task::Seal { chunks, log: self.number });
        }
    }
}
