//! What the server writes about itself holds no secrets.
//!
//! A test binary of its own: the one subscriber of the process hears every thread, at full detail.

#![expect(clippy::expect_used, reason = "a broken expectation ends the test")]

#[cfg(test)]
mod support;

use std::io::{self, Write};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use reqwest::RequestBuilder;
use serde_json::{Value, json};
use support::House;
use tracing_subscriber::fmt::MakeWriter;

/// Everything that was logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn text(&self) -> String {
        let bytes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Log {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

/// The log of the whole process, at full detail from the first call on.
fn log() -> Log {
    static LOG: LazyLock<Log> = LazyLock::new(|| {
        let log = Log::default();
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(tracing::Level::TRACE)
            .with_writer(log.clone())
            .finish();
        tracing::subscriber::set_global_default(subscriber).expect("the first subscriber");
        log
    });
    LOG.clone()
}

#[tokio::test]
async fn dcr_34_44_secrets_and_tokens_reach_neither_logs_nor_errors() {
    let log = log();
    let house = House::open().await;
    let statement = house.demo["software_statements"]["acme-tv"].as_str().unwrap().to_owned();
    let client = house.client("acme-tv").await;
    let token = house.token_of(&client).await;
    let (id, secret) = client;
    let query = format!("client_id={id}&client_secret={secret}&grant_type=client_credentials");

    let configuration = "/api/v2/REF30/configuration";
    let mut answers = String::new();
    for request in [
        house.post(&format!("/o/client/token?{query}&{query}")),
        house.post(&format!("/o/client/token?{query}x")),
        house.post("/oauth2/token").form(&[("client_secret", secret.as_str())]),
        house
            .post("/o/client/register")
            .json(&json!({ "software_statement": format!("{statement}x") })),
        house.get(configuration).bearer_auth(format!("{token}x")),
        house.get(&format!("{configuration}?access_token={token}")),
        house.get(configuration).bearer_auth(&token),
    ] {
        answers += &house.send(request).await.text().await.unwrap();
    }

    let log = log.text();
    assert!(log.contains("usher::request"), "the requests were logged at all");
    for (name, hidden) in [("secret", &secret), ("token", &token), ("statement", &statement)] {
        // Half of it would be too much.
        let (_, half) = hidden.split_at(hidden.len() / 2);
        assert!(!answers.contains(half), "the {name} is in an answer");
        let line = log.lines().find(|line| line.contains(half));
        assert_eq!(line, None, "the {name} is in the log");
    }
}

#[tokio::test]
async fn rest_150_nothing_in_the_log_tells_who_a_viewer_is() {
    let log = log();
    let house = House::open().await;
    let token = house.token("acme-tv").await;
    let device = "fingerprint c2VjcmVjeS1kZXZpY2U=";
    let call = |request: RequestBuilder| {
        request
            .bearer_auth(&token)
            .header("AP-Device-Identifier", device)
            .header("AP-TempPass-Identity", "eyJlbWFpbCI6InNlY3JldEBtYWlsLmV4YW1wbGUifQ==")
            .header("AP-Visitor-Identifier", "visitor-0815-secret")
            .header("AD-Service-Token", "eyJub3QiOiJhIHRva2VuIn0.c2VjcmV0LXNlcnZpY2U.c2ln")
            .header("Adobe-Subject-Token", "subject-token-secret")
            .header("X-Forwarded-For", "203.0.113.77")
    };
    let mut hidden = vec![
        token.clone(),
        "c2VjcmVjeS1kZXZpY2U".to_owned(),
        "secrecy-device".to_owned(),
        "eyJlbWFpbCI6InNlY3JldEBtYWlsLmV4YW1wbGUifQ".to_owned(),
        "secret@mail.example".to_owned(),
        "visitor-0815-secret".to_owned(),
        "c2VjcmV0LXNlcnZpY2U".to_owned(),
        "subject-token-secret".to_owned(),
        "203.0.113.77".to_owned(),
    ];
    for mvpd in ["Cablevision", "OpCo"] {
        hidden.push(house.sign_in(&token, device, mvpd, "fay").await);
        let profiles = call(house.get(&format!("/api/v2/REF30/profiles/{mvpd}")));
        let profiles: Value = house.send(profiles).await.json().await.unwrap();
        let attributes = &profiles["profiles"][mvpd]["attributes"];
        for name in ["userID", "upstreamUserID", "householdID"] {
            hidden.extend(attributes[name]["value"].as_str().map(str::to_owned));
        }
        for decision in ["preauthorize", "authorize"] {
            let path = format!("/api/v2/REF30/decisions/{decision}/{mvpd}");
            let request = call(house.post(&path)).json(&json!({ "resources": ["acme-one"] }));
            assert_eq!(house.send(request).await.status(), 200);
        }
        let path = format!("/api/v2/REF30/logout/{mvpd}?redirectUrl={}", house.url("/demo/done"));
        assert_eq!(house.send(call(house.get(&path))).await.status(), 200);
    }
    let promotion = house.post("/api/v2/REF30/decisions/authorize/PromoPass");
    let promotion = call(promotion).json(&json!({ "resources": ["acme-one"] }));
    let promotion: Value = house.send(promotion).await.json().await.unwrap();
    hidden
        .extend(promotion["decisions"][0]["token"]["serializedToken"].as_str().map(str::to_owned));
    assert!(hidden.len() >= 15, "{hidden:?}");

    let log = log.text();
    assert!(log.contains("usher::request"), "the requests were logged at all");
    for secret in hidden {
        let line = log.lines().find(|line| line.contains(&secret));
        assert_eq!(line, None, "{secret} is in the log");
    }
}
