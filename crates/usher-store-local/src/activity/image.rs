//! The durable image: one value per subject, and events on their way to the journal.
//!
//! Two keyspaces hold subjects: those with live streams, all of which are read when the process starts,
//! and those that only remember ended ones, which are read one by one when somebody asks. A change that
//! moves a subject from one to the other is one atomic batch. Keys begin with the subject's shard, so
//! that shards can be read side by side.

use std::panic::AssertUnwindSafe;
use std::path::Path;
use std::sync::Arc;

use fjall::compaction::filter::{CompactionFilter, Context, Factory, ItemAccessor, Verdict};
use fjall::{Database, Keyspace, KeyspaceCreateOptions};
use tokio::sync::oneshot;
use usher_core::{Clock, StoreError, Timestamp};
use usher_reports::{Event, EventJournal};
use usher_streams::{Activity, Names, Subject};

use super::memtables::LAST_RESORT_BYTES;
use super::writer::{Write, Writer};
use super::{outbox, shard_of};

const LIVE: &str = "live";
const RESTING: &str = "resting";
const OUTBOX: &str = "outbox";

/// What the image of a subject with one stream takes, about.
const IMAGE_BYTES: usize = 256;

pub(super) struct Image {
    keyspaces: Keyspaces,
    writer: Writer,
}

#[derive(Clone)]
pub(super) struct Keyspaces {
    pub(super) live: Keyspace,
    pub(super) resting: Keyspace,
    pub(super) outbox: Keyspace,
}

/// Which keyspace has a subject's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Nowhere,
    Live,
    Resting,
}

impl Image {
    /// Opens the image and has events that were still on their way delivered.
    pub(super) async fn open(
        directory: &Path,
        journal: Arc<dyn EventJournal>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, StoreError> {
        let directory = directory.to_owned();
        let opening = tokio::task::spawn_blocking(move || open_database(&directory, clock));
        let (database, keyspaces) =
            opening.await.map_err(|error| StoreError::Unavailable(error.to_string()))??;
        let (events, last) = undelivered(&keyspaces.outbox)?;
        if !events.is_empty() {
            journal.append(events).await?;
        }
        let writer = Writer::spawn(database, keyspaces.clone(), journal, last)?;
        Ok(Self { keyspaces, writer })
    }

    /// Every subject of `shard` with a live stream.
    pub(super) fn live(
        &self,
        shard: u8,
        names: &mut Names,
    ) -> impl Iterator<Item = Result<(Subject, Activity), StoreError>> {
        self.keyspaces.live.prefix([shard]).map(|guard| {
            let (key, image) = guard.into_inner().map_err(|error| unavailable(&error))?;
            let subject = key.split_first().and_then(|(_, key)| Subject::from_key(key));
            let activity = Activity::from_image(&image, names).ok();
            subject.zip(activity).ok_or_else(|| corrupt("a live subject"))
        })
    }

    /// The activity of a `subject` without live streams as last written.
    pub(super) fn load(&self, subject: &Subject) -> Result<Option<Activity>, StoreError> {
        let value =
            self.keyspaces.resting.get(key(subject)).map_err(|error| unavailable(&error))?;
        let Some(value) = value else { return Ok(None) };
        let image = value.split_first_chunk::<8>().map(|(_, image)| image);
        let read = |image: &[u8]| Activity::from_image(image, &mut Names::default()).ok();
        image.and_then(read).map(Some).ok_or_else(|| corrupt(subject.idp()))
    }

    /// Queues `activity` to be written together with its events; its image is at `place` now, and
    /// somewhere else then.
    pub(super) fn write(
        &self,
        subject: &Subject,
        activity: &Activity,
        place: &mut Place,
        events: Vec<Event>,
    ) -> Result<(u64, oneshot::Receiver<Result<(), StoreError>>), StoreError> {
        let (to, mut value) = match activity.forgotten_from() {
            None => (Place::Live, Vec::with_capacity(IMAGE_BYTES)),
            Some(until) => (Place::Resting, until.as_millis().to_be_bytes().to_vec()),
        };
        activity.append_image(&mut value).map_err(|_| corrupt(subject.idp()))?;
        let from = std::mem::replace(place, to);
        self.writer.write(Write { key: key(subject), from, to, value }, events)
    }

    /// Whether the write that got `ticket` is on disk.
    pub(super) fn is_written(&self, ticket: u64) -> bool {
        self.writer.is_written(ticket)
    }

    /// Waits until the events of everything written so far are in the journal.
    pub(super) async fn settle(&self) -> Result<(), StoreError> {
        self.writer.settle().await
    }

    pub(super) async fn close(&self) {
        self.writer.close().await;
    }
}

fn key(subject: &Subject) -> Vec<u8> {
    let own = subject.to_key();
    let mut key = Vec::with_capacity(1 + own.len());
    key.push(shard_of(subject));
    key.extend_from_slice(&own);
    key
}

fn open_database(
    directory: &Path,
    clock: Arc<dyn Clock>,
) -> Result<(Database, Keyspaces), StoreError> {
    let forget: Arc<dyn Factory> = Arc::new(Forget(AssertUnwindSafe(clock)));
    let database = Database::builder(directory)
        .cache_size(8 * 1024 * 1024)
        // One of two only takes memtables to disk, however long the other is busy merging.
        .worker_threads(2)
        .max_journaling_size(128 * 1024 * 1024)
        .with_compaction_filter_factories(Arc::new(move |name: &str| {
            (name == RESTING).then(|| Arc::clone(&forget))
        }))
        .open()
        .map_err(|error| unavailable(&error))?;
    let options = || KeyspaceCreateOptions::default().max_memtable_size(LAST_RESORT_BYTES);
    let keyspace = |name| database.keyspace(name, options).map_err(|error| unavailable(&error));
    let keyspaces =
        Keyspaces { live: keyspace(LIVE)?, resting: keyspace(RESTING)?, outbox: keyspace(OUTBOX)? };
    Ok((database, keyspaces))
}

/// Events that were made durable but may not have reached the journal, and the last number used.
fn undelivered(entries: &Keyspace) -> Result<(Vec<Event>, u64), StoreError> {
    let (mut events, mut last) = (Vec::new(), 0);
    for guard in entries.iter() {
        let (key, value) = guard.into_inner().map_err(|error| unavailable(&error))?;
        let number = key.first_chunk::<8>().copied().map(u64::from_be_bytes);
        let batch = outbox::read(&value);
        let (number, batch) = number.zip(batch).ok_or_else(|| corrupt("outbox"))?;
        last = last.max(number);
        events.extend(batch);
    }
    Ok((events, last))
}

/// Lets compaction drop subjects whose ended streams nobody needs to know about any more, so that
/// no sweeper has to visit them. Their values begin with the instant from which that is so.
struct Forget(AssertUnwindSafe<Arc<dyn Clock>>);

impl Factory for Forget {
    fn name(&self) -> &'static str {
        "forget-ended-streams"
    }

    fn make_filter(&self, _: &Context) -> Box<dyn CompactionFilter> {
        Box::new(ForgetBefore(self.0.now()))
    }
}

struct ForgetBefore(Timestamp);

impl CompactionFilter for ForgetBefore {
    fn filter_item(
        &mut self,
        item: ItemAccessor<'_>,
        _: &Context,
    ) -> fjall::compaction::filter::CompactionFilterResult {
        let value = item.value()?;
        let keep_until = value.first_chunk::<8>().copied().map(i64::from_be_bytes);
        let is_over = keep_until.is_some_and(|until| until <= self.0.as_millis());
        Ok(if is_over { Verdict::Remove } else { Verdict::Keep })
    }
}

pub(super) fn unavailable(error: &fjall::Error) -> StoreError {
    StoreError::Unavailable(format!("activity image: {error}"))
}

fn corrupt(id: &str) -> StoreError {
    StoreError::Corrupt { what: "activity image", id: id.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct At(Timestamp);

    impl Clock for At {
        fn now(&self) -> Timestamp {
            self.0
        }
    }

    #[test]
    fn compaction_forgets_what_ended_long_ago_and_nothing_else() {
        let home = tempfile::tempdir().unwrap();
        let clock = Arc::new(At(Timestamp::from_millis(1_000)));
        let (_database, keyspaces) = open_database(home.path(), clock).unwrap();
        let Keyspaces { live, resting, outbox } = keyspaces;
        let cases = [("over", 999_i64, false), ("due", 1_000, false), ("soon", 1_001, true)];
        for (key, until, _) in cases {
            for keyspace in [&live, &resting, &outbox] {
                keyspace.insert(key, until.to_be_bytes()).unwrap();
            }
        }
        for keyspace in [&live, &resting, &outbox] {
            keyspace.rotate_memtable_and_wait().unwrap();
            keyspace.major_compact().unwrap();
        }
        for (key, _, is_kept) in cases {
            assert_eq!(resting.get(key).unwrap().is_some(), is_kept, "{key}");
            assert!(live.get(key).unwrap().is_some(), "{key}");
            assert!(outbox.get(key).unwrap().is_some(), "{key}");
        }
    }
}
