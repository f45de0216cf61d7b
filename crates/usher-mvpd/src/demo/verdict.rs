//! What the built-in providers think about a subscriber and a channel, whatever they are asked in.

use std::time::Duration;

use super::subscribers::{Special, by_user_id};

/// How long the slow subscriber's answers take (`demo` §3).
pub(super) const SLOWNESS: Duration = Duration::from_secs(30);

/// A provider's mind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Permit,
    /// Permit, but much later.
    Late,
    Deny(Why),
    /// The decision point is out of order.
    Broken,
}

/// Why a provider says no.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Why {
    NotInPackage,
    NoPackage,
    Parental,
    SessionOver,
    UnknownViewer,
}

impl Why {
    /// The reason for machines.
    pub(super) const fn code(self) -> &'static str {
        match self {
            Self::NotInPackage | Self::NoPackage => "not_entitled",
            Self::Parental => "parental",
            Self::SessionOver => "session_invalidated",
            Self::UnknownViewer => "unknown_viewer",
        }
    }

    /// The reason for viewers.
    pub(super) const fn message(self) -> &'static str {
        match self {
            Self::NotInPackage => {
                "This channel is not in your package. Add it at provider.example/upgrade."
            }
            Self::NoPackage => {
                "Your account has no TV package. Add one at provider.example/upgrade."
            }
            Self::Parental => "Parental controls do not allow this channel.",
            Self::SessionOver => "Please sign in again.",
            Self::UnknownViewer => "We do not know this subscriber.",
        }
    }
}

/// May the viewer `user_id` watch `channel`?
pub(super) fn verdict(user_id: &str, channel: &str) -> Verdict {
    let Some(subscriber) = by_user_id(user_id) else { return Verdict::Deny(Why::UnknownViewer) };
    match subscriber.special {
        Special::SessionInvalidated => Verdict::Deny(Why::SessionOver),
        Special::NoPackage => Verdict::Deny(Why::NoPackage),
        Special::Broken => Verdict::Broken,
        Special::ParentalControls if channel == "acme-movies" => Verdict::Deny(Why::Parental),
        _ if !subscriber.channels.contains(&channel) => Verdict::Deny(Why::NotInPackage),
        Special::Slow => Verdict::Late,
        Special::ParentalControls | Special::AtHome | Special::Nothing => Verdict::Permit,
    }
}
