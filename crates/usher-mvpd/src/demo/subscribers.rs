//! Who subscribes to the built-in providers (`demo` §3).

use usher_jose::{base64url, hmac_sha256};

/// Makes user ids opaque. Public on purpose: the people are invented, and their ids must be the same
/// in every demo world.
const ID_KEY: &[u8] = b"usher demo subscribers";

/// Every resource of the demo world.
pub const CHANNELS: [&str; 5] = ["acme-one", "acme-two", "acme-sports", "acme-movies", "acme-kids"];

/// What is special about a subscriber.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Special {
    /// Nothing.
    Nothing,
    /// Signs in from the home network.
    AtHome,
    /// Parental controls deny `acme-movies`.
    ParentalControls,
    /// The decision point answers after 30 s.
    Slow,
    /// The decision point answers with a server error.
    Broken,
    /// Has no package at all.
    NoPackage,
    /// The decision point says the sign-in is over.
    SessionInvalidated,
}

impl Special {
    /// What people are told about it.
    pub const fn describe(self) -> &'static str {
        match self {
            Self::Nothing => "",
            Self::AtHome => "signs in from the home network (HBA)",
            Self::ParentalControls => "parental controls deny acme-movies",
            Self::Slow => "the provider answers after 30 s: the deadline ends the call",
            Self::Broken => "the provider answers with a server error",
            Self::NoPackage => "every decision is denied, with a text from the provider",
            Self::SessionInvalidated => "the provider says the sign-in is over",
        }
    }
}

/// A subscriber. The password is the name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Subscriber {
    /// User name and password.
    pub name: &'static str,
    /// Billing zip code.
    pub zip: &'static str,
    /// Channels in the package.
    pub channels: &'static [&'static str],
    /// The rest.
    pub special: Special,
}

impl Subscriber {
    const fn new(
        name: &'static str,
        zip: &'static str,
        channels: &'static [&'static str],
        special: Special,
    ) -> Self {
        Self { name, zip, channels, special }
    }

    /// The opaque, stable id that providers give for this subscriber.
    pub fn user_id(&self) -> String {
        format!("u-{}", self.opaque("user"))
    }

    /// The household's id.
    pub fn household_id(&self) -> String {
        format!("h-{}", self.opaque("household"))
    }

    /// Twelve bytes are plenty for seven people.
    fn opaque(&self, kind: &str) -> String {
        let code = hmac_sha256(ID_KEY, format!("{kind}\0{}", self.name).as_bytes());
        base64url(code.first_chunk::<12>().unwrap_or(&[0; 12]))
    }
}

const ALL: &[&str] = &CHANNELS;

/// Everybody.
pub const SUBSCRIBERS: [Subscriber; 7] = [
    Subscriber::new("ann", "10001", ALL, Special::AtHome),
    Subscriber::new("ben", "94107", &["acme-one", "acme-two"], Special::Nothing),
    Subscriber::new("cam", "60601", ALL, Special::ParentalControls),
    Subscriber::new("dee", "73301", ALL, Special::Slow),
    Subscriber::new("eve", "30301", ALL, Special::Broken),
    Subscriber::new("fay", "02108", &[], Special::NoPackage),
    Subscriber::new("gus", "98101", ALL, Special::SessionInvalidated),
];

/// The subscriber called `name`.
pub(super) fn by_name(name: &str) -> Option<&'static Subscriber> {
    SUBSCRIBERS.iter().find(|subscriber| subscriber.name == name)
}

/// The subscriber who signs in with this name and password: the password is the name.
pub(super) fn signed_in(username: &str, password: &str) -> Option<&'static Subscriber> {
    by_name(&username.trim().to_lowercase()).filter(|subscriber| subscriber.name == password)
}

/// The subscriber with the id `user_id`.
pub(super) fn by_user_id(user_id: &str) -> Option<&'static Subscriber> {
    SUBSCRIBERS.iter().find(|subscriber| subscriber.user_id() == user_id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_stable_opaque_and_distinct() {
        let ids: std::collections::BTreeSet<_> =
            SUBSCRIBERS.iter().flat_map(|who| [who.user_id(), who.household_id()]).collect();
        assert_eq!(ids.len(), 14);
        for subscriber in &SUBSCRIBERS {
            assert_eq!(by_user_id(&subscriber.user_id()), Some(subscriber));
        }
    }
}
