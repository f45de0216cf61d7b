//! Stream sessions, policies and their evaluation: how many may watch at once.
//!
//! Everything one viewer account is playing is one small record, an [`Activity`]. Starting, beating,
//! stopping and listing are plain functions over that record and a revision of the registry; an
//! [`ActivityStore`] makes each of them one atomic step. [`Streams`] puts the two together and
//! reports what happened. The contract is `concurrency`; nothing here knows HTTP, disks or clocks.

mod activity;
mod beat;
mod evaluate;
mod events;
mod list;
mod metadata;
mod news;
mod relief;
mod service;
mod session;
pub mod simulate;
mod start;
mod stop;
mod store;
mod stream;
mod subject;
mod throttle;

pub use activity::{Activity, ImageError, LIVE_STREAMS_MAX, Names};
pub use beat::{Beat, BeatError};
pub use evaluate::{Conflict, RequiredMetadata, Violation};
pub use list::{Listed, Listing};
pub use metadata::{Metadata, OverLimits, Submission};
pub use news::Grain;
pub use relief::{ReliefSettings, Stretch};
pub use service::{Caller, CallerError, Ports, Streams, StreamsConfig};
pub use session::{Seal, SessionId, TerminationCode};
pub use start::{StartError, Started};
pub use stop::StopError;
pub use store::{ActivityStore, Change, Decide};
pub use stream::{Stream, Terminator};
pub use subject::Subject;
pub use throttle::{Quota, Quotas};

#[cfg(test)]
mod tests;
