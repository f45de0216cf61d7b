//! `usher demo --history DAYS`: a plausible past for the demo world's reports.
//!
//! A few hundred households with a provider, devices and favourites of their own follow the rhythm of
//! the day and the week, slowly become more, crowd in for one live event on a Sunday evening, and suffer
//! two hours of their provider's outage on a Wednesday. That makes 8 000 events on an ordinary day:
//! enough to fill every report, few enough to be loaded in seconds. The same seed always tells the same
//! past, down to every event id, wherever it is cut off. Nothing here knows stores, clocks or the wire.

mod calendar;
mod dice;
mod evening;
mod streams;
#[cfg(test)]
mod tests;
mod viewer;
mod visit;
mod world;

use std::collections::HashSet;

use usher_core::Timestamp;
use usher_reports::{Event, StreamEventName};

use calendar::{BroadcastDay, Day};

/// The longest past that is told: ten years, as long as the demo keeps events.
pub(super) const HISTORY_DAYS_MAX: u32 = 3_653;

/// What happened on the `days` days before that of `until` ([`HISTORY_DAYS_MAX`] at most) and on that
/// day so far: one batch per day, oldest first, each in the order of time. Nothing when `days` is 0.
///
/// A day runs from 05:00 to 05:00 at UTC−8. What happens on it depends on `seed` and its date alone, so
/// that telling the past again at a later `until`, or a longer one, repeats every event under its old
/// id and adds what is new. Streams that still play at `until` are left out: their end will be told with
/// their beginning. Only one day is in memory at a time.
pub(super) fn history(days: u32, seed: u64, until: Timestamp) -> impl Iterator<Item = Vec<Event>> {
    let dates = BroadcastDay::of(until).and_before(days.min(HISTORY_DAYS_MAX));
    dates.filter(move |_| days > 0).map(move |date| {
        let events = events_of(&Day::new(seed, date));
        if until < date.end() { cut(events, until) } else { events }
    })
}

/// A whole day.
fn events_of(day: &Day) -> Vec<Event> {
    let households = 0..day.date.households();
    let mut events: Vec<_> = households.flat_map(|number| evening::evening(day, number)).collect();
    events.sort_by_key(Event::at);
    for (number, event) in events.iter_mut().enumerate() {
        event.set_id(format!("history-{}-{}-{number}", day.seed, day.date.number()));
    }
    events
}

/// What of a day has happened, and is over, at `until`.
fn cut(mut events: Vec<Event>, until: Timestamp) -> Vec<Event> {
    events.retain(|event| event.at() <= until);
    let over: HashSet<_> = events.iter().filter_map(ended).map(str::to_owned).collect();
    events.retain(|event| session(event).is_none_or(|session| over.contains(session)));
    events
}

/// The stream that an event is about.
fn session(event: &Event) -> Option<&str> {
    match event {
        Event::Stream(event) => event.session_id.as_deref(),
        Event::Entitlement(_) => None,
    }
}

/// The stream that an event ends.
fn ended(event: &Event) -> Option<&str> {
    let Event::Stream(stream) = event else { return None };
    match stream.event {
        StreamEventName::SessionStarted
        | StreamEventName::SessionHeartbeat
        | StreamEventName::SessionDenied => None,
        StreamEventName::SessionStopped
        | StreamEventName::SessionExpired
        | StreamEventName::SessionDismissed
        | StreamEventName::SessionKilled => session(event),
    }
}
