//! Profiles of recently seen devices, kept in process: a hot read costs no SQL.
//!
//! An entry is what the store says about one holder, tombstones included, or about one subject of
//! single sign-on. After a change the entry is
//! dropped before the change is answered, and a load that began before the drop is not kept, so that
//! nobody who was told of a change is shown the state before it. Entries live for a minute: that bounds
//! what a change by another process, or one whose caller went away half-way, leaves unseen.

use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use quick_cache::sync::Cache;
use usher_core::{StoreError, Timestamp};

use crate::profile::{Profile, ProfileKey};
use crate::seen_profile::SeenProfile;
use crate::session::Holder;
use crate::sso::SsoSubject;
use crate::store::ProfileStore;

/// Devices and subjects remembered at most.
const ENTRIES_MAX: usize = 100_000;
/// How long an entry is believed.
const BELIEVED: Duration = Duration::from_mins(1);
/// Locks that guard the entries; more of them only spares contention.
const STRIPES: usize = 64;

/// What an entry is about.
#[derive(Clone, PartialEq, Eq, Hash)]
enum Whose {
    /// What a device holds.
    Holder(Holder),
    /// What carries a subject.
    Subject(SsoSubject),
}

type Seen = Arc<[Arc<SeenProfile>]>;

/// What was loaded, and when.
#[derive(Clone)]
struct Entry {
    at: Timestamp,
    seen: Seen,
}

/// A [`ProfileStore`]'s profiles with a bounded memory in front.
pub(crate) struct Profiles {
    store: Arc<dyn ProfileStore>,
    seen: Cache<Whose, Entry>,
    /// How often an entry of the stripe was dropped.
    drops: Vec<Mutex<u64>>,
    hasher: RandomState,
}

impl Profiles {
    pub(crate) fn new(store: Arc<dyn ProfileStore>) -> Self {
        Self {
            store,
            seen: Cache::new(ENTRIES_MAX),
            drops: (0..STRIPES).map(|_| Mutex::default()).collect(),
            hasher: RandomState::new(),
        }
    }

    /// The store itself, for changes: each between [`Profiles::changing`] and its end.
    pub(crate) fn store(&self) -> &dyn ProfileStore {
        self.store.as_ref()
    }

    /// Everything stored for `holder`, as seen `now` or lately.
    pub(crate) async fn held_by(
        &self,
        holder: &Holder,
        now: Timestamp,
    ) -> Result<Seen, StoreError> {
        let load = || self.store.held_by(holder);
        self.seen_or_loaded(Whose::Holder(holder.clone()), now, load).await
    }

    /// What carries `subject`: what is active at `now`, and perhaps what was a little earlier.
    pub(crate) async fn linked_to(
        &self,
        subject: &SsoSubject,
        now: Timestamp,
    ) -> Result<Seen, StoreError> {
        let load = || self.store.linked_to(subject, now);
        self.seen_or_loaded(Whose::Subject(subject.clone()), now, load).await
    }

    /// What is stored under `key`.
    pub(crate) async fn find(
        &self,
        key: &ProfileKey,
        now: Timestamp,
    ) -> Result<Option<Arc<SeenProfile>>, StoreError> {
        let held = self.held_by(&key.holder, now).await?;
        Ok(held.iter().find(|profile| profile.key.mvpd == key.mvpd).map(Arc::clone))
    }

    /// Begins a change of a profile of `holder` that carries, or is going to carry, `subjects`. When the
    /// guard goes, however the change went, what was seen of them is forgotten.
    pub(crate) fn changing<'s>(
        &self,
        holder: &Holder,
        subjects: impl IntoIterator<Item = &'s SsoSubject>,
    ) -> Changing<'_> {
        let subjects = subjects.into_iter().cloned().map(Whose::Subject);
        let whose = std::iter::once(Whose::Holder(holder.clone())).chain(subjects).collect();
        Changing { profiles: self, whose }
    }

    /// Begins a change of `profile`.
    pub(crate) fn changing_profile(&self, profile: &Profile) -> Changing<'_> {
        self.changing(&profile.key.holder, &profile.subjects)
    }

    /// What is remembered about `whose`, else what `load` finds. Nothing is made for loading before that: the
    /// statement of a store is a kilobyte at work.
    async fn seen_or_loaded<L>(
        &self,
        whose: Whose,
        now: Timestamp,
        load: impl FnOnce() -> L,
    ) -> Result<Seen, StoreError>
    where
        L: Future<Output = Result<Vec<Profile>, StoreError>>,
    {
        let is_believed = |entry: &Entry| entry.at.is_recent(BELIEVED, now);
        if let Some(known) = self.seen.get(&whose).filter(is_believed) {
            return Ok(known.seen);
        }
        let drops_before = self.with_stripe(&whose, |drops| *drops);
        let loaded: Seen =
            load().await?.into_iter().map(|profile| Arc::new(profile.into())).collect();
        self.with_stripe(&whose, |drops| {
            if *drops == drops_before {
                self.seen.insert(whose.clone(), Entry { at: now, seen: Arc::clone(&loaded) });
            }
        });
        Ok(loaded)
    }

    fn with_stripe<T>(&self, whose: &Whose, act: impl FnOnce(&mut u64) -> T) -> T {
        let hash = self.hasher.hash_one(whose);
        let stripe = usize::try_from(hash % STRIPES as u64).unwrap_or(0);
        match self.drops.get(stripe) {
            Some(drops) => act(&mut drops.lock().unwrap_or_else(PoisonError::into_inner)),
            // There is a lock for every remainder.
            None => act(&mut 0),
        }
    }
}

/// A change of somebody's profiles under way.
#[must_use]
pub(crate) struct Changing<'p> {
    profiles: &'p Profiles,
    whose: Vec<Whose>,
}

impl Drop for Changing<'_> {
    fn drop(&mut self) {
        for whose in &self.whose {
            self.profiles.with_stripe(whose, |drops| {
                *drops += 1;
                self.profiles.seen.remove(whose);
            });
        }
    }
}

impl std::fmt::Debug for Profiles {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Profiles").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use async_trait::async_trait;
    use futures_executor::block_on;
    use serde_json::{Map, Value};
    use usher_core::{ClientId, MvpdId, ServiceProviderId};

    use super::*;
    use crate::fixtures;
    use crate::sealed::Sealed;

    /// A store that counts how often it is read, and does something the first time.
    #[derive(Default)]
    struct Counting {
        loads: AtomicUsize,
        during_first: Mutex<Option<Box<dyn FnOnce() + Send>>>,
    }

    #[async_trait]
    impl ProfileStore for Counting {
        async fn held_by(&self, _: &Holder) -> Result<Vec<Profile>, StoreError> {
            self.loads.fetch_add(1, Ordering::Relaxed);
            if let Some(act) = self.during_first.lock().unwrap().take() {
                act();
            }
            Ok(vec![fixtures::profile("Cablevision", Timestamp::default())])
        }

        async fn linked_to(
            &self,
            _: &SsoSubject,
            _: Timestamp,
        ) -> Result<Vec<Profile>, StoreError> {
            Ok(vec![])
        }

        async fn delete(&self, _: &ProfileKey) -> Result<Option<Profile>, StoreError> {
            Ok(None)
        }

        async fn delete_signed_in(
            &self,
            _: &MvpdId,
            _: &str,
            _: &[String],
        ) -> Result<Vec<Profile>, StoreError> {
            Ok(Vec::new())
        }

        async fn delete_of(
            &self,
            _: &MvpdId,
            _: &str,
            _: &ServiceProviderId,
        ) -> Result<Vec<Profile>, StoreError> {
            Ok(Vec::new())
        }

        async fn signed_in_through(
            &self,
            _: &[MvpdId],
            _: &str,
            _: Timestamp,
        ) -> Result<u64, StoreError> {
            Ok(0)
        }

        async fn set_credentials(
            &self,
            _: &ProfileKey,
            _: &str,
            _: &Sealed,
        ) -> Result<(), StoreError> {
            Ok(())
        }

        async fn invalidate(
            &self,
            _: &ProfileKey,
            _: &str,
            _: Timestamp,
        ) -> Result<(), StoreError> {
            Ok(())
        }

        async fn invalidate_of(
            &self,
            _: &ClientId,
            _: Timestamp,
        ) -> Result<Vec<Profile>, StoreError> {
            Ok(Vec::new())
        }

        async fn set_attributes(
            &self,
            _: &ProfileKey,
            _: &str,
            _: &Map<String, Value>,
        ) -> Result<(), StoreError> {
            Ok(())
        }

        async fn mark_fetched(
            &self,
            _: &ProfileKey,
            _: &str,
            _: Timestamp,
        ) -> Result<bool, StoreError> {
            Ok(false)
        }

        async fn sweep(&self, _: Timestamp) -> Result<u64, StoreError> {
            Ok(0)
        }
    }

    const NOW: Timestamp = Timestamp::from_secs(1_000_000);

    fn holder() -> Holder {
        fixtures::profile("Cablevision", Timestamp::default()).key.holder
    }

    #[test]
    fn a_device_is_loaded_once_until_something_changes() {
        let store = Arc::new(Counting::default());
        let profiles = Profiles::new(Arc::clone(&store) as _);
        block_on(async {
            for _ in 0..3 {
                assert_eq!(profiles.held_by(&holder(), NOW).await.unwrap().len(), 1);
            }
            assert_eq!(store.loads.load(Ordering::Relaxed), 1);
            drop(profiles.changing(&holder(), []));
            profiles.held_by(&holder(), NOW).await.unwrap();
        });
        assert_eq!(store.loads.load(Ordering::Relaxed), 2);
    }

    #[test]
    fn what_was_loaded_while_it_changed_is_not_kept() {
        let store = Arc::new(Counting::default());
        let profiles = Arc::new(Profiles::new(Arc::clone(&store) as _));
        let changes = Arc::clone(&profiles);
        let change = move || drop(changes.changing(&holder(), []));
        *store.during_first.lock().unwrap() = Some(Box::new(change));
        block_on(async {
            profiles.held_by(&holder(), NOW).await.unwrap();
            profiles.held_by(&holder(), NOW).await.unwrap();
            profiles.held_by(&holder(), NOW).await.unwrap();
        });
        assert_eq!(store.loads.load(Ordering::Relaxed), 2);
    }

    #[test]
    fn nothing_is_believed_for_long_nor_from_a_time_to_come() {
        let store = Arc::new(Counting::default());
        let profiles = Profiles::new(Arc::clone(&store) as _);
        let last = NOW + BELIEVED - Duration::from_millis(1);
        let earlier = NOW - Duration::from_secs(1);
        block_on(async {
            for (at, loads) in
                [(NOW, 1), (last, 1), (NOW + BELIEVED, 2), (earlier, 3), (earlier, 3)]
            {
                profiles.held_by(&holder(), at).await.unwrap();
                assert_eq!(store.loads.load(Ordering::Relaxed), loads, "{at:?}");
            }
        });
    }
}
