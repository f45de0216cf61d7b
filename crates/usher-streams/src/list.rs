//! What a subject is playing (`concurrency` §5.5).

use usher_core::{ApplicationId, Timestamp};
use usher_registry::StreamApplication;

use crate::activity::Activity;
use crate::evaluate::Judge;
use crate::stream::Stream;
use crate::{Metadata, SessionId, TerminationCode};

/// The streams of a subject that a caller may see.
#[derive(Clone, Debug, PartialEq)]
pub struct Listing {
    /// When the list was made.
    pub at: Timestamp,
    /// Streams of the caller's tenant and of those it shares a policy with, oldest first.
    pub streams: Vec<Listed>,
    /// How many other active streams there are.
    pub others: usize,
    /// The earliest expiry announced to one of `streams`, in whole seconds.
    pub expires: Option<Timestamp>,
}

/// One stream of a listing.
#[derive(Clone, Debug, PartialEq)]
pub struct Listed {
    /// Its id.
    pub id: SessionId,
    /// What to put into `X-Terminate` to end it.
    pub code: TerminationCode,
    /// When it started.
    pub started_at: Timestamp,
    /// The application that started it.
    pub application: ApplicationId,
    /// That application's display name.
    pub application_name: String,
    /// Everything the client sent, merged, and what it replaced.
    pub metadata: Metadata,
}

impl Activity {
    /// The streams active at `now` as `caller` may see them. Changes nothing.
    pub(crate) fn list(
        &self,
        judge: Judge<'_>,
        caller: &StreamApplication,
        now: Timestamp,
    ) -> Listing {
        let active: Vec<_> = self.live.iter().filter(|stream| stream.is_active(now)).collect();
        let mut shown: Vec<_> =
            active.iter().copied().filter(|stream| judge.is_shared(caller, stream)).collect();
        shown.sort_by_key(|stream| stream.id);
        Listing {
            at: now,
            expires: shown.iter().map(|stream| stream.announced()).min(),
            others: active.len() - shown.len(),
            streams: shown.into_iter().map(|stream| listed(judge, stream)).collect(),
        }
    }
}

fn listed(judge: Judge<'_>, stream: &Stream) -> Listed {
    Listed {
        id: stream.id,
        code: stream.id.code(),
        started_at: stream.id.started_at(),
        application: stream.application.clone(),
        application_name: judge.application_name(stream).to_owned(),
        metadata: stream.metadata.clone(),
    }
}
