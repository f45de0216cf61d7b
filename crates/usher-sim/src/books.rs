//! What must be true of the events of a whole history (`wolap` §17.2).

use std::collections::{HashMap, HashSet};

use usher_core::Timestamp;
use usher_reports::{Event, StreamEvent, StreamEventName as Name};

use crate::store::Disk;
use crate::world::Weather;

/// Whether an event is in the journal or on its way there.
pub(crate) fn is_kept(disk: &Disk, id: &str) -> bool {
    disk.events().any(|event| event.id() == id)
}

/// Checks a journal in which every stream has ended.
pub(crate) fn check(journal: &[Event], weather: Weather, place: &str) {
    let events: Vec<_> = journal.iter().map(stream_event).collect();
    let mut ids = HashSet::new();
    for event in events.iter().filter(|event| !event.event_id.is_empty()) {
        assert!(ids.insert(&event.event_id), "{place}: {} was counted twice", event.event_id);
    }
    let lives = lives(&events, place);
    for life in lives.values() {
        assert!(life.ended.is_some(), "{place}: {} never ended", life.started.event_id);
    }
    if weather == Weather::Calm {
        let most = most_at_once(journal, &["three", "shared", "both"]);
        assert!(most <= 3, "{place}: {most} at once");
    }
}

/// A stream from its start to its end.
struct Life<'e> {
    started: &'e StreamEvent,
    ended: Option<&'e StreamEvent>,
}

/// Every stream; what is reported of it lies between its start and its end.
fn lives<'e>(events: &[&'e StreamEvent], place: &str) -> HashMap<&'e str, Life<'e>> {
    let mut lives: HashMap<&str, Life<'_>> = HashMap::new();
    let mut heard = Vec::new();
    for event in events {
        let session = event.session_id.as_deref();
        match event.event {
            Name::SessionDenied => assert_eq!(session, None, "{place}: a refused start has no id"),
            Name::SessionStarted => {
                let life = Life { started: event, ended: None };
                let twice = lives.insert(session.expect("an id"), life);
                assert!(twice.is_none(), "{place}: started twice: {session:?}");
            }
            // Handed over on a way of its own: it may arrive before the start.
            Name::SessionHeartbeat => heard.push(session.expect("an id")),
            Name::SessionStopped
            | Name::SessionExpired
            | Name::SessionDismissed
            | Name::SessionKilled => {
                let life = lives.get_mut(session.expect("an id"));
                let life = life.unwrap_or_else(|| panic!("{place}: ended unstarted: {session:?}"));
                assert!(life.ended.is_none(), "{place}: ended twice: {session:?}");
                life.ended = Some(event);
            }
        }
    }
    assert!(heard.iter().all(|it| lives.contains_key(it)), "{place}: heard of nobody");
    for life in lives.values() {
        check_killed(life, &lives, place);
    }
    lives
}

/// Who was killed ended when its killer started, and the killer says so.
fn check_killed(life: &Life<'_>, lives: &HashMap<&str, Life<'_>>, place: &str) {
    let Some(killer) = life.ended.and_then(|it| it.killer_session_id.as_deref()) else { return };
    let killer = lives.get(killer).unwrap_or_else(|| panic!("{place}: killed by nobody")).started;
    let superseded = killer.superseded.as_deref().unwrap_or_default();
    assert_eq!(life.ended.map(|it| it.ts), Some(killer.ts), "{place}");
    assert!(life.started.session_id.iter().all(|it| superseded.contains(it)), "{place}");
}

/// The most streams of these applications that one subject had at once, by the instants of their events.
/// At one instant ends come first.
pub fn most_at_once(events: &[Event], applications: &[&str]) -> usize {
    let mut changes: HashMap<(&str, &str), Vec<(Timestamp, isize)>> = HashMap::new();
    for event in events.iter().map(stream_event) {
        let change = match event.event {
            Name::SessionStarted => 1,
            Name::SessionStopped
            | Name::SessionExpired
            | Name::SessionDismissed
            | Name::SessionKilled => -1,
            Name::SessionHeartbeat | Name::SessionDenied => continue,
        };
        if applications.contains(&event.application_id.as_str()) {
            changes.entry((&event.mvpd, &event.account)).or_default().push((event.ts, change));
        }
    }
    let mut most = 0;
    for changes in changes.values_mut() {
        changes.sort_unstable();
        let mut playing = 0;
        for (_, change) in changes {
            playing += *change;
            most = most.max(playing);
        }
    }
    usize::try_from(most).unwrap_or_default()
}

fn stream_event(event: &Event) -> &StreamEvent {
    match event {
        Event::Stream(event) => event,
        Event::Entitlement(_) => panic!("streams write stream events"),
    }
}
