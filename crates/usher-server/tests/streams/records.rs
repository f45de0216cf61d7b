//! What is remembered: over a restart, and in reports.

use serde_json::{Value, json};

use crate::runner::{Stage, code, keys};
use crate::support::House;
use crate::{CAP3, started};

#[tokio::test]
async fn cm_103_104_105_every_outcome_is_recorded_once_and_a_400_is_none() {
    let stage = Stage { house: House::open().await };
    let viewer = "OpCo/somebody";
    let form = [("channel", "acme-one"), ("platform", "roku")];
    // Three start, the fourth is denied, then kills the first; the second is stopped, two expire.
    let killed = stage.starts(viewer, "demo-app").await;
    let stopped = stage.starts_with(viewer, "demo-app", &form).await;
    let expired = stage.starts_with(viewer, "demo-app", &form).await;
    assert_eq!(stage.post(&format!("sessions/{viewer}"), "demo-app").await.status, 409);
    started(&stage.replaces(viewer, "demo-app", &[&code(&killed)]).await);
    stage.delete(&format!("sessions/{viewer}/{stopped}"), "demo-app").await;
    // One loses its place, one lacks metadata.
    let loser = stage.starts(viewer, "demo-latest").await;
    stage.wait(5);
    stage.starts(viewer, "demo-latest").await;
    assert_eq!(stage.beats(viewer, &loser, "demo-latest").await, 409);
    assert_eq!(stage.post(&format!("sessions/{viewer}"), "demo-app-2").await.status, 400);
    stage.wait(90);
    assert_eq!(stage.beats(viewer, &expired, "demo-app").await, 410);

    let expected = [
        // application, channel, platform: started, denied, completed, killed, dismissed
        (["demo-app", "Unknown", "Unknown"], [2, 1, 1, 1, 0]),
        (["demo-app", "acme-one", "roku"], [2, 0, 2, 0, 0]),
        (["demo-latest", "Unknown", "Unknown"], [2, 0, 1, 0, 1]),
    ];
    let expected = expected.map(|(place, counts)| (place.map(str::to_owned), counts));
    assert_eq!(recorded(&stage).await, expected);
}

/// The tenant's streams by application, channel and platform, with their counts.
async fn recorded(stage: &Stage) -> Vec<([String; 3], [u64; 5])> {
    let token = stage.house.token("acme-streams").await;
    let path = "/cmu/v2/tenant/year/month/day/channel/platform/application-id/application";
    let request = stage.house.get(&format!("{path}?start=2026-03-14&end=2026-03-15"));
    let answer = stage.house.send(request.bearer_auth(token)).await;
    let body: Value = answer.json().await.expect("JSON");
    let rows = body["report"].as_array().expect("rows");
    let mut rows: Vec<_> = rows
        .iter()
        .map(|row| {
            assert_eq!((&row["tenant"], &row["application"].is_string()), (&json!("acme"), &true));
            let text = |name: &str| row[name].as_str().expect("text").to_owned();
            let count = |name: &str| text(name).parse().expect("a count");
            let counts = ["started-sessions", "failed-attempts", "completed-sessions"];
            let [started, denied, completed] = counts.map(count);
            let [killed, dismissed] = ["killed-sessions", "dismissed-sessions"].map(count);
            let place = ["application-id", "channel", "platform"].map(text);
            (place, [started, denied, completed, killed, dismissed])
        })
        .collect();
    rows.sort();
    rows
}

#[tokio::test]
async fn acknowledged_streams_and_ends_survive_a_restart() {
    let mut stage = Stage::open().await;
    let killed = stage.starts("a/b", CAP3).await;
    let winner = started(&stage.replaces("a/b", CAP3, &[&code(&killed)]).await);
    stage.wait(1);
    let stopped = stage.starts("a/b", CAP3).await;
    assert_eq!(stage.delete(&format!("sessions/a/b/{stopped}"), CAP3).await.status, 202);
    let changed = stage.starts("a/b", CAP3).await;
    stage.form(&format!("sessions/a/b/{changed}"), CAP3, &[("plan", "gold")]).await;
    stage.wait(89);
    stage.house.restart().await;
    stage.configure(include_str!("fixtures.toml"));
    // Every live stream gets a fresh window.
    stage.wait(89);
    assert_eq!(stage.beats("a/b", &winner, CAP3).await, 202);
    assert_eq!(stage.beats("a/b", &stopped, CAP3).await, 410);
    let gone = stage.post(&format!("sessions/a/b/{killed}"), CAP3).await;
    assert_eq!((gone.status.as_u16(), keys(&gone.json())[0]), (410, "associatedAdvice"));
    let running = stage.running("a/b", CAP3).await;
    assert_eq!(running[0]["metadata"]["superseded"], code(&killed));
    assert_eq!(running[1]["metadata"], json!({ "plan": "gold" }));
    stage.wait(1);
    assert_eq!(stage.beats("a/b", &changed, CAP3).await, 410);
}
