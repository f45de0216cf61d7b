//! Single sign-on through the framework of a platform partner (`pass-rest-v2` §12): the platform knows
//! the viewer's TV provider, and carries messages between it and us.

mod onboarding;
mod permission;
mod status;
mod store;

pub use onboarding::ConfigurationDefect;
pub(crate) use onboarding::onboarded;
pub(crate) use permission::objection;
pub use status::{FrameworkStatus, StatusDefect};
pub use store::{FrameworkSignIn, FrameworkSignIns};

use serde::{Deserialize, Serialize};
use usher_registry::Platform;

/// Who owns a framework.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "a product name")]
pub enum PlatformPartner {
    Apple,
}

impl PlatformPartner {
    /// Its name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Apple => "Apple",
        }
    }

    /// The partner with this name, in any case.
    pub fn parse(name: &str) -> Option<Self> {
        name.eq_ignore_ascii_case(Self::Apple.as_str()).then_some(Self::Apple)
    }

    /// The platforms that have its framework.
    pub const fn platforms(self) -> &'static [Platform] {
        match self {
            Self::Apple => &[Platform::Ios, Platform::TvOs],
        }
    }

    /// Whose framework a device of `platform` has.
    pub const fn of(platform: Platform) -> Option<Self> {
        match platform {
            Platform::Ios | Platform::TvOs => Some(Self::Apple),
            Platform::Android | Platform::Roku | Platform::FireTv => None,
        }
    }
}
