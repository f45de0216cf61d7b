use std::collections::BTreeSet;

use usher_core::Timestamp;
use usher_registry::Catalog;
use usher_reports::{StreamEvent, StreamEventName as Name};

use super::{Proposal, Recording, SimulateError, Simulation, Tally};

/// Seconds of a day of these tests.
const DAY: i64 = 1000;

fn policies(rules: &str) -> Proposal {
    let text = format!("policies = [{{ name = \"p\", owner = \"acme\", rules = [{rules}] }}]");
    let policies = Catalog::from_toml(&text).unwrap().policies;
    Proposal { policies, applications: BTreeSet::new() }
}

fn at_most(threshold: u32) -> Proposal {
    policies(&format!("{{ name = \"r\", threshold = {threshold} }}"))
}

fn latest_wins(threshold: u32) -> Proposal {
    policies(&format!("{{ name = \"r\", threshold = {threshold}, strategy = \"latest_wins\" }}"))
}

/// An event of the viewer `u`.
fn event(event: Name, secs: i64, session: &str) -> StreamEvent {
    StreamEvent {
        event_id: String::new(),
        ts: Timestamp::from_secs(secs),
        event,
        tenant: "acme".into(),
        application_id: "tv".into(),
        mvpd: "Cablevision".into(),
        account: "u".into(),
        application: None,
        session_id: (!session.is_empty()).then(|| session.into()),
        channel: None,
        platform: None,
        superseded: None,
        policy: None,
        rule: None,
        killer_session_id: None,
        last_activity: None,
    }
}

fn started(secs: i64, session: &str) -> StreamEvent {
    event(Name::SessionStarted, secs, session)
}

fn beat(secs: i64, session: &str) -> StreamEvent {
    event(Name::SessionHeartbeat, secs, session)
}

fn stopped(secs: i64, session: &str) -> StreamEvent {
    event(Name::SessionStopped, secs, session)
}

fn replay(events: &[StreamEvent], proposal: &Proposal) -> Simulation<i64> {
    let mut recording = Recording::default();
    for event in events {
        recording.add(event);
    }
    recording.replay(proposal, |at| Some(at.as_secs() / DAY)).unwrap()
}

fn total(events: &[StreamEvent], proposal: &Proposal) -> Tally {
    replay(events, proposal).total
}

#[test]
fn a_start_beyond_the_limit_would_be_refused() {
    let events = [started(1, "a"), started(2, "b"), started(3, "c")];
    let expected =
        Tally { starts: 3, refused_now: 1, subjects: 1, affected: 1, ..Tally::default() };
    assert_eq!(total(&events, &at_most(2)), expected);
    assert_eq!(total(&events, &at_most(3)).refused_now, 0);
}

#[test]
fn a_refused_stream_takes_no_place_and_is_not_heard_of_again() {
    // While `a` plays, `b` is refused; after `a` stopped, `c` plays although `b` really still did.
    let events = [
        started(1, "a"),
        started(2, "b"),
        stopped(10, "a"),
        beat(62, "b"),
        started(70, "c"),
        stopped(90, "b"),
    ];
    assert_eq!(total(&events, &at_most(1)).refused_now, 1);
}

#[test]
fn the_order_of_the_file_does_not_matter_and_an_event_counts_once() {
    let mut events =
        [stopped(10, "a"), started(20, "b"), started(1, "a"), started(20, "b"), stopped(30, "b")];
    for (event, id) in events.iter_mut().zip(["1", "2", "3", "2", "4"]) {
        event.event_id = id.to_owned();
    }
    let expected = Tally { starts: 2, subjects: 1, ..Tally::default() };
    assert_eq!(total(&events, &at_most(1)), expected);
}

#[test]
fn a_loser_under_latest_wins_ends_at_its_next_heartbeat() {
    let events = [
        started(1, "old"),
        started(10, "new"),
        beat(61, "old"),
        beat(70, "new"),
        beat(121, "old"),
        beat(130, "new"),
    ];
    let expected =
        Tally { starts: 2, stopped_now: 1, subjects: 1, affected: 1, ..Tally::default() };
    assert_eq!(total(&events, &latest_wins(1)), expected);
}

#[test]
fn a_loser_that_stops_before_its_heartbeat_loses_nothing() {
    let events = [started(1, "old"), started(10, "new"), stopped(20, "old"), beat(70, "new")];
    assert_eq!(total(&events, &latest_wins(1)).affected, 0);
}

#[test]
fn what_was_refused_is_asked_again_but_takes_no_place() {
    let denied = event(Name::SessionDenied, 2, "");
    let events = [started(1, "a"), denied, started(3, "b")];
    let tally = total(&events, &at_most(2));
    assert_eq!((tally.starts, tally.refused_then, tally.refused_now), (3, 1, 0));
    assert_eq!(total(&events, &at_most(1)).refused_now, 2);
}

#[test]
fn what_a_policy_really_ended_counts_beside_what_the_proposal_would_end() {
    let dismissed = event(Name::SessionDismissed, 61, "old");
    let events = [started(1, "old"), started(10, "new"), dismissed];
    let tally = total(&events, &at_most(2));
    assert_eq!((tally.stopped_then, tally.stopped_now), (1, 0));
    assert_eq!(total(&events, &latest_wins(1)).stopped_now, 1);
}

#[test]
fn a_killed_stream_makes_room_for_the_one_that_killed_it() {
    let events = [started(1, "a"), started(9, "b"), event(Name::SessionKilled, 9, "a")];
    assert_eq!(total(&events, &at_most(1)).refused_now, 0);
    // Even when all of it happened at once.
    let events = [started(9, "a"), event(Name::SessionKilled, 9, "a"), started(19, "b")];
    assert_eq!(total(&events, &at_most(1)).refused_now, 0);
}

#[test]
fn a_stream_without_an_end_is_over_ninety_seconds_after_it_was_last_heard_of() {
    let before = [started(1, "a"), beat(61, "a"), started(150, "b")];
    assert_eq!(total(&before, &at_most(1)).refused_now, 1);
    let after = [started(1, "a"), beat(61, "a"), started(151, "b")];
    assert_eq!(total(&after, &at_most(1)).refused_now, 0);
}

#[test]
fn a_stream_with_an_end_lasts_until_then_however_rarely_it_was_heard_of() {
    let events = [started(1, "a"), started(500, "b"), stopped(600, "a")];
    assert_eq!(total(&events, &at_most(1)).refused_now, 1);
}

#[test]
fn scopes_and_targets_see_channel_and_platform() {
    let on = |secs, session, channel: &str| StreamEvent {
        channel: Some(channel.into()),
        platform: Some("tv".into()),
        ..started(secs, session)
    };
    let events = [on(1, "a", "news"), on(2, "b", "sports"), on(3, "c", "news")];
    let per_channel = policies(r#"{ name = "r", threshold = 1, scope = ["channel"] }"#);
    assert_eq!(total(&events, &per_channel).refused_now, 1);
    let phones = r#"{ name = "r", threshold = 0, condition = { platform = { eq = "phone" } } }"#;
    assert_eq!(total(&events, &policies(phones)).refused_now, 0);
    // Nobody named a channel: the rule has nothing to look at.
    let nowhere = [on(1, "a", "Unknown"), on(2, "b", "Unknown")];
    assert_eq!(total(&nowhere, &per_channel).refused_now, 0);
}

#[test]
fn subjects_do_not_mix_and_count_once_in_the_total() {
    let other = |event: StreamEvent| StreamEvent { account: "w".into(), ..event };
    let events = [
        started(1, "a"),
        started(2, "b"),
        other(started(2, "c")),
        stopped(90, "a"),
        started(DAY + 1, "d"),
        started(DAY + 2, "e"),
    ];
    let simulation = replay(&events, &at_most(1));
    let day = |starts, subjects| Tally {
        starts,
        refused_now: 1,
        subjects,
        affected: 1,
        ..Tally::default()
    };
    assert_eq!(simulation.days, [(0, day(3, 2)), (1, day(2, 1))]);
    let expected =
        Tally { starts: 5, refused_now: 2, subjects: 2, affected: 1, ..Tally::default() };
    assert_eq!(simulation.total, expected);
}

#[test]
fn what_is_not_asked_about_is_replayed_but_not_counted() {
    let mut recording = Recording::default();
    for event in [started(DAY - 1, "a"), started(DAY + 1, "b"), stopped(DAY + 9, "a")] {
        recording.add(&event);
    }
    let only_the_second = |at: Timestamp| (at.as_secs() >= DAY).then_some(());
    let simulation = recording.replay(&at_most(1), only_the_second).unwrap();
    assert_eq!((simulation.total.starts, simulation.total.refused_now), (1, 1));
}

#[test]
fn only_named_applications_follow_the_proposal() {
    let elsewhere = StreamEvent { application_id: "web".into(), ..started(2, "b") };
    let events = [started(1, "a"), elsewhere, started(3, "c")];
    let mut proposal = at_most(1);
    proposal.applications.insert("tv".into());
    let tally = total(&events, &proposal);
    assert_eq!((tally.starts, tally.refused_now), (2, 1));
}

#[test]
fn a_proposal_that_cannot_be_judged_is_refused() {
    let mut recording = Recording::default();
    recording.add(&started(1, "a"));
    let ask = |proposal: &Proposal| recording.clone().replay(proposal, |_| Some(())).unwrap_err();
    let devices = policies(r#"{ name = "r", threshold = 2, attribute = "deviceId" }"#);
    assert!(matches!(ask(&devices), SimulateError::Unrecorded(name) if name == "deviceId"));
    let mut elsewhere = at_most(1);
    elsewhere.applications.insert("web".into());
    assert!(
        matches!(ask(&elsewhere), SimulateError::NoSuchApplication(id) if id.as_str() == "web")
    );
    let mut twice = at_most(1);
    twice.policies.extend(at_most(2).policies);
    assert!(matches!(ask(&twice), SimulateError::Policies(_)));
}
