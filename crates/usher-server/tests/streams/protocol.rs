//! Who may call, where to, with how much of what, how often.

use reqwest::Method;
use serde_json::json;

use crate::runner::Stage;
use crate::{CAP3, CHAN2, started};

#[tokio::test]
async fn cm_1_2_4_5_6_who_is_not_a_known_application_is_refused() {
    let stage = Stage::open().await;
    let places = [
        (Method::GET, "metadata"),
        (Method::POST, "sessions/a/b"),
        (Method::POST, "sessions/a/b/c"),
        (Method::DELETE, "sessions/a/b/c"),
        (Method::GET, "runningStreams/a/b"),
    ];
    for (method, path) in places {
        let url = stage.house.url(&format!("/v2/{path}"));
        let bare = stage.house.http.request(method.clone(), &url);
        let nobody = stage.answer(bare.try_clone().expect("a request")).await;
        assert_eq!((nobody.status.as_u16(), &*nobody.text), (401, ""), "{method} {path}");
        assert_eq!(nobody.header("www-authenticate"), Some("Basic realm=\"cm\""));
        let bearer = bare.try_clone().expect("a request").bearer_auth("abc");
        assert_eq!(stage.answer(bearer).await.status, 401, "{method} {path}");
        let unknown = bare.try_clone().expect("a request").basic_auth("nobody", Some(""));
        assert_eq!(stage.answer(unknown).await.status, 401, "{method} {path}");
        for disabled in ["off", "of-closed"] {
            let answer = stage.answer(stage.call(method.clone(), path, disabled)).await;
            assert_eq!((answer.status.as_u16(), &*answer.text), (403, ""), "{disabled} {path}");
        }
    }
    stage.plays("24-addressing").await;
    let with_password = stage.house.get("/v2/metadata").basic_auth(CAP3, Some("secret"));
    assert_eq!(stage.answer(with_password).await.status, 200);
}

#[tokio::test]
async fn cm_3_an_empty_password_is_accepted_everywhere() {
    let stage = Stage::open().await;
    assert_eq!(stage.get("metadata", CAP3).await.status, 200);
    let id = stage.starts("a/b", CAP3).await;
    assert_eq!(stage.beats("a/b", &id, CAP3).await, 202);
    assert_eq!(stage.get("runningStreams/a/b", CAP3).await.status, 200);
    assert_eq!(stage.delete(&format!("sessions/a/b/{id}"), CAP3).await.status, 202);
}

#[tokio::test]
async fn cm_7_8_9_browsers_may_call_and_read_the_headers_they_need() {
    let stage = Stage::open().await;
    for path in ["sessions/a/b", "sessions/a/b/c", "metadata", "runningStreams/a/b", "nowhere"] {
        let url = stage.house.url(&format!("/v2/{path}"));
        let preflight = stage.house.http.request(Method::OPTIONS, url);
        let answer = stage.answer(preflight.header("Origin", "https://tv.example")).await;
        assert_eq!((answer.status.as_u16(), &*answer.text), (200, ""), "{path}");
        let allowed = answer.header("access-control-allow-headers").expect("allowed headers");
        for name in ["Authorization", "Content-Type", "X-Terminate"] {
            assert!(allowed.split(", ").any(|it| it == name), "{name} in {allowed}");
        }
        assert_eq!(answer.header("access-control-max-age"), Some("3600"));
        let methods = answer.header("access-control-allow-methods").expect("allowed methods");
        assert!(methods.contains("POST") && methods.contains("DELETE"), "{methods}");
    }
    let start = stage.call(Method::POST, "sessions/a/b", CAP3);
    let answer = stage.answer(start.header("Origin", "https://tv.example")).await;
    let exposed = answer.header("access-control-expose-headers").expect("exposed headers");
    for name in ["Location", "Date", "Expires"] {
        assert!(exposed.split(", ").any(|it| it == name), "{name} in {exposed}");
    }
    assert_eq!((answer.count("date"), answer.count("access-control-allow-origin")), (1, 1));
}

#[tokio::test]
async fn cm_10_11_no_answer_is_stored_and_wrong_methods_are_told_the_right_ones() {
    let stage = Stage::open().await;
    for (method, path, allow) in [
        (Method::GET, "sessions/a/b", "POST, OPTIONS"),
        (Method::PUT, "sessions/a/b", "POST, OPTIONS"),
        (Method::GET, "sessions/a/b/c", "POST, DELETE, OPTIONS"),
        (Method::POST, "metadata", "GET, OPTIONS"),
        (Method::DELETE, "runningStreams/a/b", "GET, OPTIONS"),
    ] {
        // Decided before anybody looks at credentials. `answer` checks Cache-Control.
        let url = stage.house.url(&format!("/v2/{path}"));
        let answer = stage.answer(stage.house.http.request(method, url)).await;
        assert_eq!(answer.status, 405, "{path}");
        assert_eq!(answer.header("allow"), Some(allow), "{path}");
    }
    for path in ["", "sessions", "sessions/a", "sessions//b", "sessions/a/b/c/d", "elsewhere"] {
        let answer = stage.post(path, CAP3).await;
        assert_eq!((answer.status.as_u16(), &*answer.text), (404, ""), "{path}");
    }
    let old = stage.house.post("/v1/app-cap3/a/accounts/b/streams");
    assert_eq!(stage.answer(old).await.status, 404);
}

#[tokio::test]
async fn cm_12_a_plus_sign_in_a_path_is_a_plus_sign() {
    let stage = Stage::open().await;
    let id = stage.starts("cable+one/u1", CAP3).await;
    for spelling in ["cable+one/u1", "cable%2Bone/u1", "%63able%2bone/u1/"] {
        let running = stage.running(spelling, CAP3).await;
        assert_eq!(running.len(), 1, "{spelling}");
        assert_eq!(running[0]["sessionId"], id);
    }
    assert!(stage.running("cable%20one/u1", CAP3).await.is_empty());
    assert_eq!(stage.beats("cable%2Bone/u1", &id, CAP3).await, 202);
}

#[tokio::test]
async fn paths_are_tolerant_about_slashes_and_strict_about_bytes() {
    let stage = Stage::open().await;
    for path in ["/sessions/a/b", "sessions/a/b/", "//sessions/a/b"] {
        assert_eq!(stage.post(path, "open").await.status, 202, "{path}");
    }
    assert_eq!(stage.running("a/b", "open").await.len(), 3);
    stage.starts("a%2Fb/c", "open").await;
    assert_eq!(stage.running("a%2Fb/c", "open").await.len(), 1);
    for path in ["sessions/a/%00", "sessions/a%0a/b", "sessions/%ff/b"] {
        assert_eq!(stage.post(path, CAP3).await.status, 400, "{path}");
    }
    let long = "x".repeat(513);
    assert_eq!(stage.post(&format!("sessions/a/{long}"), CAP3).await.status, 400);
    assert_eq!(stage.post(&format!("sessions/a/{}", "x".repeat(17_000)), CAP3).await.status, 414);
}

#[tokio::test]
async fn cm_13_14_15_16_17_metadata_names_what_policies_read() {
    let stage = Stage::open().await;
    stage.plays("01-metadata").await;
    let channel = stage.get("metadata", CHAN2).await;
    assert_eq!((&*channel.text, channel.header("content-length")), (r#"["channel"]"#, Some("11")));
    assert_eq!(stage.get("metadata", CAP3).await.text, "[]");
}

#[tokio::test]
async fn cm_18_last_modified_changes_with_the_policies() {
    let stage = Stage::open().await;
    let before = stage.get("metadata", CAP3).await;
    stage.wait(100);
    let same = stage.get("metadata", CAP3).await;
    assert_eq!(before.header("last-modified"), same.header("last-modified"));
    let changed = include_str!("fixtures.toml").replace("threshold = 3", "threshold = 4");
    stage.configure(&changed);
    let after = stage.get("metadata", CAP3).await;
    assert_ne!(before.header("last-modified"), after.header("last-modified"));
}

#[tokio::test]
async fn cm_30_108_content_types_are_never_refused_and_forms_recognised() {
    let stage = Stage::open().await;
    let with = |content_type: &str| {
        stage
            .call(Method::POST, "sessions/a/b", CHAN2)
            .header("content-type", content_type)
            .body("channel=one")
    };
    for form in [
        "application/x-www-form-urlencoded",
        "application/x-www-form-urlencoded; charset=UTF-8",
        "Application/X-WWW-Form-Urlencoded;Charset=utf-8",
    ] {
        let answer = stage.answer(with(form)).await;
        assert_eq!(answer.status, 202, "{form}");
        let id = started(&answer);
        stage.delete(&format!("sessions/a/b/{id}"), CHAN2).await;
    }
    // Ignored, and so the channel is missing.
    for other in ["application/json", "text/plain", "nonsense"] {
        assert_eq!(stage.answer(with(other)).await.status, 400, "{other}");
    }
    let typeless = stage.call(Method::POST, "sessions/a/b", CHAN2).body("channel=one");
    assert_eq!(stage.answer(typeless).await.status, 202);
}

#[tokio::test]
async fn cm_48_97_98_100_101_session_throttling_is_played() {
    let stage = Stage::throttled().await;
    stage.plays("22-throttle-session").await;
    // A refused heartbeat keeps nobody alive.
    let id = stage.starts("a/b", CAP3).await;
    stage.wait(55);
    for _ in 0..200 {
        assert_eq!(stage.beats("a/b", &id, CAP3).await, 202);
    }
    stage.wait(59);
    assert_eq!(stage.beats("a/b", &id, CAP3).await, 429);
    stage.wait(31);
    assert_eq!(stage.beats("a/b", &id, CAP3).await, 410);
}

#[tokio::test]
async fn cm_99_102_user_throttling_is_played() {
    let stage = Stage::throttled().await;
    stage.plays("23-throttle-user").await;
    // Session counters do not count starts, and the other way round.
    let id = stage.starts("a/b", "open").await;
    for _ in 0..200 {
        assert_eq!(stage.beats("a/b", &id, "open").await, 202);
    }
    assert_eq!(stage.beats("a/b", &id, "open").await, 429);
    stage.starts("a/b", "open").await;
}

#[tokio::test]
async fn cm_107_a_heartbeat_over_the_limits_changes_nothing() {
    let stage = Stage::open().await;
    let id = stage.starts_with("a/b", CAP3, &[("plan", "gold")]).await;
    stage.wait(60);
    let path = format!("sessions/a/b/{id}");
    let names: Vec<_> = (0..64).map(|number| format!("a{number}")).collect();
    let many: Vec<_> = names.iter().map(|name| (name.as_str(), "1")).collect();
    let [name, value, huge] = [129, 1025, 65 * 1024].map(|length| "x".repeat(length));
    let forms = [&many[..], &[("plan", &value)], &[(&name, "1")], &[("plan", &huge)]];
    for form in forms {
        let answer = stage.form(&path, CAP3, form).await;
        assert_eq!((answer.status.as_u16(), &*answer.text), (400, ""));
    }
    assert_eq!(stage.running("a/b", CAP3).await[0]["metadata"], json!({ "plan": "gold" }));
    stage.wait(30);
    assert_eq!(stage.post(&path, CAP3).await.status, 410);
}

#[tokio::test]
async fn a_start_over_the_limits_creates_nothing() {
    let stage = Stage::open().await;
    let names: Vec<_> = (0..65).map(|number| format!("a{number}")).collect();
    let form: Vec<_> = names.iter().map(|name| (name.as_str(), "1")).collect();
    let refused = stage.form("sessions/a/b", "open", &form).await;
    assert_eq!((refused.status.as_u16(), &*refused.text), (400, ""));
    assert_eq!(stage.form("sessions/a/b", "open", &form[..64]).await.status, 202);
    assert_eq!(stage.running("a/b", "open").await.len(), 1);
}

#[tokio::test]
async fn the_query_comes_before_the_body_and_by_design_attributes_cannot_be_spoofed() {
    let stage = Stage::open().await;
    let form = [("plan", "tin"), ("superseded", "x"), ("applicationId", "other")];
    stage.starts_with("a/b?plan=gold&channel=one", CHAN2, &form).await;
    let metadata = json!({ "plan": "gold", "channel": "one", "applicationId": "other" });
    assert_eq!(stage.running("a/b", CHAN2).await[0]["metadata"], metadata);
}
