//! Profiles: devices whose viewers a TV provider vouched for (`pass-rest-v2` §5.2).

use serde_json::{Map, Value};
use usher_core::{MvpdId, Timestamp};

use crate::framework::PlatformPartner;
use crate::sealed::Sealed;
use crate::session::Holder;
use crate::sso::SsoSubject;

/// What a profile is stored under.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ProfileKey {
    /// Whose it is.
    pub holder: Holder,
    /// The TV provider.
    pub mvpd: MvpdId,
}

/// A signed-in device, or what is remembered of one (a tombstone).
#[derive(Clone, Debug, PartialEq)]
pub struct Profile {
    /// Unique per sign-in: a new sign-in under the same key has another. A UUID.
    pub id: String,
    /// What it is stored under.
    pub key: ProfileKey,
    /// The viewer's id at the provider.
    pub user_id: String,
    /// Metadata by profile key (`mvpd` §11.1), as delivered, less what follows from the sign-in; what
    /// applications see of it is decided when they ask.
    pub attributes: Map<String, Value>,
    /// Whether the sign-in was home-based, when the provider says.
    pub home_based: Option<bool>,
    /// Whose framework the viewer signed in with, if not with a browser.
    pub framework: Option<PlatformPartner>,
    /// Who else is the same viewer.
    pub subjects: Vec<SsoSubject>,
    /// What later calls to the provider need.
    pub credentials: Option<Sealed>,
    /// What the provider itself calls this sign-in.
    pub upstream: Upstream,
    /// The authentication session it came from. A UUID.
    pub session_id: String,
    /// When the viewer signed in.
    pub not_before: Timestamp,
    /// When the sign-in ends.
    pub not_after: Timestamp,
    /// When the provider or an operator ended it early.
    pub invalidated_at: Option<Timestamp>,
    /// When the application fetched it for the first time.
    pub fetched_at: Option<Timestamp>,
}

/// What a provider itself calls a sign-in: by this it ends it (`mvpd` §5.7), and by this it is known
/// which endpoint is still needed (`mvpd` M3).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Upstream {
    /// The id of the endpoint the viewer signed in at.
    pub endpoint: Option<String>,
    /// The provider's name for the viewer, where it has one that it also signs viewers out by.
    pub subject: Option<String>,
    /// The provider's name for its session with the viewer.
    pub session_index: Option<String>,
}

/// Whether a profile can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It can.
    Active,
    /// Its time is over.
    Expired,
    /// It was ended early.
    Invalidated,
}

impl Profile {
    /// Whether the profile can be used at `now`.
    pub fn standing(&self, now: Timestamp) -> Standing {
        if self.invalidated_at.is_some() {
            Standing::Invalidated
        } else if now >= self.not_after {
            Standing::Expired
        } else {
            Standing::Active
        }
    }

    /// Whether the profile can be used at `now`.
    pub fn is_active(&self, now: Timestamp) -> bool {
        self.standing(now) == Standing::Active
    }
}
