//! Input that nobody sends by mistake: a clear status, no side effect, nothing of others.

use std::io::{Read, Write};
use std::net::TcpStream;

use reqwest::Method;
use serde_json::{Value, json};

use crate::runner::{Answer, Stage, code};
use crate::{CAP3, started};

/// The status of an answer to raw bytes; zero when the connection was closed instead.
fn raw_status(stage: &Stage, bytes: &[u8]) -> u16 {
    let address = stage.house.base.trim_start_matches("http://");
    let mut connection = TcpStream::connect(address).expect("a connection");
    // The server may close before it has read everything.
    let _sent = connection.write_all(bytes);
    let mut answer = Vec::new();
    let _read = connection.read_to_end(&mut answer);
    let text = String::from_utf8_lossy(&answer);
    text.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_default()
}

/// A request of `app-cap3` with this line, these headers and this body.
fn raw(line: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "{line} HTTP/1.1\r\nHost: tv\r\nAuthorization: Basic YXBwLWNhcDM6\r\nConnection: close\r\n\
         Content-Length: {}\r\n{headers}\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn metadata_without_end_changes_nothing() {
    let stage = Stage::open().await;
    let id = stage.starts_with("a/b", CAP3, &[("plan", "gold")]).await;
    let path = format!("sessions/a/b/{id}");
    let fields: Vec<_> = (0..10_000).map(|number| format!("a{number}=1")).collect();
    let bodies = [
        fields.join("&"),
        vec!["a=1"; 10_000].join("&"),
        vec!["="; 30_000].join("&") + "&plan=tin",
        format!("plan={}", "x".repeat(1_000_000)),
        format!("{}=1", "x".repeat(1_000_000)),
        "%".repeat(60_000) + "&a=1".repeat(65).as_str(),
    ];
    // The third is 30 000 pairs without a name, which are none, and one that counts.
    let expected = [400, 400, 202, 400, 400, 400];
    for (number, (body, expected)) in bodies.iter().zip(expected).enumerate() {
        for path in [path.as_str(), "sessions/a/new"] {
            let form = "application/x-www-form-urlencoded";
            let request = stage.call(Method::POST, path, CAP3);
            let answer =
                stage.answer(request.header("content-type", form).body(body.clone())).await;
            assert_eq!((answer.status.as_u16(), &*answer.text), (expected, ""), "body {number}");
        }
    }
    assert_eq!(stage.running("a/b", CAP3).await[0]["metadata"], json!({ "plan": "tin" }));
    assert_eq!(stage.running("a/new", CAP3).await.len(), 1);
    // A body that is no form is not even read.
    let json = "application/json";
    let request = stage.call(Method::POST, &path, CAP3).header("content-type", json);
    assert_eq!(stage.answer(request.body("x".repeat(1_000_000))).await.status, 202);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bytes_that_are_no_text_are_refused_or_skipped() {
    let stage = Stage::open().await;
    let form = "Content-Type: application/x-www-form-urlencoded\r\n";
    let body = b"plan=\xff\xfe&room=den&%ff=1&b=%c3%28";
    assert_eq!(raw_status(&stage, &raw("POST /v2/sessions/a/b", form, body)), 202);
    assert_eq!(stage.running("a/b", CAP3).await[0]["metadata"], json!({ "room": "den" }));
    for segment in ["%ff", "%c3%28", "%ed%a0%80", "a%00b", "a%0d%0ab", "%c2%80"] {
        let line = format!("POST /v2/sessions/a/{segment}");
        assert_eq!(raw_status(&stage, &raw(&line, "", b"")), 400, "{segment}");
    }
    let line = [&raw("POST /v2/sessions/a/", "", b"")[..20], b"\xff\xfe HTTP/1.1\r\n\r\n"].concat();
    assert_eq!(raw_status(&stage, &line), 400);
    let credentials: [&[u8]; 3] = [b"Basic \xff\xfe", b"Basic //79", b"Basic OjpBOg=="];
    for credentials in credentials {
        let request = [
            b"GET /v2/metadata HTTP/1.1\r\nHost: tv\r\nConnection: close\r\nAuthorization: ",
            credentials,
            b"\r\n\r\n",
        ]
        .concat();
        assert_eq!(raw_status(&stage, &request), 401, "{credentials:?}");
    }
}

#[tokio::test]
async fn forged_ids_and_codes_reach_nobody() {
    let stage = Stage::open().await;
    let victim = stage.starts("north/ann", CAP3).await;
    let (head, tail) = victim.split_at(24);
    let forged = [
        // The right start, another mark; the mark of another start; nonsense.
        format!("{head}{}", tail.chars().rev().collect::<String>()),
        victim.replacen('0', "1", 1),
        "00000000-0000-0000-0000-000000000000".to_owned(),
        "ffffffff-ffff-ffff-ffff-ffffffffffff".to_owned(),
        victim.to_uppercase(),
        format!("{victim}%20"),
        format!("%20{victim}"),
        victim.replace('-', "%2D") + "x",
    ];
    for id in &forged {
        for subject in ["north/ann", "north/bob"] {
            let path = format!("sessions/{subject}/{id}");
            let beat = stage.post(&path, CAP3).await;
            assert_eq!((beat.status.as_u16(), &*beat.text), (404, ""), "{id}");
            assert_eq!(stage.delete(&path, CAP3).await.status, 404, "{id}");
        }
    }
    // An escaped hyphen is a hyphen.
    let escaped = format!("sessions/north/ann/{}", victim.replace('-', "%2D"));
    assert_eq!(stage.post(&escaped, CAP3).await.status, 202);

    let codes = ["*", "%", "0", "'; DROP", "\u{e9}", &code(&victim).to_uppercase()].join(",");
    let all = (0..2_000).map(|number| format!("{number:08x}")).collect::<Vec<_>>().join(",");
    for codes in [codes, all, format!("{},,{}", code(&victim), code(&victim))] {
        let request = stage.call(Method::POST, "sessions/north/bob", "open");
        assert_eq!(stage.answer(request.header("X-Terminate", codes)).await.status, 202);
    }
    assert_eq!(stage.beats("north/ann", &victim, CAP3).await, 202);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn paths_lead_nowhere_but_where_they_say() {
    let stage = Stage::open().await;
    let own = stage.starts("ab/c", CAP3).await;
    // Other borders between provider and account are other subjects.
    for other in ["a/bc", "abc/%20", "ab%2Fc/x", "x/ab%2Fc", "AB/c", "ab/C", "ab%20/c"] {
        assert!(stage.running(other, CAP3).await.is_empty(), "{other}");
        assert_eq!(stage.beats(other, &own, CAP3).await, 404, "{other}");
    }
    for (path, status) in [
        ("/v2/sessions/ab/c/../d", 404),
        // Nobody resolves dots: this is the account `metadata` of a provider with a silly name.
        ("/v2/sessions/../metadata", 202),
        ("/v2/../health/live", 404),
        ("/v2/sessions/ab/c/x/y", 404),
        ("/v2/sessions/ab;v=1/c", 202),
        ("/v2/sessions/ab/c%2F..%2Fd", 202),
        ("/v2/sessions/%2e%2e/%2e%2e", 202),
        // A fragment is the client's own business and is dropped.
        ("/v2/sessions/ab/c#/d", 202),
        ("/v2/sessions/ab/c\\d", 202),
        ("//v2/sessions/ab/c", 404),
        ("http://evil.example/v2/sessions/ab/other", 202),
        ("*", 404),
    ] {
        let status_of = raw_status(&stage, &raw(&format!("POST {path}"), "", b""));
        assert_eq!(status_of, status, "{path}");
    }
    assert_eq!(stage.running("ab/c", CAP3).await.len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn heads_without_end_are_refused() {
    let stage = Stage::open().await;
    let many = "X-Terminate: deadbeef\r\n".repeat(10_000);
    let long = format!("X-Terminate: {}\r\n", "deadbeef,".repeat(100_000));
    for headers in [many, long] {
        let status = raw_status(&stage, &raw("POST /v2/sessions/a/b", &headers, b""));
        assert!(matches!(status, 431 | 0), "{status}");
    }
    let line = format!("POST /v2/sessions/a/b?{}", "a=1&".repeat(5_000));
    assert_eq!(raw_status(&stage, &raw(&line, "", b"")), 414);
    assert_eq!(raw_status(&stage, &raw("BREW /v2/sessions/a/b", "", b"")), 405);
    assert!(stage.running("a/b", CAP3).await.is_empty());
}

#[tokio::test]
async fn what_clients_say_comes_back_as_text_and_to_their_own_subject_alone() {
    let stage = Stage::open().await;
    let nasty = "\"}],\"x\":[{\"</script><!--\u{0}\r\nSet-Cookie: a=b\u{202e}";
    let form = [("deviceName", nasty), ("channel", nasty), (nasty, "1")];
    let first = stage.starts_with("north/zelda", CAP3, &form).await;
    for _ in 0..2 {
        stage.starts("north/zelda", CAP3).await;
        stage.starts("south/zelda", CAP3).await;
    }
    let denied = stage.post("sessions/north/zelda", CAP3).await;
    let conflicts = denied.json()["associatedAdvice"][0]["conflicts"].clone();
    assert_eq!(conflicts[&first][0]["deviceName"], nasty);
    assert_eq!(
        conflicts[&first][0]["metadata"],
        json!(form.into_iter().collect::<std::collections::BTreeMap<_, _>>())
    );
    assert_eq!(conflicts.as_object().map(serde_json::Map::len), Some(3));
    assert!(!denied.text.contains("south") && !denied.text.contains("zelda"));

    let request = stage.call(Method::POST, "sessions/north/zelda", CAP3).form(&form);
    let killer = stage.answer(request.header("X-Terminate", code(&first))).await;
    assert_eq!(killer.header("set-cookie"), None);
    started(&killer);
    let gone: Answer = stage.post(&format!("sessions/north/zelda/{first}"), CAP3).await;
    let terminator: &Value = &gone.json()["associatedAdvice"][0]["terminator"];
    assert_eq!((&terminator["channel"], &terminator["deviceName"]), (&json!(nasty), &json!(nasty)));
    assert_eq!(stage.running("south/zelda", CAP3).await.len(), 2);
}
