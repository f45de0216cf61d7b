//! The streams of one household on one day, under the limits of the demo's policies, and their events
//! (`wolap.md` §17.2).
//!
//! A stream is first planned and later changed by what happens around it: another start on the same
//! device, a limit, a newer stream that wins. Events are written at the end of the day, when each
//! stream's fate is known.

use std::time::Duration;

use usher_core::Timestamp;
use usher_reports::{Event, StreamEvent, StreamEventName as Name};

use super::dice::Dice;
use super::viewer::Household;
use super::visit::Visit;
use super::world::{Channel, Limit, Scope, Strategy, StreamApplication};

/// Players send a heartbeat a minute; the past keeps one of five, and the last. Durations, active
/// sessions by hour and day, and levels come out the same, from a quarter of the events; only active
/// sessions by minute are fewer.
const BEAT: Duration = Duration::from_mins(5);
/// The real rhythm: a stream that must give way learns of it at most this late.
const REAL_BEAT_S: u64 = 60;
/// Silence for this long ends a stream.
const WINDOW: Duration = Duration::from_secs(90);
/// How long a viewer looks at "too many streams" before ending another one.
const SECOND_THOUGHT_S: std::ops::Range<u64> = 4..30;

/// A stream in the making.
pub(super) struct Stream {
    id: String,
    application: &'static StreamApplication,
    channel: &'static str,
    platform: &'static str,
    device: u64,
    start: Timestamp,
    /// The stop, or the last accepted heartbeat, or the start.
    last_activity: Timestamp,
    end: End,
    /// The stream that was ended to make room for this one.
    superseded: Option<String>,
}

/// How a stream ends.
enum End {
    Stopped,
    Expired,
    Dismissed,
    Killed { killer: String, at: Timestamp },
}

impl Stream {
    /// `channel` on the device of `visit`, from `start` for as long as people stay but not past
    /// `closing`.
    pub(super) fn plan(
        visit: &Visit<'_>,
        channel: &'static Channel,
        start: Timestamp,
        closing: Timestamp,
        dice: &mut Dice,
    ) -> Self {
        // Some look in and leave at once; some have the plug pulled.
        let stay =
            if dice.per_mille(120) { dice.seconds(5..180) } else { dice.minutes(&channel.minutes) };
        Self {
            id: dice.identifier(),
            application: visit.player().streams,
            channel: channel.id,
            platform: visit.device.model.platform,
            device: visit.device.number,
            start,
            last_activity: (start + stay).min(closing).max(start),
            end: if dice.per_mille(860) { End::Stopped } else { End::Expired },
            superseded: None,
        }
    }

    /// When it has ended.
    fn gone_at(&self) -> Timestamp {
        match &self.end {
            End::Stopped => self.last_activity,
            End::Expired => self.last_activity + WINDOW,
            End::Dismissed => self.last_activity + Duration::from_secs(REAL_BEAT_S),
            End::Killed { at, .. } => *at,
        }
    }

    /// Whether it has not ended at `at`. Households go through their day in order, so that what is
    /// known has started, or will in the seconds of a second thought.
    fn holds_a_place_at(&self, at: Timestamp) -> bool {
        at < self.gone_at()
    }

    /// Gives it another end, its last heartbeat at most a real beat before `now`.
    fn end_around(&mut self, now: Timestamp, end: End, dice: &mut Dice) {
        let last = now - dice.seconds(0..REAL_BEAT_S);
        self.last_activity = last.min(self.last_activity).max(self.start);
        self.end = end;
    }

    /// The same, started again after a second thought.
    fn again(&self, dice: &mut Dice) -> Self {
        let start = self.start + dice.seconds(SECOND_THOUGHT_S);
        Self {
            id: dice.identifier(),
            start,
            last_activity: self.last_activity.max(start),
            end: End::Stopped,
            superseded: None,
            ..*self
        }
    }

    fn counts_with(&self, other: &Self, limit: &Limit) -> bool {
        let same_scope = match limit.scope {
            Scope::Account => true,
            Scope::Channel => self.channel == other.channel,
        };
        self.application.id == other.application.id && same_scope
    }
}

/// A household's streams and refused starts of one day.
#[derive(Default)]
pub(super) struct Streams {
    streams: Vec<Stream>,
    refused: Vec<Stream>,
}

impl Streams {
    /// Starts `wanted`, as far as its application's limit lets it.
    pub(super) fn start(&mut self, wanted: Stream, dice: &mut Dice) {
        self.leave(wanted.device, wanted.start);
        let Some(limit) = wanted.application.limit.as_ref().filter(|it| self.is_full(&wanted, it))
        else {
            self.streams.push(wanted);
            return;
        };
        match limit.strategy {
            Strategy::LatestWins => self.outdo(wanted, limit, dice),
            Strategy::FirstWins => self.refuse(wanted, limit, dice),
        }
    }

    /// Whoever starts something new on a device has stopped what played there.
    fn leave(&mut self, device: u64, now: Timestamp) {
        let there = self.streams.iter_mut().filter(|it| it.device == device);
        for stream in there.filter(|it| it.holds_a_place_at(now)) {
            stream.last_activity = (now - Duration::from_secs(1)).max(stream.start);
            stream.end = End::Stopped;
        }
    }

    fn is_full(&self, wanted: &Stream, limit: &Limit) -> bool {
        let running = self.streams.iter().filter(|it| it.holds_a_place_at(wanted.start));
        running.filter(|it| it.counts_with(wanted, limit)).count() >= limit.streams
    }

    /// The streams that are in the way of `wanted`, oldest first.
    fn in_the_way(&mut self, wanted: &Stream, limit: &Limit) -> impl Iterator<Item = &mut Stream> {
        let running = self.streams.iter_mut().filter(|it| it.holds_a_place_at(wanted.start));
        running.filter(|it| it.counts_with(wanted, limit))
    }

    /// The newest stream plays; the one before learns at its next heartbeat that it must not. A player
    /// that has fallen silent learns nothing: its stream expires.
    fn outdo(&mut self, wanted: Stream, limit: &Limit, dice: &mut Dice) {
        let now = wanted.start;
        if let Some(victim) = self.in_the_way(&wanted, limit).find(|it| it.last_activity >= now) {
            victim.end_around(now, End::Dismissed, dice);
        }
        self.streams.push(wanted);
    }

    /// The start is refused; half of the viewers then end the oldest stream and start again.
    fn refuse(&mut self, wanted: Stream, limit: &Limit, dice: &mut Dice) {
        if dice.per_mille(500) {
            let again = wanted.again(dice);
            self.insist(again, limit, dice);
        }
        self.refused.push(wanted);
    }

    /// Starts `wanted` in the place of the oldest stream, unless a place has become free by itself.
    fn insist(&mut self, wanted: Stream, limit: &Limit, dice: &mut Dice) {
        let full = self.is_full(&wanted, limit);
        let superseded = if full { self.kill(&wanted, limit, dice) } else { None };
        self.streams.push(Stream { superseded, ..wanted });
    }

    /// Ends the oldest stream in the way of `killer`. Returns its id.
    fn kill(&mut self, killer: &Stream, limit: &Limit, dice: &mut Dice) -> Option<String> {
        let victim = self.in_the_way(killer, limit).next()?;
        let end = End::Killed { killer: killer.id.clone(), at: killer.start };
        victim.end_around(killer.start, end, dice);
        Some(victim.id.clone())
    }

    /// The day as events, each stream's in the order of time. Of two streams that meet in an instant
    /// the one that ends comes first: it started first.
    pub(super) fn into_events(self, household: &Household) -> impl Iterator<Item = Event> {
        let refused = self.refused.into_iter().map(|it| vec![denied(&it, household)]);
        let streams = self.streams.into_iter().map(|it| life(&it, household));
        streams.chain(refused).flatten().map(|event| Event::Stream(Box::new(event)))
    }
}

/// Everything that is reported of a stream.
fn life(stream: &Stream, household: &Household) -> Vec<StreamEvent> {
    let about = |event, ts| about(stream, household, event, ts);
    let mut events = vec![StreamEvent {
        superseded: stream.superseded.as_deref().map(|id| vec![id.into()]),
        ..about(Name::SessionStarted, stream.start)
    }];
    let mut beat = stream.start + BEAT;
    while beat < stream.last_activity {
        events.push(about(Name::SessionHeartbeat, beat));
        beat = beat + BEAT;
    }
    let was_heard = !matches!(stream.end, End::Stopped) && stream.start < stream.last_activity;
    if was_heard {
        events.push(about(Name::SessionHeartbeat, stream.last_activity));
    }
    events.push(StreamEvent { last_activity: Some(stream.last_activity), ..ended(stream, about) });
    events
}

/// The event that ends a stream.
fn ended(stream: &Stream, about: impl FnOnce(Name, Timestamp) -> StreamEvent) -> StreamEvent {
    let at = stream.gone_at();
    match &stream.end {
        End::Stopped => about(Name::SessionStopped, at),
        End::Expired => about(Name::SessionExpired, at),
        End::Dismissed => with_rule(stream, about(Name::SessionDismissed, at)),
        End::Killed { killer, .. } => StreamEvent {
            killer_session_id: Some(killer.as_str().into()),
            ..about(Name::SessionKilled, at)
        },
    }
}

/// A start that was refused: there is no session to name.
fn denied(wanted: &Stream, household: &Household) -> StreamEvent {
    let event = about(wanted, household, Name::SessionDenied, wanted.start);
    with_rule(wanted, StreamEvent { session_id: None, ..event })
}

fn with_rule(stream: &Stream, event: StreamEvent) -> StreamEvent {
    let limit = stream.application.limit.as_ref();
    StreamEvent {
        policy: limit.map(|it| it.policy.into()),
        rule: limit.map(|it| it.rule.into()),
        ..event
    }
}

fn about(stream: &Stream, household: &Household, event: Name, ts: Timestamp) -> StreamEvent {
    StreamEvent {
        event_id: String::new(),
        ts,
        event,
        tenant: stream.application.tenant.into(),
        application_id: stream.application.id.into(),
        mvpd: household.provider.id.into(),
        account: household.account.as_str().into(),
        application: Some(stream.application.name.into()),
        session_id: Some(stream.id.as_str().into()),
        channel: Some(stream.channel.into()),
        platform: Some(stream.platform.into()),
        superseded: None,
        policy: None,
        rule: None,
        killer_session_id: None,
        last_activity: None,
    }
}
