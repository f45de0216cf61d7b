//! What the server writes about itself holds no secrets.
//!
//! A test binary of its own: the one subscriber of the process hears every thread, at full detail.

#[cfg(test)]
mod support;

use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::json;
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

#[tokio::test]
async fn dcr_34_44_secrets_and_tokens_reach_neither_logs_nor_errors() {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(log.clone())
        .finish();
    tracing::subscriber::set_global_default(subscriber).unwrap();
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
