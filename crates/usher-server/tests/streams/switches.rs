//! What a deployment may choose, each choice against its default.

use reqwest::{Method, RequestBuilder};

use crate::runner::{Answer, Stage, code, refresh};
use crate::{CAP3, CHAN2, started};

#[tokio::test]
async fn a_challenge_can_be_left_out() {
    let stage = Stage::with(&[("streams.challenge", "false")]).await;
    let nobody = stage.answer(stage.house.get("/v2/metadata")).await;
    assert_eq!((nobody.status.as_u16(), nobody.header("www-authenticate")), (401, None));
}

#[tokio::test]
async fn origins_can_be_listed() {
    let list = r#"["https://tv.example","https://app.example"]"#;
    let stage = Stage::with(&[("streams.allowed_origins", list)]).await;
    let allowed = async |origin: Option<&str>, request: RequestBuilder| {
        let request = origin.iter().fold(request, |it, origin| it.header("Origin", *origin));
        let answer = Answer::read(stage.house.send(request).await).await;
        assert!(answer.count("access-control-allow-origin") <= 1);
        answer.header("access-control-allow-origin").map(str::to_owned)
    };
    for listed in ["https://tv.example", "https://app.example"] {
        let start = stage.call(Method::POST, "sessions/a/b", "open");
        assert_eq!(allowed(Some(listed), start).await.as_deref(), Some(listed));
        let preflight = stage.house.http.request(Method::OPTIONS, stage.house.url("/v2/metadata"));
        assert_eq!(allowed(Some(listed), preflight).await.as_deref(), Some(listed));
        // Refusals are readable, too.
        let nobody = stage.house.get("/v2/metadata");
        assert_eq!(allowed(Some(listed), nobody).await.as_deref(), Some(listed));
    }
    for stranger in [Some("https://tv.example.evil"), Some("null"), None] {
        let start = stage.call(Method::POST, "sessions/a/b", "open");
        assert_eq!(allowed(stranger, start).await, None, "{stranger:?}");
    }
}

#[tokio::test]
async fn policies_can_be_called_by_owner_and_name() {
    for (setting, name) in [("true", "north/cap-policy"), ("false", "cap-policy")] {
        let stage = Stage::with(&[("streams.prefix_policy_names", setting)]).await;
        for _ in 0..3 {
            stage.starts("a/b", CAP3).await;
        }
        let denied = stage.post("sessions/a/b", CAP3).await;
        assert_eq!(denied.json()["associatedAdvice"][0]["policyName"], name);
    }
}

#[tokio::test]
async fn the_text_for_replaced_viewers_can_be_chosen() {
    let stage = Stage::with(&[("streams.termination_message", "Elsewhere!")]).await;
    let id = stage.starts("a/b", CAP3).await;
    started(&stage.replaces("a/b", CAP3, &[&code(&id)]).await);
    let gone = stage.post(&format!("sessions/a/b/{id}"), CAP3).await;
    assert_eq!(gone.json()["associatedAdvice"][0]["message"], "Elsewhere!");
}

#[tokio::test]
async fn standard_values_can_be_required() {
    // `player` reads contentType, `family` reads type.
    let cases = [
        ("player", "contentType", "live", 202),
        ("player", "contentType", "linear", 400),
        ("player", "contentType", "LIVE", 400),
        ("family", "type", "movie", 202),
        ("family", "type", "KIDS", 400),
        // Nobody reads it, nobody checks it.
        (CHAN2, "mobileDevice", "perhaps", 202),
    ];
    let strict = Stage::with(&[("streams.strict_standard_metadata", "true")]).await;
    let usual = Stage::open().await;
    for (app, name, value, status) in cases {
        let form = [(name, value), ("channel", "one")];
        let answer = strict.form("sessions/a/b", app, &form).await;
        assert_eq!(answer.status, status, "{app} {value}");
        if status == 400 {
            assert_eq!(answer.json(), refresh());
        }
        assert_eq!(usual.form("sessions/a/b", app, &form).await.status, 202, "{app} {value}");
    }
}

#[tokio::test]
async fn throttle_windows_and_their_limits_can_be_set() {
    let stage = Stage::throttled_with(&[
        ("streams.session_calls", "2"),
        ("streams.subject_starts", "3"),
        ("streams.throttle_window", "10s"),
    ])
    .await;
    let id = stage.starts("a/b", "open").await;
    let path = format!("sessions/a/b/{id}");
    for _ in 0..2 {
        assert_eq!(stage.post(&path, "open").await.status, 202);
        stage.starts("a/b", "open").await;
    }
    for path in [path.as_str(), "sessions/a/b"] {
        let refused = stage.post(path, "open").await;
        assert_eq!(refused.status, 429, "{path}");
        assert_eq!(refused.header("expires"), Some("Sat, 14 Mar 2026 18:20:10 GMT"), "{path}");
    }
    stage.wait(10);
    assert_eq!(stage.post(&path, "open").await.status, 202);
    stage.starts("a/b", "open").await;
}

#[tokio::test]
async fn applications_have_intervals_and_windows_of_their_own() {
    let settings = [("streams.heartbeat_interval", "20s"), ("streams.activity_window", "25s")];
    let stage = Stage::with(&settings).await;
    // Interval, then the last second of the window.
    for (app, interval, window) in [(CAP3, 20, 25), ("own-interval", 5, 35), ("own-window", 20, 21)]
    {
        let start = stage.post("sessions/a/b", app).await;
        let id = started(&start);
        assert_eq!(seconds_announced(&start), interval, "{app}");
        stage.wait(window - 1);
        let beat = stage.post(&format!("sessions/a/b/{id}"), app).await;
        assert_eq!((beat.status.as_u16(), seconds_announced(&beat)), (202, interval), "{app}");
        stage.wait(window);
        assert_eq!(stage.beats("a/b", &id, app).await, 410, "{app}");
    }
}

/// `Expires` less `Date`.
fn seconds_announced(answer: &Answer) -> i64 {
    let instant = |name| {
        let text = answer.header(name).expect("a date");
        jiff::fmt::rfc2822::parse(text).expect("a date").timestamp().as_second()
    };
    instant("expires") - instant("date")
}

#[tokio::test]
async fn starts_beyond_the_memory_for_streams_are_refused_clearly() {
    let stage = Stage::with(&[("streams.memory_max_mib", "0")]).await;
    let refused = stage.post("sessions/a/b", "open").await;
    assert_eq!((refused.status.as_u16(), &*refused.text), (503, ""));
    assert_eq!(refused.header("location"), None);
    assert!(stage.running("a/b", "open").await.is_empty());
}

#[tokio::test]
async fn announced_intervals_can_be_spread() {
    let stage = Stage::with(&[("streams.heartbeat_jitter", "20s")]).await;
    let mut announced = std::collections::BTreeSet::new();
    for _ in 0..40 {
        let start = stage.post("sessions/a/b", "open").await;
        let interval = seconds_announced(&start);
        assert!((60..=80).contains(&interval), "{interval}");
        announced.insert(interval);
        let path = format!("sessions/a/b/{}", started(&start));
        let beat = stage.post(&path, "open").await;
        // The window follows the interval that was announced last.
        stage.wait(u64::try_from(seconds_announced(&beat)).expect("a length") + 29);
        assert_eq!(stage.post(&path, "open").await.status, 202);
    }
    assert!(announced.len() > 5, "{announced:?}");
}
