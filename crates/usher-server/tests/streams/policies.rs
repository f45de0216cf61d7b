//! Rules, denials and remote kills.

use reqwest::Method;
use serde_json::json;

use crate::runner::{Stage, code, refresh};
use crate::support::House;
use crate::{CAP3, CHAN2, started};

#[tokio::test]
async fn cm_29_without_policies_everything_may_start() {
    let stage = Stage::open().await;
    for _ in 0..50 {
        stage.starts("a/b", "open").await;
    }
    assert_eq!(stage.running("a/b", "open").await.len(), 50);
}

#[tokio::test]
async fn cm_31_subjects_of_different_providers_do_not_meet() {
    let stage = Stage::open().await;
    for _ in 0..3 {
        stage.starts("north/u", CAP3).await;
    }
    assert_eq!(stage.post("sessions/north/u", CAP3).await.status, 409);
    stage.starts("south/u", CAP3).await;
    assert_eq!(stage.running("south/u", CAP3).await.len(), 1);
}

#[tokio::test]
async fn cm_39_53_54_55_56_60_62_63_64_65_66_68_70_71_72_cap_and_remote_kill_are_played() {
    let stage = Stage::open().await;
    stage.plays("04-remote-kill").await;
}

#[tokio::test]
async fn cm_57_89_90_91_92_distinct_values_scopes_and_targets_are_played() {
    let stage = Stage::open().await;
    stage.plays("20-distinct").await;
    stage.plays("18-live-vod").await;
    stage.plays("19-custom").await;
}

#[tokio::test]
async fn cm_58_59_conflicts_show_what_a_viewer_can_recognise() {
    let stage = Stage::open().await;
    let form = [("channel", "harbor-news"), ("deviceName", "Den TV"), ("plan", "gold")];
    let id = stage.starts_with("a/b", "strict", &form).await;
    let denied = stage.post("sessions/a/b", "strict").await;
    assert_eq!(denied.status, 409);
    let body = denied.json();
    let stream = &body["associatedAdvice"][0]["conflicts"][&id][0];
    let expected = json!({
        "terminationCode": code(&id),
        "metadata": { "channel": "harbor-news", "deviceName": "Den TV", "plan": "gold" },
        "channel": "harbor-news",
        "startedAt": "2026-03-14T18:20:00.000Z",
        "deviceName": "Den TV",
        "applicationName": "Strict",
    });
    assert_eq!(*stream, expected);
    let logout = json!([
        { "namespace": "adobe.primetime.authentication", "action": "logout", "arguments": [] }
    ]);
    assert_eq!(body["obligations"], logout);
}

#[tokio::test]
async fn cm_67_several_headers_name_several_streams() {
    let stage = Stage::open().await;
    let ids = [stage.starts("a/b", CAP3).await, stage.starts("a/b", CAP3).await];
    let [one, two] = ids.clone().map(|id| code(&id));
    let answer = stage.replaces("a/b", CAP3, &[&one, &two, &one]).await;
    let new = started(&answer);
    for id in &ids {
        assert_eq!(stage.beats("a/b", id, CAP3).await, 410);
    }
    let running = stage.running("a/b", CAP3).await;
    assert_eq!(running.len(), 1);
    assert_eq!(running[0]["metadata"]["superseded"], format!("{one},{two}"));
    // The documentation's other spelling.
    let request = stage.call(Method::POST, "sessions/a/b", CAP3);
    stage.answer(request.header("X-Terminator", code(&new))).await;
    assert_eq!(stage.beats("a/b", &new, CAP3).await, 410);
}

#[tokio::test]
async fn cm_69_a_start_that_fails_all_the_same_kills_nobody() {
    let stage = Stage::open().await;
    stage.plays("05-all-or-nothing").await;
    // Nor does one that lacks metadata.
    let id = stage.starts_with("a/b", CHAN2, &[("channel", "a")]).await;
    assert_eq!(stage.replaces("a/b", CHAN2, &[&code(&id)]).await.status, 400);
    assert_eq!(stage.beats("a/b", &id, CHAN2).await, 202);
}

#[tokio::test]
async fn cm_73_a_code_works_within_its_subject_only() {
    let stage = Stage::open().await;
    let id = stage.starts("a/b", CAP3).await;
    for other in ["a/c", "c/b"] {
        started(&stage.replaces(other, CAP3, &[&code(&id)]).await);
        let running = stage.running(other, CAP3).await;
        assert_eq!(running[0]["metadata"], json!({}), "{other}");
    }
    assert_eq!(stage.beats("a/b", &id, CAP3).await, 202);
    // Nor may an application that shares neither tenant nor policy use it.
    started(&stage.replaces("a/b", "open", &[&code(&id)]).await);
    assert_eq!(stage.beats("a/b", &id, CAP3).await, 202);
}

#[tokio::test]
async fn cm_80_streams_of_strangers_are_counted_but_not_shown() {
    let stage = Stage::open().await;
    stage.starts("a/b", "app1").await;
    let shared = stage.running("a/b", "app2").await;
    assert_eq!(shared.len(), 1);
    let stranger = stage.get("runningStreams/a/b", "app3").await;
    assert_eq!(stranger.text, r#"{"runningStreams":[],"otherStreams":1}"#);
}

#[tokio::test]
async fn cm_82_83_84_85_86_87_88_93_94_the_documented_walkthroughs_are_played() {
    let stage = Stage::open().await;
    for walkthrough in [
        "09-one-stream",
        "10-latest-wins",
        "11-shared-policy",
        "14-take-over",
        "15-three-apps",
        "16-recovery",
        "17-two-rules",
    ] {
        stage.plays(walkthrough).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn cm_95_parallel_starts_never_exceed_the_limit() {
    let stage = Stage::open().await;
    stage.plays("25-race").await;
}

#[tokio::test]
async fn the_demo_applications_are_limited_as_documented() {
    let house = House::open().await;
    let stage = Stage { house };
    for _ in 0..3 {
        stage.starts("Cablevision/ann", "demo-app").await;
    }
    let denied = stage.post("sessions/Cablevision/ann", "demo-app").await;
    assert_eq!(denied.status, 409);
    let advice = &denied.json()["associatedAdvice"][0];
    assert_eq!((&advice["policyName"], &advice["threshold"]), (&json!("demo-policy"), &json!(3)));
    assert_eq!(advice["ruleName"], "3 streams cap");
    assert_eq!(stage.get("metadata", "demo-app-2").await.text, r#"["channel"]"#);
    let missing = stage.post("sessions/Cablevision/ann", "demo-app-2").await;
    assert_eq!((missing.status.as_u16(), missing.json()), (400, refresh()));
    for _ in 0..2 {
        stage.starts_with("Cablevision/ann", "demo-app-2", &[("channel", "one")]).await;
    }
    let third = stage.form("sessions/Cablevision/ann", "demo-app-2", &[("channel", "one")]).await;
    assert_eq!(third.status, 409);
    assert_eq!(third.json()["associatedAdvice"][0]["policyName"], "channel-policy");
}
