//! Reading a journal that nobody writes.

use std::io;
use std::path::Path;

use usher_core::StoreError;
use usher_reports::{Event, EventBatch};

use super::segment::{MAGIC, Records, Segment};
use super::writer::{corrupt, unavailable};
use super::{LocalJournal, lock};

impl LocalJournal {
    /// Hands every event kept in `directory` to `each`, in the order they were written, and changes
    /// nothing: an unfinished last record stays where it is. Refused while a process has the journal
    /// open. Memory stays within that of the largest record.
    pub fn read(directory: &Path, mut each: impl FnMut(Event)) -> Result<(), StoreError> {
        // Looked at first: taking the lock would create the directory.
        let numbers = Segment::numbers(directory).map_err(unavailable)?;
        if numbers.is_empty() {
            return Err(unavailable(io::Error::from(io::ErrorKind::NotFound)));
        }
        let _lock = lock(directory)?;
        for number in &numbers {
            let path = Segment::path(directory, *number);
            let mut records = Records::open(&path).map_err(unavailable)?;
            while let Some(payload) = records.next().map_err(unavailable)? {
                let batch = EventBatch::from_ndjson(&payload).map_err(|_| corrupt(&path))?;
                batch.into_events().into_iter().for_each(&mut each);
            }
            let is_last = Some(number) == numbers.last();
            let is_torn = records.good != records.size;
            let is_foreign = records.good == 0 && records.size > MAGIC.len() as u64;
            if is_foreign || is_torn && !is_last {
                return Err(corrupt(&path));
            }
        }
        Ok(())
    }
}
