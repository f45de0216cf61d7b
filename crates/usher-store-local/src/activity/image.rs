//! The durable image: one value per subject, and events on their way to the journal.

use std::panic::AssertUnwindSafe;
use std::path::Path;
use std::sync::Arc;

use fjall::compaction::filter::{CompactionFilter, Context, Factory, ItemAccessor, Verdict};
use fjall::{Database, Keyspace, KeyspaceCreateOptions};
use tokio::sync::oneshot;
use usher_core::{Clock, StoreError, Timestamp};
use usher_reports::{Event, EventJournal};
use usher_streams::{Activity, Subject};

use super::writer::Writer;

const SUBJECTS: &str = "subjects";
const OUTBOX: &str = "outbox";

pub(super) struct Image {
    subjects: Keyspace,
    writer: Writer,
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
        let (database, subjects, outbox) =
            opening.await.map_err(|error| StoreError::Unavailable(error.to_string()))??;
        let (events, last) = undelivered(&outbox)?;
        if !events.is_empty() {
            journal.append(events).await?;
        }
        let writer = Writer::spawn(database, [subjects.clone(), outbox], journal, last)?;
        Ok(Self { subjects, writer })
    }

    /// Every subject with a live stream.
    pub(super) fn live(&self) -> impl Iterator<Item = Result<(Subject, Activity), StoreError>> {
        self.subjects.iter().filter_map(|guard| {
            let (key, value) = match guard.into_inner() {
                Ok(pair) => pair,
                Err(error) => return Some(Err(unavailable(&error))),
            };
            let (keep_until, image) = value.split_first_chunk::<8>()?;
            if i64::from_be_bytes(*keep_until) != KEEP {
                return None;
            }
            let subject = Subject::from_key(&key);
            Some(subject.zip(Activity::from_image(image).ok()).ok_or_else(|| corrupt("a key")))
        })
    }

    /// The activity of `subject` as last written.
    pub(super) fn load(&self, subject: &Subject) -> Result<Option<Activity>, StoreError> {
        let value = self.subjects.get(subject.to_key()).map_err(|error| unavailable(&error))?;
        let Some(value) = value else { return Ok(None) };
        let image = value.split_first_chunk::<8>().map(|(_, image)| image);
        let activity = image.and_then(|image| Activity::from_image(image).ok());
        activity.map(Some).ok_or_else(|| corrupt(subject.idp()))
    }

    /// Queues `activity` to be written together with its events.
    pub(super) fn write(
        &self,
        subject: &Subject,
        activity: &Activity,
        events: Vec<Event>,
    ) -> Result<(u64, oneshot::Receiver<Result<(), StoreError>>), StoreError> {
        let keep_until = activity.forgotten_from().map_or(KEEP, Timestamp::as_millis);
        let image = activity.to_image().map_err(|_| corrupt(subject.idp()))?;
        let mut value = Vec::with_capacity(8 + image.len());
        value.extend_from_slice(&keep_until.to_be_bytes());
        value.extend_from_slice(&image);
        self.writer.write(subject.to_key(), value, events)
    }

    /// Whether the write that got `ticket` is on disk.
    pub(super) fn is_written(&self, ticket: u64) -> bool {
        self.writer.is_written(ticket)
    }

    pub(super) async fn close(&self) {
        self.writer.close().await;
    }
}

fn open_database(
    directory: &Path,
    clock: Arc<dyn Clock>,
) -> Result<(Database, Keyspace, Keyspace), StoreError> {
    let forget: Arc<dyn Factory> = Arc::new(Forget(AssertUnwindSafe(clock)));
    let database = Database::builder(directory)
        .cache_size(16 * 1024 * 1024)
        .worker_threads(1)
        .max_journaling_size(128 * 1024 * 1024)
        .with_compaction_filter_factories(Arc::new(move |name: &str| {
            (name == SUBJECTS).then(|| Arc::clone(&forget))
        }))
        .open()
        .map_err(|error| unavailable(&error))?;
    let keyspace = |name| {
        database.keyspace(name, KeyspaceCreateOptions::default).map_err(|error| unavailable(&error))
    };
    let (subjects, outbox) = (keyspace(SUBJECTS)?, keyspace(OUTBOX)?);
    Ok((database, subjects, outbox))
}

/// Events that were made durable but may not have reached the journal, and the last number used.
fn undelivered(outbox: &Keyspace) -> Result<(Vec<Event>, u64), StoreError> {
    let (mut events, mut last) = (Vec::new(), 0);
    for guard in outbox.iter() {
        let (key, value) = guard.into_inner().map_err(|error| unavailable(&error))?;
        let number = key.first_chunk::<8>().copied().map(u64::from_be_bytes);
        let batch = serde_json::from_slice::<Vec<Event>>(&value).ok();
        let (number, batch) = number.zip(batch).ok_or_else(|| corrupt("outbox"))?;
        last = last.max(number);
        events.extend(batch);
    }
    Ok((events, last))
}

/// Stands where the instant would from which a value says nothing any more.
const KEEP: i64 = i64::MAX;

/// Lets compaction drop subjects whose ended streams nobody needs to know about any more, so that
/// no sweeper has to visit them.
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
        let (_database, subjects, outbox) = open_database(home.path(), clock).unwrap();
        let cases = [
            ("over", 999, false),
            ("due", 1_000, false),
            ("soon", 1_001, true),
            ("live", KEEP, true),
        ];
        for (key, until, _) in cases {
            subjects.insert(key, until.to_be_bytes()).unwrap();
            outbox.insert(key, until.to_be_bytes()).unwrap();
        }
        for keyspace in [&subjects, &outbox] {
            keyspace.rotate_memtable_and_wait().unwrap();
            keyspace.major_compact().unwrap();
        }
        for (key, _, is_kept) in cases {
            assert_eq!(subjects.get(key).unwrap().is_some(), is_kept, "{key}");
            assert!(outbox.get(key).unwrap().is_some(), "{key}");
        }
    }
}
