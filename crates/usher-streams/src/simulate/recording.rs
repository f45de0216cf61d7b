//! Events in the form a replay needs them: small, so that months of them fit into memory.

use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use usher_core::Timestamp;
use usher_reports::{StreamEvent, StreamEventName};

/// How long a stream of unknown end lasts beyond its last sign of life (`concurrency` §7.3).
const WINDOW: Duration = Duration::from_secs(90);

/// What reports say where nothing is known.
const UNKNOWN: &str = "Unknown";

/// Recorded stream activity, in any order.
#[derive(Clone, Debug, Default)]
pub struct Recording {
    pub(super) names: Names,
    pub(super) moments: Vec<Moment>,
    /// Hashes of the ids of events: an event that comes twice counts once.
    seen: HashSet<u64>,
}

/// One event.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moment {
    pub(super) mvpd: Name,
    pub(super) account: Name,
    pub(super) at: Timestamp,
    pub(super) event: StreamEventName,
    pub(super) tenant: Name,
    pub(super) application: Name,
    pub(super) session: Option<Name>,
    pub(super) channel: Option<Name>,
    pub(super) platform: Option<Name>,
}

impl Recording {
    /// Takes an event. One with an id that was taken before changes nothing.
    pub fn add(&mut self, event: &StreamEvent) {
        if !event.event_id.is_empty() && !self.seen.insert(hash(&event.event_id)) {
            return;
        }
        let known = |value: &&str| *value != UNKNOWN;
        let channel = event.channel.as_deref().filter(known);
        let platform = event.platform.as_deref().filter(known);
        let moment = Moment {
            mvpd: self.names.intern(&event.mvpd),
            account: self.names.intern(&event.account),
            at: event.ts,
            event: event.event,
            tenant: self.names.intern(&event.tenant),
            application: self.names.intern(&event.application_id),
            session: event.session_id.as_deref().map(|id| self.names.intern(id)),
            channel: channel.map(|channel| self.names.intern(channel)),
            platform: platform.map(|platform| self.names.intern(platform)),
        };
        self.moments.push(moment);
    }

    /// Whether nothing was recorded.
    pub fn is_empty(&self) -> bool {
        self.moments.is_empty()
    }

    /// The moments, subject by subject, each subject's in the order of time; every stream has an end.
    pub(super) fn in_order(&mut self) -> &[Moment] {
        self.end_open_streams();
        self.moments.sort_by_key(|it| (it.mvpd, it.account, it.at, rank(it.event)));
        &self.moments
    }

    /// Gives streams whose end was not recorded one: the silence after their last sign of life.
    fn end_open_streams(&mut self) {
        let mut open: HashMap<Name, Moment> = HashMap::new();
        let mut ended = HashSet::new();
        for moment in &self.moments {
            let Some(session) = moment.session else { continue };
            if is_end(moment.event) {
                ended.insert(session);
            } else {
                let last = open.entry(session).or_insert(*moment);
                last.at = last.at.max(moment.at);
            }
        }
        open.retain(|session, _| !ended.contains(session));
        let event = StreamEventName::SessionExpired;
        self.moments.extend(open.into_values().map(|it| Moment {
            at: it.at + WINDOW,
            event,
            ..it
        }));
    }
}

fn hash(id: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    id.hash(&mut hasher);
    hasher.finish()
}

const fn is_end(event: StreamEventName) -> bool {
    use StreamEventName as Name;
    match event {
        Name::SessionStopped
        | Name::SessionExpired
        | Name::SessionDismissed
        | Name::SessionKilled => true,
        Name::SessionStarted | Name::SessionDenied | Name::SessionHeartbeat => false,
    }
}

/// Of what happened in one millisecond, what made room comes before who took it; otherwise the order
/// of the recording counts.
const fn rank(event: StreamEventName) -> u8 {
    use StreamEventName as Name;
    match event {
        Name::SessionKilled | Name::SessionExpired => 0,
        Name::SessionStarted
        | Name::SessionDenied
        | Name::SessionHeartbeat
        | Name::SessionDismissed
        | Name::SessionStopped => 1,
    }
}

/// A text that was seen before, as its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Name(u32);

/// Every text once.
#[derive(Clone, Debug, Default)]
pub(super) struct Names(indexmap::IndexSet<Box<str>>);

impl Names {
    fn intern(&mut self, text: &str) -> Name {
        let index = match self.0.get_index_of(text) {
            Some(index) => index,
            None => self.0.insert_full(text.into()).0,
        };
        // Four thousand million texts do not fit into memory.
        Name(u32::try_from(index).unwrap_or(u32::MAX))
    }

    pub(super) fn text(&self, name: Name) -> &str {
        let index = usize::try_from(name.0).unwrap_or(usize::MAX);
        self.0.get_index(index).map_or("", |text| text)
    }
}
