//! A profile as it was read from the store, with what applications were shown of it.

use std::ops::Deref;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use usher_core::ServiceProviderId;
use usher_registry::Revision;

use crate::metadata::Attributes;
use crate::profile::Profile;

/// A profile that many requests read.
///
/// Remembers its viewer's pseudonym, and its metadata as the last channel saw it, because encrypting one
/// key costs more than the rest of a request. Whoever changes the profile makes another of these.
#[derive(Debug)]
pub(crate) struct SeenProfile {
    profile: Profile,
    pseudonym: OnceLock<Arc<str>>,
    shown: Mutex<Option<Shown>>,
}

/// Metadata as a channel was shown it.
#[derive(Debug)]
struct Shown {
    channel: ServiceProviderId,
    /// The revision that says what is shown, and whose certificate it is encrypted to.
    revision: Revision,
    attributes: Arc<Attributes>,
}

impl SeenProfile {
    /// The viewer's pseudonym, as `name` makes it: always the same for one profile.
    pub(crate) fn pseudonym(&self, name: impl FnOnce(&Profile) -> String) -> Arc<str> {
        Arc::clone(self.pseudonym.get_or_init(|| name(&self.profile).into()))
    }

    /// The metadata as `channel` sees it in `revision`: as it was last shown, or as
    /// `shape` makes it.
    pub(crate) fn attributes(
        &self,
        channel: &ServiceProviderId,
        revision: Revision,
        shape: impl FnOnce(&Profile) -> Attributes,
    ) -> Arc<Attributes> {
        let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        match &*shown {
            Some(shown) if shown.channel == *channel && shown.revision == revision => {
                Arc::clone(&shown.attributes)
            }
            Some(_) | None => {
                let attributes = Arc::new(shape(&self.profile));
                *shown = Some(Shown {
                    channel: channel.clone(),
                    revision,
                    attributes: Arc::clone(&attributes),
                });
                attributes
            }
        }
    }
}

impl From<Profile> for SeenProfile {
    fn from(profile: Profile) -> Self {
        Self { profile, pseudonym: OnceLock::new(), shown: Mutex::new(None) }
    }
}

impl Deref for SeenProfile {
    type Target = Profile;

    fn deref(&self) -> &Profile {
        &self.profile
    }
}

#[cfg(test)]
mod tests {
    use usher_core::Timestamp;

    use super::*;
    use crate::fixtures;
    use crate::metadata::Attribute;

    #[test]
    fn metadata_is_shaped_anew_for_another_channel_and_another_revision() {
        let seen = SeenProfile::from(fixtures::profile("Cablevision", Timestamp::default()));
        let [now, later] =
            [fixtures::world(), fixtures::world()].map(|world| world.snapshot.revision());
        let [one, other] = ["one", "other"].map(ServiceProviderId::new);
        let mut shaped = 0;
        let asked = [(&one, now), (&one, now), (&other, now), (&other, later), (&other, later)];
        let shown = asked.map(|(channel, revision)| {
            let attributes = seen.attributes(channel, revision, |_| {
                shaped += 1;
                Attributes::from([("userID".to_owned(), Attribute::Plain(shaped.into()))])
            });
            attributes["userID"].clone()
        });
        assert_eq!(shown, [1, 1, 2, 3, 3].map(|count| Attribute::Plain(count.into())));
    }
}
