//! Sets memtables aside when they are full, and lets the database take them to disk.
//!
//! Its own threads would do the first as well, but have to lock the log for it, which the writer holds all
//! the time but for microseconds: under steady load they were left waiting, for minutes on a busy machine,
//! while memtable and log grew without bounds. So the writer sets memtables aside itself, and stands back
//! for a moment when one of those threads has come to the lock.

use std::time::Duration;

use fjall::{Database, Keyspace, OwnedWriteBatch};
use usher_core::StoreError;

use super::image::unavailable;

/// Bytes of a keyspace that wait in memory to be sorted to disk.
const BYTES_MAX: usize = 8 * 1024 * 1024;

/// From so many bytes on the database acts by itself.
pub(super) const LAST_RESORT_BYTES: u64 = 4 * BYTES_MAX as u64;

/// What a value takes there besides its key and itself, roughly.
const ENTRY_BYTES: usize = 64;

/// How long the writer stands back: long enough for a thread that waits for a lock to run.
const STAND_BACK: Duration = Duration::from_millis(1);

/// The memtable of one keyspace, seen from the writer.
pub(super) struct Memtable {
    keyspace: Keyspace,
    bytes: usize,
}

impl Memtable {
    pub(super) const fn new(keyspace: Keyspace) -> Self {
        Self { keyspace, bytes: 0 }
    }

    /// Has `batch` write a value.
    pub(super) fn insert(&mut self, batch: &mut OwnedWriteBatch, key: &[u8], value: Vec<u8>) {
        self.bytes += key.len() + value.len() + ENTRY_BYTES;
        batch.insert(&self.keyspace, key, value);
    }

    /// Has `batch` remove a value.
    pub(super) fn remove(&mut self, batch: &mut OwnedWriteBatch, key: &[u8]) {
        self.bytes += key.len() + ENTRY_BYTES;
        batch.remove(&self.keyspace, key);
    }

    /// Sets it aside if it is full; whether it was.
    fn set_aside_if_full(&mut self) -> Result<bool, StoreError> {
        if self.bytes < BYTES_MAX {
            return Ok(false);
        }
        self.bytes = 0;
        self.keyspace.rotate_memtable().map_err(|error| unavailable(&error))
    }
}

/// Memtables on their way to disk.
#[derive(Default)]
pub(super) struct Turnover {
    waiting: usize,
}

impl Turnover {
    /// Sets full memtables aside. To be called after every group, while nobody waits for an answer.
    pub(super) fn tend<'m>(
        &mut self,
        database: &Database,
        memtables: impl IntoIterator<Item = &'m mut Memtable>,
    ) -> Result<(), StoreError> {
        for memtable in memtables {
            self.waiting += usize::from(memtable.set_aside_if_full()?);
        }
        let waiting = database.outstanding_flushes();
        if waiting < self.waiting {
            stand_back();
        }
        self.waiting = waiting;
        Ok(())
    }
}

#[expect(clippy::disallowed_methods, reason = "on the writer's own thread, a few times a second")]
fn stand_back() {
    std::thread::sleep(STAND_BACK);
}

#[cfg(test)]
mod tests {
    use fjall::KeyspaceCreateOptions;

    use super::*;

    #[test]
    fn a_full_memtable_set_aside_if_full_and_nothing_is_lost() {
        let home = tempfile::tempdir().unwrap();
        let database = Database::builder(home.path()).open().unwrap();
        let options = || KeyspaceCreateOptions::default().max_memtable_size(LAST_RESORT_BYTES);
        let keyspace = database.keyspace("some", options).unwrap();
        let (mut memtable, mut turnover) = (Memtable::new(keyspace.clone()), Turnover::default());
        let values = [("first", BYTES_MAX / 2), ("second", BYTES_MAX / 2), ("third", 1)];
        let mut left = Vec::new();
        for (key, bytes) in values {
            let mut batch = database.batch();
            memtable.insert(&mut batch, key.as_bytes(), vec![7; bytes]);
            batch.commit().unwrap();
            turnover.tend(&database, [&mut memtable]).unwrap();
            left.push(memtable.bytes);
        }
        assert_eq!(
            left,
            [BYTES_MAX / 2 + "first".len() + ENTRY_BYTES, 0, 1 + "third".len() + ENTRY_BYTES]
        );
        for (key, bytes) in values {
            assert_eq!(keyspace.get(key).unwrap().map(|value| value.len()), Some(bytes));
        }
        // Only the third is in the memtable that grows: nothing is left once that is set aside, too.
        assert!(keyspace.rotate_memtable().unwrap());
        assert!(!keyspace.rotate_memtable().unwrap());
    }
}
