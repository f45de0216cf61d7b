//! What stream events count for (`wolap.md` §5.2, §6.2, §17.2).

use usher_cube::{Fact, Marks, Measure, Schema, Step, Streams};

use crate::StreamEvent;
use crate::StreamEventName as Name;
use crate::esm::{UNKNOWN, or, present};
use crate::layout::{Meaning, StreamKind};

const STARTED: Marks = Marks::bit(0);
const COMPLETED: Marks = Marks::bit(1);
const DENIED: Marks = Marks::bit(2);
const DISMISSED: Marks = Marks::bit(3);
const KILLED: Marks = Marks::bit(4);
/// The session showed activity.
const ACTIVE: Marks = Marks::bit(5);

const HOUR: i64 = 60;
const DAY: i64 = 24 * HOUR;

/// A session length between two bounds, in minutes.
const fn lasted(from: i64, until: i64) -> Measure {
    Measure::Lasted { from, until }
}

/// Columns and metrics of stream facts.
pub(crate) static SCHEMA: Schema = Schema {
    dims: &["tenant", "mvpd", "application-id", "application", "channel", "platform"],
    metrics: &[
        ("active-users", Measure::Actors(STARTED)),
        ("active-sessions", Measure::Sessions(ACTIVE)),
        ("started-sessions", Measure::Count(STARTED)),
        ("completed-sessions", Measure::Count(COMPLETED)),
        ("failed-attempts", Measure::Count(DENIED)),
        ("dismissed-sessions", Measure::Count(DISMISSED)),
        ("killed-sessions", Measure::Count(KILLED)),
        ("duration_0-15", lasted(0, 15)),
        ("duration_15-30", lasted(15, 30)),
        ("duration_30-60", lasted(30, 60)),
        ("duration_60-120", lasted(60, 120)),
        ("duration_2h-4h", lasted(2 * HOUR, 4 * HOUR)),
        ("duration_4h-8h", lasted(4 * HOUR, 8 * HOUR)),
        ("duration_8h-16h", lasted(8 * HOUR, 16 * HOUR)),
        ("duration_16h-1d", lasted(16 * HOUR, DAY)),
        ("duration_1d-3d", lasted(DAY, 3 * DAY)),
        ("duration_3d-7d", lasted(3 * DAY, 7 * DAY)),
        ("duration_1w-1m", lasted(7 * DAY, 30 * DAY)),
        ("duration_over-1m", lasted(30 * DAY, i64::MAX)),
        ("users", Measure::Reached),
        ("bstreams-15", Measure::Units(15)),
        ("bstreams-30", Measure::Units(30)),
        ("bstreams-45", Measure::Units(45)),
        ("bstreams-60", Measure::Units(60)),
        ("bstreams-75", Measure::Units(75)),
        ("bstreams-90", Measure::Units(90)),
        ("bstreams-105", Measure::Units(105)),
        ("bstreams-120", Measure::Units(120)),
    ],
    streams: Some(Streams { started: STARTED, refused: DENIED }),
};

impl StreamEvent {
    /// Hands the event to `take` as a fact.
    pub(crate) fn with_fact<T>(&self, take: impl FnOnce(&Fact<'_>) -> T) -> T {
        let (marks, step) = self.event.meaning();
        take(&Fact {
            at: self.ts.as_millis(),
            labels: &self.kind().labels(),
            marks,
            amount: self.last_activity.map(usher_core::Timestamp::as_millis),
            actor: present(Some(&self.account)).map(|account| [self.mvpd.as_str(), account]),
            session: present(self.session_id.as_deref()).map(|session| (session, step)),
        })
    }
}

impl<'a> StreamKind<'a> {
    /// Hands what events of this kind mean to `take`; nothing when they are none of this version.
    pub(crate) fn with_meaning<T>(self, take: impl FnOnce(Meaning<'_>) -> T) -> Option<T> {
        let (marks, step) = Name::named(self.event?)?.meaning();
        Some(take(Meaning { labels: &self.labels(), marks, step }))
    }

    fn labels(self) -> [&'a str; 6] {
        [
            self.tenant.unwrap_or_default(),
            self.mvpd.unwrap_or_default(),
            self.application_id.unwrap_or_default(),
            or(self.application, UNKNOWN),
            or(self.channel, UNKNOWN),
            or(self.platform, UNKNOWN),
        ]
    }
}

impl Name {
    /// What the event increments, and what it says about its session. A refused start has none.
    const fn meaning(self) -> (Marks, Option<Step>) {
        match self {
            Self::SessionStarted => (STARTED.and(ACTIVE), Some(Step::Begin)),
            Self::SessionDenied => (DENIED, None),
            Self::SessionHeartbeat => (ACTIVE, Some(Step::Touch)),
            Self::SessionStopped => (COMPLETED.and(ACTIVE), Some(Step::Stop)),
            Self::SessionExpired => (COMPLETED, Some(Step::End)),
            Self::SessionDismissed => (DISMISSED, Some(Step::End)),
            Self::SessionKilled => (KILLED, Some(Step::End)),
        }
    }
}
