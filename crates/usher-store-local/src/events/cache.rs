//! What reports read again and again, decoded, within a bound of memory.

use std::any::Any;
use std::sync::Arc;

use hashbrown::HashMap;
use parking_lot::Mutex;

use super::file::Attributes;
use super::kept::Holds;

/// A part of a file. Files never change, so what was read of one stays true.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Key {
    pub(super) file: u64,
    pub(super) holds: Holds,
    pub(super) part: Part,
}

/// What of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Part {
    /// The footer.
    Table,
    /// A row group, as facts.
    Block(usize, Attributes),
    /// Which roll-ups there are.
    Sketches,
    /// The keys of a roll-up.
    Keys(usize),
    /// The numbers of a roll-up for a metric.
    Values(usize, usize),
    /// All of it.
    All,
}

/// Something that was read, and how many bytes it takes.
pub(super) struct Weighed<T>(pub(super) T, pub(super) usize);

/// Keeps what was used last.
#[derive(Debug)]
pub(super) struct Cache {
    entries: Mutex<Entries>,
    bytes_max: usize,
}

#[derive(Debug, Default)]
struct Entries {
    of_key: HashMap<Key, Entry>,
    bytes: usize,
    turn: u64,
}

#[derive(Debug)]
struct Entry {
    value: Arc<dyn Any + Send + Sync>,
    bytes: usize,
    last_used: u64,
}

impl Cache {
    pub(super) fn new(bytes_max: usize) -> Self {
        Self { entries: Mutex::default(), bytes_max }
    }

    /// What is kept under `key`, else what `make` makes. Two who ask at once may both make it.
    pub(super) fn get<T: Any + Send + Sync, E>(
        &self,
        key: Key,
        make: impl FnOnce() -> Result<Weighed<T>, E>,
    ) -> Result<Arc<T>, E> {
        let known = self.entries.lock().find(key);
        if let Some(known) = known.and_then(|value| value.downcast().ok()) {
            return Ok(known);
        }
        let Weighed(value, bytes) = make()?;
        let value = Arc::new(value);
        if self.would_keep(bytes) {
            self.entries.lock().keep(key, Arc::clone(&value) as _, bytes, self.bytes_max);
        }
        Ok(value)
    }

    /// Whether something is kept under `key`.
    pub(super) fn has(&self, key: Key) -> bool {
        self.entries.lock().of_key.contains_key(&key)
    }

    /// Whether something of so many bytes is kept: what would push out everything else is not worth it.
    pub(super) const fn would_keep(&self, bytes: usize) -> bool {
        bytes <= self.bytes_max / 8
    }

    /// How many bytes may be read before they are needed, and still be there then.
    pub(super) const fn room_ahead(&self) -> usize {
        self.bytes_max / 2
    }

    /// Forgets a file.
    pub(super) fn forget(&self, file: u64) {
        self.entries.lock().retain(|key, _| key.file != file);
    }
}

impl Entries {
    fn find(&mut self, key: Key) -> Option<Arc<dyn Any + Send + Sync>> {
        self.turn += 1;
        let entry = self.of_key.get_mut(&key)?;
        entry.last_used = self.turn;
        Some(Arc::clone(&entry.value))
    }

    fn keep(
        &mut self,
        key: Key,
        value: Arc<dyn Any + Send + Sync>,
        bytes: usize,
        bytes_max: usize,
    ) {
        self.bytes += bytes;
        let entry = Entry { value, bytes, last_used: self.turn };
        if let Some(old) = self.of_key.insert(key, entry) {
            self.bytes -= old.bytes;
        }
        if self.bytes > bytes_max {
            self.make_room(bytes_max / 4 * 3);
        }
    }

    /// Lets go of what was not used for longest.
    fn make_room(&mut self, bytes_max: usize) {
        let mut by_age: Vec<_> =
            self.of_key.values().map(|entry| (entry.last_used, entry.bytes)).collect();
        by_age.sort_unstable();
        let (mut bytes, mut youngest) = (self.bytes, 0);
        for (last_used, of_entry) in by_age {
            if bytes <= bytes_max {
                break;
            }
            bytes -= of_entry;
            youngest = last_used;
        }
        self.retain(|_, entry| entry.last_used > youngest);
    }

    fn retain(&mut self, keeps: impl Fn(&Key, &Entry) -> bool) {
        self.of_key.retain(|key, entry| keeps(key, entry));
        self.bytes = self.of_key.values().map(|entry| entry.bytes).sum();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(file: u64) -> Key {
        Key { file, holds: Holds::Events, part: Part::All }
    }

    fn ask(cache: &Cache, file: u64, bytes: usize) -> (u64, bool) {
        let mut was_made = false;
        let made = cache.get(key(file), || {
            was_made = true;
            Ok::<_, ()>(Weighed(file, bytes))
        });
        (*made.unwrap(), was_made)
    }

    #[test]
    fn what_was_used_last_stays() {
        let cache = Cache::new(100);
        for file in 0..10 {
            assert_eq!(ask(&cache, file, 10), (file, true));
        }
        assert_eq!(ask(&cache, 0, 10), (0, false));
        assert_eq!(ask(&cache, 10, 10), (10, true));
        assert_eq!(ask(&cache, 0, 10), (0, false), "it was used");
        assert_eq!(ask(&cache, 1, 10), (1, true), "it was not");
        assert!(cache.entries.lock().bytes <= 100);
    }

    #[test]
    fn what_is_too_large_and_what_is_forgotten_is_made_again() {
        let cache = Cache::new(100);
        assert_eq!(ask(&cache, 1, 50), (1, true));
        assert_eq!(ask(&cache, 1, 50), (1, true));
        assert_eq!(ask(&cache, 2, 5), (2, true));
        cache.forget(2);
        assert_eq!(ask(&cache, 2, 5), (2, true));
    }
}
