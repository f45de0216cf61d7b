//! One stream, alive or over.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use usher_core::{ApplicationId, TenantId, Timestamp};

use crate::news::Told;
use crate::throttle::Window;
use crate::{Metadata, SessionId};

/// A playing video that counts against limits (`concurrency` §7.5). Compact: one of millions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Stream {
    pub(crate) id: SessionId,
    pub(crate) application: ApplicationId,
    pub(crate) tenant: TenantId,
    /// Orders streams of one subject that started in the same millisecond.
    pub(crate) seq: u32,
    pub(crate) pace: Pace,
    /// Last start or accepted heartbeat: where the stream's duration ends so far.
    pub(crate) last_activity: Timestamp,
    /// Where the current activity window began: the last activity, or a later restart.
    pub(crate) heard: Timestamp,
    pub(crate) metadata: Metadata,
    /// Whether `channel` was sent at the start; a later one is not reported.
    pub(crate) channel_at_start: bool,
    /// Heartbeats and stops in the current throttle window. Not kept over a restart.
    #[serde(skip)]
    pub(crate) calls: Window,
    /// What the reports know of its activity. Not kept over a restart.
    #[serde(skip)]
    pub(crate) told: Told,
}

impl Stream {
    /// Its id.
    pub const fn id(&self) -> SessionId {
        self.id
    }

    /// When it is over unless a heartbeat arrives before.
    pub(crate) fn expires_at(&self) -> Timestamp {
        self.heard + self.pace.window()
    }

    /// The instant announced in `Expires`: whole seconds, earlier than [`Self::expires_at`].
    pub(crate) fn announced(&self) -> Timestamp {
        self.pace.announced(self.heard)
    }

    /// Whether it counts at `now`.
    pub(crate) fn is_active(&self, now: Timestamp) -> bool {
        now < self.expires_at()
    }

    /// What it takes in memory, with a little for each allocation.
    pub(crate) fn bytes(&self) -> usize {
        size_of::<Self>() + self.metadata.bytes() + ALLOCATION
    }

    /// What others are shown of it once it has replaced them.
    pub(crate) fn as_terminator(&self, application_name: &str) -> Terminator {
        Terminator {
            channel: self.metadata.get("channel").map(Into::into),
            started_at: self.id.started_at(),
            device_name: self.metadata.get("deviceName").map(Into::into),
            application_name: application_name.into(),
        }
    }
}

/// How often a stream is expected to be heard of.
///
/// Announcing is one thing, enforcing another: the window is longer than the interval, so that a
/// client that beats exactly when told still succeeds (`concurrency` §7.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Pace {
    interval_s: u32,
    window_ms: u32,
}

impl Pace {
    pub(crate) fn new(interval: Duration, window: Duration) -> Self {
        Self {
            interval_s: u32::try_from(interval.as_secs()).unwrap_or(u32::MAX).max(1),
            window_ms: u32::try_from(window.as_millis()).unwrap_or(u32::MAX).max(1),
        }
    }

    fn window(self) -> Duration {
        Duration::from_millis(self.window_ms.into())
    }

    pub(crate) fn announced(self, heard: Timestamp) -> Timestamp {
        Timestamp::from_secs(heard.as_secs() + i64::from(self.interval_s))
    }
}

/// A stream that is over. Kept for a while, so that late heartbeats get the right answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Ended {
    pub(crate) id: SessionId,
    pub(crate) application: ApplicationId,
    pub(crate) at: Timestamp,
    pub(crate) end: End,
    #[serde(skip)]
    pub(crate) calls: Window,
}

impl Ended {
    /// What it takes in memory, with a little for each allocation.
    pub(crate) fn bytes(&self) -> usize {
        let terminator = match &self.end {
            End::Killed(terminator) => terminator.bytes(),
            End::Stopped | End::Expired | End::Dismissed => 0,
        };
        size_of::<Self>() + terminator
    }
}

/// How a stream ended (`concurrency` §7.4).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum End {
    Stopped,
    Expired,
    Dismissed,
    Killed(Box<Terminator>),
}

/// What an allocator needs besides what it is asked for, roughly.
const ALLOCATION: usize = 16;

impl Terminator {
    fn bytes(&self) -> usize {
        let names = [self.channel.as_deref(), self.device_name.as_deref()].into_iter().flatten();
        let text: usize = names.chain([&*self.application_name]).map(str::len).sum();
        size_of::<Self>() + text + 4 * ALLOCATION
    }
}

/// The stream whose start killed another one, as it was then.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terminator {
    /// Its channel, if it named one.
    pub channel: Option<Box<str>>,
    /// When it started.
    pub started_at: Timestamp,
    /// Its device, if it named one.
    pub device_name: Option<Box<str>>,
    /// The display name of the application that started it.
    pub application_name: Box<str>,
}
