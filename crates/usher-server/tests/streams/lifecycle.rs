//! Starting, beating, stopping and listing streams.

use std::collections::HashSet;

use reqwest::Method;
use serde_json::json;
use usher_core::Clock;

use crate::runner::{self, Stage, code};
use crate::{CAP3, CHAN2, NEVER_ISSUED};

#[tokio::test]
async fn cm_19_20_21_32_33_49_50_the_happy_path_is_played() {
    let stage = Stage::open().await;
    stage.plays("02-lifecycle").await;
    let answer = stage.post("sessions/a/b", CAP3).await;
    assert_eq!((&*answer.text, answer.header("content-type")), ("", None));
    assert!(!answer.header("location").expect("a location").contains('/'));
    for _ in 0..2 {
        stage.starts("a/b", CAP3).await;
    }
    assert_eq!(stage.post("sessions/a/b", CAP3).await.status, 409);
    let id = answer.header("location").expect("a location");
    let beat = stage.post(&format!("sessions/a/b/{id}"), CAP3).await;
    assert_eq!(beat.header("location"), None);
    assert_eq!(stage.delete(&format!("sessions/a/b/{id}"), CAP3).await.status, 202);
    assert_eq!(stage.delete(&format!("sessions/a/b/{id}"), CAP3).await.status, 410);
    stage.starts("a/b", CAP3).await;
}

#[tokio::test]
async fn cm_22_session_ids_have_their_shape_and_are_unique() {
    let stage = Stage::open().await;
    let mut ids = HashSet::new();
    for _ in 0..100 {
        let id = stage.starts("a/b", "open").await;
        let lengths: Vec<_> = id.split('-').map(str::len).collect();
        assert_eq!(lengths, [8, 4, 4, 4, 12], "{id}");
        assert!(id.chars().all(|it| matches!(it, '0'..='9' | 'a'..='f' | '-')), "{id}");
        assert_eq!(runner::start_ms(&id), stage.house.clock.now().as_millis());
        assert!(ids.insert(id));
    }
}

#[tokio::test]
async fn cm_23_24_25_26_61_required_metadata_is_required() {
    let stage = Stage::open().await;
    stage.plays("06-required").await;
}

#[tokio::test]
async fn cm_27_44_45_46_47_metadata_is_kept_merged_and_partly_immutable() {
    let stage = Stage::open().await;
    stage.plays("21-immutable").await;
    stage.plays("08-running").await;
}

#[tokio::test]
async fn cm_28_a_refused_start_leaves_nothing_behind() {
    let stage = Stage::open().await;
    let refused = stage.post("sessions/a/b", CHAN2).await;
    assert_eq!((refused.status.as_u16(), refused.header("location")), (400, None));
    for _ in 0..3 {
        stage.starts("a/b", CAP3).await;
    }
    let denied = stage.post("sessions/a/b", CAP3).await;
    assert_eq!((denied.status.as_u16(), denied.header("location")), (409, None));
    assert_eq!(stage.running("a/b", CAP3).await.len(), 3);
}

#[tokio::test]
async fn cm_34_35_51_76_77_96_silence_ends_a_stream_after_the_grace() {
    let stage = Stage::open().await;
    stage.plays("07-expiry").await;
}

#[tokio::test]
async fn cm_36_a_stopped_stream_is_gone() {
    let stage = Stage::open().await;
    let id = stage.starts("a/b", CAP3).await;
    assert_eq!(stage.delete(&format!("sessions/a/b/{id}"), CAP3).await.status, 202);
    let beat = stage.post(&format!("sessions/a/b/{id}"), CAP3).await;
    assert_eq!((beat.status.as_u16(), &*beat.text), (410, ""));
}

#[tokio::test]
async fn cm_37_38_a_dismissed_stream_is_told_why_once() {
    let stage = Stage::open().await;
    stage.plays("10-latest-wins").await;
    // Metadata may break a rule, too.
    let id = stage.starts_with("a/b", "rooms", &[("room", "den")]).await;
    let path = format!("sessions/a/b/{id}");
    let denied = stage.form(&path, "rooms", &[("room", "garage")]).await;
    assert_eq!(denied.status, 409);
    let advice = &denied.json()["associatedAdvice"][0];
    assert_eq!((&advice["threshold"], &advice["conflicts"]), (&json!(0), &json!({})));
    let after = stage.post(&path, "rooms").await;
    assert_eq!((after.status.as_u16(), &*after.text), (410, ""));
}

#[tokio::test]
async fn cm_40_52_an_id_never_issued_is_not_found() {
    let stage = Stage::open().await;
    stage.starts("a/b", CAP3).await;
    for id in [NEVER_ISSUED, "c", "0000019C-ED94-3CAB-3283-3106536E95DF"] {
        let path = format!("sessions/a/b/{id}");
        let beat = stage.post(&path, CAP3).await;
        assert_eq!((beat.status.as_u16(), &*beat.text), (404, ""), "{id}");
        let stop = stage.delete(&path, CAP3).await;
        assert_eq!((stop.status.as_u16(), &*stop.text), (404, ""), "{id}");
    }
}

#[tokio::test]
async fn cm_41_the_wrong_subject_finds_nothing_and_refreshes_nothing() {
    let stage = Stage::open().await;
    let id = stage.starts("a/b", CAP3).await;
    stage.wait(60);
    for wrong in ["a/c", "c/b"] {
        assert_eq!(stage.beats(wrong, &id, CAP3).await, 404, "{wrong}");
    }
    stage.wait(30);
    assert_eq!(stage.beats("a/b", &id, CAP3).await, 410);
}

#[tokio::test]
async fn cm_42_another_application_may_not_touch_a_stream() {
    let stage = Stage::open().await;
    let id = stage.starts("a/b", CAP3).await;
    stage.wait(60);
    let path = format!("sessions/a/b/{id}");
    assert_eq!(stage.post(&path, CHAN2).await.status, 403);
    assert_eq!(stage.delete(&path, CHAN2).await.status, 403);
    assert_eq!(stage.running("a/b", CAP3).await.len(), 1);
    stage.wait(30);
    // Ownership is checked before the end.
    assert_eq!(stage.post(&path, CHAN2).await.status, 403);
    assert_eq!(stage.post(&path, CAP3).await.status, 410);
}

#[tokio::test]
async fn cm_43_a_heartbeat_kills_nobody() {
    let stage = Stage::open().await;
    let [one, two] = [stage.starts("a/b", CAP3).await, stage.starts("a/b", CAP3).await];
    let beat = stage.call(Method::POST, &format!("sessions/a/b/{one}"), CAP3);
    let answer = stage.answer(beat.header("X-Terminate", code(&two))).await;
    assert_eq!(answer.status, 202);
    assert_eq!(stage.beats("a/b", &two, CAP3).await, 202);
}

#[tokio::test]
async fn cm_74_75_78_79_running_streams_are_listed_while_they_run() {
    let stage = Stage::open().await;
    let empty = stage.get("runningStreams/northcable/nobody", CAP3).await;
    assert_eq!(empty.text, r#"{"runningStreams":[],"otherStreams":0}"#);
    assert_eq!(empty.header("expires"), None);
    stage.plays("08-running").await;
    let id = stage.starts_with("a/b", CAP3, &[("plan", "gold")]).await;
    let now = stage.house.clock.now().as_millis();
    let expected = json!({
        "sessionId": id,
        "startTime": now,
        "applicationId": CAP3,
        "applicationName": "Living Room App",
        "terminationCode": code(&id),
        "metadata": { "plan": "gold" },
    });
    // Of the same tenant, though no policy is shared.
    assert_eq!(stage.running("a/b", CHAN2).await, [expected]);
    stage.delete(&format!("sessions/a/b/{id}"), CAP3).await;
    assert!(stage.running("a/b", CAP3).await.is_empty());
}

#[tokio::test]
async fn cm_81_looking_is_free_and_keeps_nothing_alive() {
    let stage = Stage::throttled().await;
    let id = stage.starts("a/b", CAP3).await;
    stage.wait(89);
    for _ in 0..250 {
        assert_eq!(stage.get("runningStreams/a/b", CAP3).await.status, 200);
    }
    stage.wait(1);
    assert!(stage.running("a/b", CAP3).await.is_empty());
    assert_eq!(stage.beats("a/b", &id, CAP3).await, 410);
}
