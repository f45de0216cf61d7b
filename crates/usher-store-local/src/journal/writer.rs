//! The one who writes: recovery, group commit, rotation, retention.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::sync::mpsc;
use tokio::task::spawn_blocking;
use usher_core::{Entropy, EntropyExt, StoreError, Timestamp};
use usher_reports::{Event, EventBatch};

use super::group::{Command, Group};
use super::seen::Seen;
use super::segment::{MAGIC, Records, Segment};
use super::{JournalSettings, stopped};
use crate::LocalWarehouse;

/// Owns the files.
#[derive(Debug)]
pub(super) struct Writer {
    directory: PathBuf,
    settings: JournalSettings,
    warehouse: Arc<LocalWarehouse>,
    entropy: Entropies,
    seen: Seen,
    /// Full segments, with their newest event.
    full: Vec<(u64, Timestamp)>,
    open: Segment,
    number: u64,
    newest: Timestamp,
    has_failed: bool,
}

/// An [`Entropy`] that can be printed.
struct Entropies(Arc<dyn Entropy>);

impl std::fmt::Debug for Entropies {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Entropy")
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
    /// Replays every segment and opens the last one for writing.
    pub(super) fn open(
        directory: &Path,
        settings: JournalSettings,
        warehouse: Arc<LocalWarehouse>,
        entropy: Arc<dyn Entropy>,
    ) -> Result<Self, StoreError> {
        std::fs::create_dir_all(directory).map_err(unavailable)?;
        let mut replay = Replay { seen: Seen::new(settings.ids_min), warehouse: &warehouse };
        let mut numbers = Segment::numbers(directory).map_err(unavailable)?;
        let number = numbers.pop().unwrap_or(1);
        let mut full = Vec::new();
        for number in numbers {
            let path = Segment::path(directory, number);
            let (records, newest) = replay.segment(&path)?;
            if records.good != records.size {
                return Err(corrupt(&path));
            }
            full.push((number, newest));
        }
        let path = Segment::path(directory, number);
        let (good, newest) = replay.last(&path)?;
        let open = Segment::open(&path, good).map_err(unavailable)?;
        let seen = replay.seen;
        let (directory, entropy) = (directory.to_owned(), Entropies(entropy));
        let has_failed = false;
        let mut writer = Self {
            directory,
            settings,
            warehouse,
            entropy,
            seen,
            full,
            open,
            number,
            newest,
            has_failed,
        };
        writer.forget();
        Ok(writer)
    }

    /// Writes what is new of a group, then answers everybody.
    fn commit(&mut self, group: Group) {
        let mut fresh = Vec::new();
        let mut answers = Vec::new();
        for Command { events, done, .. } in group.commands {
            let before = fresh.len();
            fresh.extend(events.into_iter().filter_map(|event| self.identify(event)));
            answers.extend(done.map(|done| (done, fresh.len() - before)));
        }
        let written = self.write(fresh);
        for (done, count) in answers {
            // A caller that no longer waits does not need the answer.
            let _ = done.send(written.clone().map(|()| count));
        }
    }

    /// The event with an id, unless it was here before.
    fn identify(&mut self, mut event: Event) -> Option<Event> {
        if event.id().is_empty() {
            event.set_id(self.entropy.0.uuid().to_string());
        }
        self.seen.insert(event.id()).then_some(event)
    }

    fn write(&mut self, events: Vec<Event>) -> Result<(), StoreError> {
        if self.has_failed {
            return Err(stopped());
        }
        if events.is_empty() {
            return Ok(());
        }
        if let Err(error) = self.append(&events) {
            // After a failed sync nobody knows what the disk holds; a restart finds out.
            self.has_failed = true;
            tracing::error!("the event journal cannot write any more: {error}");
            return Err(unavailable(error));
        }
        self.warehouse.take_in(events);
        Ok(())
    }

    fn append(&mut self, events: &[Event]) -> io::Result<()> {
        if self.open.bytes >= self.settings.segment_bytes {
            self.rotate()?;
        }
        let mut payload = Vec::new();
        for event in events {
            serde_json::to_writer(&mut payload, event)?;
            payload.push(b'\n');
            self.newest = self.newest.max(event.at());
        }
        self.open.append(&payload)
    }

    /// Begins a new segment.
    fn rotate(&mut self) -> io::Result<()> {
        let next = self.number + 1;
        self.open = Segment::open(&Segment::path(&self.directory, next), 0)?;
        self.full.push((self.number, self.newest));
        (self.number, self.newest) = (next, Timestamp::from_millis(i64::MIN));
        self.forget();
        Ok(())
    }

    /// Lets go of segments whose every event is older than the retention.
    fn forget(&mut self) {
        let cutoff = self.warehouse.forget();
        let directory = &self.directory;
        self.full.retain(|(number, newest)| {
            let path = Segment::path(directory, *number);
            *newest >= cutoff || std::fs::remove_file(&path).is_err()
        });
    }
}

/// Reads segments back.
struct Replay<'a> {
    seen: Seen,
    warehouse: &'a LocalWarehouse,
}

impl Replay<'_> {
    /// Replays one segment; returns how far it made sense and its newest event.
    fn segment(&mut self, path: &Path) -> Result<(Records, Timestamp), StoreError> {
        let mut records = Records::open(path).map_err(unavailable)?;
        let mut newest = Timestamp::from_millis(i64::MIN);
        while let Some(payload) = records.next().map_err(unavailable)? {
            let batch = EventBatch::from_ndjson(&payload).map_err(|_| corrupt(path))?;
            let mut events = batch.into_events();
            events.retain(|event| self.seen.insert(event.id()));
            newest = events.iter().map(Event::at).fold(newest, Timestamp::max);
            self.warehouse.take_in(events);
        }
        Ok((records, newest))
    }

    /// Replays the last segment, whose last record may be torn; it may also not exist yet.
    fn last(&mut self, path: &Path) -> Result<(u64, Timestamp), StoreError> {
        if !path.exists() {
            return Ok((0, Timestamp::from_millis(i64::MIN)));
        }
        let (records, newest) = self.segment(path)?;
        // The first bytes are durable before anything follows them: this is another format.
        if records.good == 0 && records.size > MAGIC.len() as u64 {
            return Err(corrupt(path));
        }
        if records.good < records.size {
            let bytes = records.size - records.good;
            tracing::warn!(bytes, "cut an unfinished record off the event journal");
        }
        Ok((records.good, newest))
    }
}

#[expect(clippy::needless_pass_by_value, reason = "it is what `map_err` hands over")]
pub(super) fn unavailable(error: io::Error) -> StoreError {
    StoreError::Unavailable(format!("event journal: {error}"))
}

pub(super) fn corrupt(path: &Path) -> StoreError {
    StoreError::Corrupt { what: "journal segment", id: path.display().to_string() }
}
