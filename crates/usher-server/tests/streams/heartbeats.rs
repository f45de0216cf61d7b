//! Heartbeats that are not reported are not missed: the same history, recorded heartbeat by heartbeat and
//! as the server records it, gives the same reports, whenever one looks.

use std::time::Duration;

use usher_core::{Clock, Timestamp};
use usher_reports::{Event, StreamEventName};
use usher_sim::evening;
use usher_streams::Grain;
use usher_testkit::ManualClock;

use crate::support::House;

const MINUTES: u32 = 150;

/// Everything a tenant can ask that heartbeats may change, by the hour and longer.
const REPORTS: [&str; 7] = [
    "tenant/year/month/day/hour",
    "tenant/year/month/day/channel/platform/application-id",
    "year/month/day/hour/mvpd",
    "year/month",
    "year/month/day/concurrency-level",
    "year/month/day/activity-level",
    "year/month/concurrency-level/tenant",
];

const METRICS: &str = "active-users,active-sessions,started-sessions,completed-sessions,\
                       bstreams-15,bstreams-30,bstreams-60";

#[tokio::test]
async fn reports_do_not_miss_the_heartbeats_that_are_left_out() {
    let [every, told] = [Grain::of(1), Grain::QUARTER].map(|grain| evening(3, MINUTES, grain));
    let [every_beat, told_beats] = [&every, &told].map(|events| beats(events));
    assert!(told_beats * 2 < every_beat, "{told_beats} of {every_beat}");
    let began = ManualClock::default().now();
    for minutes in [25, 71, 140] {
        let until = began + Duration::from_mins(minutes);
        let [expected, answers] = [answers(&every, until).await, answers(&told, until).await];
        for ((question, expected), (_, answer)) in expected.iter().zip(&answers) {
            assert_eq!(answer, expected, "{question} after {minutes} minutes");
        }
    }
}

fn beats(events: &[Event]) -> usize {
    let is_beat = |event: &&Event| match event {
        Event::Stream(event) => event.event == StreamEventName::SessionHeartbeat,
        Event::Entitlement(_) => false,
    };
    events.iter().filter(is_beat).count()
}

/// Questions and answers of a server that was told what happened until then.
async fn answers(events: &[Event], until: Timestamp) -> Vec<(String, String)> {
    let lines = events.iter().filter(|event| event.at() <= until);
    let lines = lines.map(|event| serde_json::to_string(event).expect("JSON") + "\n");
    let house = House::with_events(&[&lines.collect::<String>()]).await;
    let token = house.token("acme-streams").await;
    let mut answers = Vec::new();
    for report in REPORTS {
        let levels = report.contains("-level");
        let metrics = if levels { String::new() } else { format!("&metrics={METRICS}") };
        let question =
            format!("/cmu/v2/{report}.csv?start=2026-03-14&end=2026-03-16&limit=1000{metrics}");
        let answer = house.send(house.get(&question).bearer_auth(&token)).await;
        assert_eq!(answer.status(), 200, "{question}");
        let text = answer.text().await.expect("text");
        assert!(text.lines().count() > 1, "{question}: {text}");
        answers.push((question, text));
    }
    answers
}
