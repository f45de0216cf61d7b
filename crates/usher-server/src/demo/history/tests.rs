use std::collections::{BTreeMap, HashMap, HashSet};
use std::ops::Range;
use std::sync::LazyLock;
use std::time::Duration;

use usher_reports::EntitlementEventName as Authn;
use usher_reports::StreamEventName as Stream;
use usher_reports::{EntitlementEvent, StreamEvent};

use super::*;

/// 2026-03-02T01:30:00Z: half past five in the afternoon of a Sunday at UTC−8.
const UNTIL: Timestamp = Timestamp::from_secs(1_772_415_000);
const HOUR: Duration = Duration::from_hours(1);

/// Four weeks and a day, told once for all tests.
static MONTH: LazyLock<Vec<Event>> = LazyLock::new(|| past(28, 1));

fn past(days: u32, seed: u64) -> Vec<Event> {
    days_of(days, seed, UNTIL).flatten().collect()
}

/// Each day's events: the demo has so few households that a day is one chapter.
fn days_of(days: u32, seed: u64, until: Timestamp) -> impl Iterator<Item = Vec<Event>> {
    let past = Past { days, seed, until, households: None };
    past.chapters().map(move |chapter| past.tell(&chapter))
}

fn events_of(day: &Day) -> Vec<Event> {
    (0..day.date.households()).flat_map(|number| of_household(day, number)).collect()
}

fn entitlement(events: &[Event]) -> impl Iterator<Item = &EntitlementEvent> {
    events.iter().filter_map(|event| match event {
        Event::Entitlement(event) => Some(&**event),
        Event::Stream(_) => None,
    })
}

fn streams(events: &[Event]) -> impl Iterator<Item = &StreamEvent> {
    events.iter().filter_map(|event| match event {
        Event::Entitlement(_) => None,
        Event::Stream(event) => Some(&**event),
    })
}

/// The one day in a season on which something special happens.
fn special(seed: u64, is_it: impl Fn(&Day) -> bool) -> Day {
    let days = BroadcastDay::of(UNTIL).and_before(90).map(|date| Day::new(seed, date));
    days.into_iter().find(|day| is_it(day)).expect("each season has one")
}

/// How many entitlement events of a name lie in `range`.
fn count(events: &[Event], name: Authn, range: &Range<Timestamp>) -> usize {
    let named = entitlement(events).filter(|event| event.event == name);
    named.filter(|event| range.contains(&event.ts)).count()
}

#[test]
fn one_seed_tells_one_past_and_another_seed_another() {
    assert_eq!(past(2, 1), past(2, 1));
    assert_ne!(past(2, 1), past(2, 2));
    let ids = |seed| past(1, seed).iter().map(|it| it.id().to_owned()).collect::<HashSet<_>>();
    assert!(ids(1).is_disjoint(&ids(2)));
}

#[test]
fn days_come_oldest_first_each_in_order_and_end_with_until() {
    let days: Vec<_> = days_of(3, 1, UNTIL).collect();
    assert_eq!(days.len(), 4);
    let events: Vec<_> = days.into_iter().flatten().collect();
    assert!(events.is_sorted_by_key(Event::at));
    assert!(events.iter().all(|event| event.at() <= UNTIL));
    assert!(events.last().is_some_and(|event| UNTIL.since(event.at()) < HOUR / 12));
    assert_eq!(days_of(0, 1, UNTIL).count(), 0);
}

#[test]
fn a_larger_audience_is_told_in_chapters_and_begins_with_the_smaller_one() {
    let past = Past { days: 1, seed: 1, until: UNTIL, households: Some(1_200) };
    let chapters: Vec<_> = past.chapters().collect();
    assert_eq!(chapters.len(), 4, "two for each day");
    let told: usize = chapters.iter().map(|chapter| past.tell(chapter).len()).sum();
    let demo = days_of(1, 1, UNTIL).flatten().map(|event| event.id().to_owned());
    let first: HashSet<_> =
        past.tell(&chapters[0]).iter().map(|event| event.id().to_owned()).collect();
    assert!(demo.into_iter().take(1_000).all(|id| first.contains(&id)));
    assert!(told > 30_000, "{told}");
}

#[test]
fn every_event_has_an_id_of_its_own() {
    let ids: HashSet<_> = MONTH.iter().map(Event::id).collect();
    assert_eq!(ids.len(), MONTH.len());
}

#[test]
fn telling_it_again_later_changes_no_event_and_adds_what_is_new() {
    let before = past(3, 1);
    let after: HashMap<_, _> = days_of(5, 1, UNTIL + HOUR * 30)
        .flatten()
        .map(|event| (event.id().to_owned(), event))
        .collect();
    assert!(before.iter().all(|event| after.get(event.id()) == Some(event)));
    assert!(after.len() > before.len());
}

#[test]
fn an_ordinary_day_has_about_eight_thousand_events() {
    let mut days = BTreeMap::<_, usize>::new();
    for event in &*MONTH {
        *days.entry(BroadcastDay::of(event.at())).or_default() += 1;
    }
    let ordinary = days.values().filter(|count| (5_000..11_000).contains(*count)).count();
    assert!(ordinary >= 26, "{days:?}");
}

#[test]
fn evenings_and_weekends_are_busy() {
    // 1970-01-04, day 3, was a Sunday.
    const WORKDAYS: [u64; 5] = [4, 5, 6, 0, 1];
    const WEEKEND: [u64; 2] = [2, 3];
    let played: Vec<_> = entitlement(&MONTH)
        .filter(|event| event.event == Authn::MediaToken)
        .map(|event| {
            let date = BroadcastDay::of(event.ts);
            (date.number() % 7, event.ts.since(date.start()).as_secs() / 3600 + 5)
        })
        .collect();
    let tokens = |days: &[u64], hours: Range<u64>| {
        let at = played.iter().filter(|(day, _)| days.contains(day));
        at.filter(|(_, hour)| hours.contains(hour)).count()
    };
    assert!(tokens(&WORKDAYS, 20..22) > 5 * tokens(&WORKDAYS, 9..11));
    assert!(tokens(&WEEKEND, 10..17) > tokens(&WORKDAYS, 10..17));
    assert!(tokens(&WEEKEND, 5..29) * 5 > tokens(&WORKDAYS, 5..29) * 2);
}

#[test]
fn a_live_event_multiplies_the_starts_of_its_hour() {
    let day = special(1, |day| day.kick_off.is_some());
    let kick_off = day.kick_off.unwrap();
    let starts = |from: Timestamp| {
        let events = events_of(&Day::new(1, BroadcastDay::of(from)));
        let started = streams(&events).filter(|event| event.event == Stream::SessionStarted);
        started.filter(|event| (from..from + HOUR).contains(&event.ts)).count()
    };
    let (live, usual) = (starts(kick_off), starts(kick_off + HOUR * 24 * 7));
    assert!((5 * usual..8 * usual).contains(&live), "{live} against {usual}");
}

#[test]
fn an_outage_shows_as_errors_and_missing_sign_ins_at_one_provider() {
    let day = special(1, |day| day.outage.is_some());
    let outage = day.outage.clone().unwrap();
    let (down, up): (Vec<_>, Vec<_>) = events_of(&day)
        .into_iter()
        .filter(|event| matches!(event, Event::Entitlement(_)))
        .partition(|event| {
            entitlement(std::slice::from_ref(event)).any(|it| it.mvpd == "Cablevision")
        });
    // Viewers who were at the provider's page when it went down come back a little later.
    let during = outage.start + HOUR / 40..outage.end;
    let around = day.date.start()..day.date.end();
    for missing in [Authn::AuthnPending, Authn::AuthzGranted, Authn::PreauthzGranted] {
        assert_eq!(count(&down, missing, &during), 0, "{missing:?}");
        assert!(count(&down, missing, &around) > 5, "{missing:?}");
        assert!(count(&up, missing, &around) > 5, "{missing:?}");
    }
    assert!(count(&down, Authn::AuthnAttempt, &during) > 0);
    assert!(count(&up, Authn::AuthzGranted, &during) > 10);
    let errors: Vec<_> = entitlement(&down)
        .filter(|event| event.event == Authn::AuthzFailed && during.contains(&event.ts))
        .collect();
    assert!(errors.len() > 50, "{}", errors.len());
    assert!(errors.iter().all(|event| event.reason.as_deref() == Some("network")));
    assert!(errors.iter().all(|event| event.latency_ms == Some(2_000)));
}

#[test]
fn each_outcome_follows_its_attempt() {
    let count = |name| entitlement(&MONTH).filter(|event| event.event == name).count();
    assert!(count(Authn::AuthnAttempt) > count(Authn::AuthnPending));
    assert!(count(Authn::AuthnPending) > count(Authn::AuthnGranted));
    assert_eq!(
        count(Authn::AuthzAttempt),
        count(Authn::AuthzGranted) + count(Authn::AuthzFailed) + count(Authn::AuthzRejected)
    );
    assert!(count(Authn::MediaToken) > count(Authn::AuthzGranted));
    assert_eq!(
        count(Authn::PreauthzAttempt),
        count(Authn::PreauthzGranted) + count(Authn::PreauthzDenied) + count(Authn::PreauthzFailed)
    );
    assert_eq!(
        count(Authn::LogoutAttempt),
        count(Authn::LogoutCompleted) + count(Authn::LogoutFailed)
    );
    assert!(count(Authn::AuthzRejected) > 0);
    assert!(count(Authn::AuthnFailed) > 0);
}

#[test]
fn entitlement_events_carry_what_the_services_would_write() {
    for event in entitlement(&past(2, 1)) {
        let anonymous = matches!(event.event, Authn::AuthnAttempt | Authn::AuthnFailed);
        assert_eq!(event.user_id.is_none(), anonymous, "{event:?}");
        let answered =
            matches!(event.event, Authn::AuthzGranted | Authn::AuthzFailed | Authn::AuthzRejected);
        assert_eq!(event.latency_ms.is_some(), answered, "{event:?}");
        let failed = matches!(
            event.event,
            Authn::AuthnFailed | Authn::AuthzFailed | Authn::AuthzRejected | Authn::PreauthzFailed
        );
        assert_eq!(event.reason.is_some(), failed, "{event:?}");
        assert_eq!(event.decision_type.is_some(), event.event == Authn::Decision);
        assert_eq!(event.channel, event.resource_id);
        assert_eq!(event.api.as_deref(), Some("REST V2"));
        assert!(event.session_id.is_some());
    }
}

/// What is known of one stream.
#[derive(Debug, Default)]
struct Life<'a> {
    start: Option<&'a StreamEvent>,
    beats: Vec<Timestamp>,
    ends: Vec<&'a StreamEvent>,
}

fn lives(events: &[Event]) -> BTreeMap<&str, Life<'_>> {
    let mut lives = BTreeMap::<_, Life<'_>>::new();
    for event in streams(events) {
        let Some(session) = event.session_id.as_deref() else { continue };
        let life = lives.entry(session).or_default();
        match event.event {
            Stream::SessionStarted => life.start = Some(event),
            Stream::SessionHeartbeat => life.beats.push(event.ts),
            Stream::SessionDenied => panic!("a denied start has no session"),
            Stream::SessionStopped
            | Stream::SessionExpired
            | Stream::SessionDismissed
            | Stream::SessionKilled => life.ends.push(event),
        }
    }
    lives
}

#[test]
fn each_stream_starts_once_ends_once_and_tells_when_it_was_last_active() {
    let lives = lives(&MONTH);
    assert!(lives.len() > 1_000);
    for (id, life) in &lives {
        let (Some(start), [end]) = (life.start, &life.ends[..]) else { panic!("{id}: {life:?}") };
        let last = end.last_activity.expect("an end says when the stream was last active");
        assert!(start.ts <= last && last <= end.ts, "{id}: {life:?}");
        assert!(life.beats.iter().all(|beat| start.ts < *beat && *beat <= last), "{id}: {life:?}");
        match end.event {
            Stream::SessionStopped => assert_eq!(last, end.ts),
            Stream::SessionExpired => assert_eq!(last + Duration::from_secs(90), end.ts),
            _ => assert!(end.ts.since(last) <= Duration::from_secs(90)),
        }
        let frozen = |event: &StreamEvent| {
            (event.channel.clone(), event.platform.clone(), event.application_id.clone())
        };
        assert_eq!(frozen(start), frozen(end));
    }
}

#[test]
fn killers_and_victims_name_each_other_and_never_overlap() {
    let lives = lives(&MONTH);
    let victims: Vec<_> =
        streams(&MONTH).filter(|event| event.event == Stream::SessionKilled).collect();
    assert!(!victims.is_empty());
    for victim in victims {
        let killer = victim.killer_session_id.as_deref().unwrap();
        // A killer that still plays at the end of the past is not in it.
        let Some(start) = lives.get(killer).and_then(|life| life.start) else { continue };
        assert_eq!(start.superseded, victim.session_id.clone().map(|id| vec![id]));
        assert_eq!(start.ts, victim.ts);
    }
}

#[test]
fn no_account_plays_more_at_once_than_its_policy_allows() {
    let mut playing = HashMap::<(&str, &str), HashSet<&str>>::new();
    let mut most = BTreeMap::<&str, usize>::new();
    for event in streams(&MONTH) {
        let Some(session) = event.session_id.as_deref() else { continue };
        let running = playing.entry((&event.application_id, &event.account)).or_default();
        match event.event {
            Stream::SessionStarted => running.insert(session),
            Stream::SessionHeartbeat | Stream::SessionDenied => continue,
            Stream::SessionStopped
            | Stream::SessionExpired
            | Stream::SessionDismissed
            | Stream::SessionKilled => running.remove(session),
        };
        let most = most.entry(&event.application_id).or_default();
        *most = running.len().max(*most);
    }
    // A stream that must give way to the latest is heard of once more, or has fallen silent.
    assert!(most["demo-latest"] <= 3, "{most:?}");
    assert!(most["demo-app"] <= 3 && most["demo-shared-b"] <= 2, "{most:?}");
    let denied = streams(&MONTH).filter(|event| event.event == Stream::SessionDenied);
    assert!(denied.count() > 0);
    let dismissed = streams(&MONTH).filter(|event| event.event == Stream::SessionDismissed);
    assert!(dismissed.count() > 0);
}
