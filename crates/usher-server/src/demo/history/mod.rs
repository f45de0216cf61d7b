//! A plausible past for reports: of the demo world (`usher demo --history DAYS`), or of a larger audience
//! for measurements (`usher events generate`).
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
use std::ops::Range;

use usher_core::Timestamp;
use usher_reports::{Event, StreamEventName};

use calendar::{BroadcastDay, Day};

/// The longest past that is told: ten years, as long as the demo keeps events.
const DAYS_MAX: u32 = 3_653;

/// Households whose day is told at once.
const HOUSEHOLDS: u64 = 1_000;

/// A past to be told.
///
/// What happens on a day depends on the seed, its date and each household alone, so that telling the past
/// again at a later `until`, or a longer one, repeats every event under its old id and adds what is new.
/// Streams that still play at `until` are left out: their end will be told with their beginning.
#[derive(Clone, Copy, Debug)]
pub struct Past {
    /// Days before that of `until`; none, and nothing is told.
    pub days: u32,
    /// Which past.
    pub seed: u64,
    /// Up to when.
    pub until: Timestamp,
    /// How many households there are, when not as many as in the demo.
    pub households: Option<u64>,
}

/// Some households on one day.
#[derive(Clone, Debug)]
pub struct Chapter {
    date: BroadcastDay,
    households: Range<u64>,
}

impl Past {
    /// The chapters, oldest day first. A day runs from 05:00 to 05:00 at UTC−8.
    pub fn chapters(self) -> impl Iterator<Item = Chapter> {
        let dates = BroadcastDay::of(self.until).and_before(self.days.min(DAYS_MAX));
        dates.filter(move |_| self.days > 0).flat_map(move |date| {
            let all = self.households.unwrap_or_else(|| date.households());
            let firsts = (0..all).step_by(usize::try_from(HOUSEHOLDS).unwrap_or(usize::MAX));
            firsts
                .map(move |first| Chapter { date, households: first..all.min(first + HOUSEHOLDS) })
        })
    }

    /// What happened in a chapter, in the order of time.
    pub fn tell(&self, chapter: &Chapter) -> Vec<Event> {
        let day = Day::new(self.seed, chapter.date);
        let mut events: Vec<_> =
            chapter.households.clone().flat_map(|number| of_household(&day, number)).collect();
        events.sort_by_key(Event::at);
        if self.until < chapter.date.end() { cut(events, self.until) } else { events }
    }
}

/// What one household did on a day, with ids.
fn of_household(day: &Day, number: u64) -> Vec<Event> {
    let mut events = evening::evening(day, number);
    for (nth, event) in events.iter_mut().enumerate() {
        event.set_id(format!("history-{}-{}-{number}-{nth}", day.seed, day.date.number()));
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
