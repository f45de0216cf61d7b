//! Stream limiting over real HTTP: the scenario tables of `concurrency` §16 and its checklist (§19).

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    unreachable_pub,
    reason = "a broken expectation ends the test"
)]

#[path = "streams/heartbeats.rs"]
mod heartbeats;
#[path = "streams/hostile.rs"]
mod hostile;
#[path = "streams/lifecycle.rs"]
mod lifecycle;
#[path = "streams/policies.rs"]
mod policies;
#[path = "streams/protocol.rs"]
mod protocol;
#[path = "streams/records.rs"]
mod records;
#[path = "streams/runner/mod.rs"]
mod runner;
mod support;
#[path = "streams/switches.rs"]
mod switches;

use std::time::Duration;

use reqwest::{Method, RequestBuilder};
use runner::{Answer, Stage};
use serde_json::Value;
use usher_core::Clock;

const CAP3: &str = "app-cap3";
const CHAN2: &str = "app-chan2";
const NEVER_ISSUED: &str = "0000019c-ed94-3cab-3283-3106536e95df";

/// Calls as `app`; the path is below `/v2/`.
impl Stage {
    fn call(&self, method: Method, path: &str, app: &str) -> RequestBuilder {
        let url = self.house.url(&format!("/v2/{path}"));
        self.house.http.request(method, url).basic_auth(app, Some(""))
    }

    async fn answer(&self, request: RequestBuilder) -> Answer {
        let now = self.house.clock.now();
        let answer = Answer::read(self.house.send(request).await).await;
        answer.is_well_formed(now, "an answer");
        answer
    }

    async fn get(&self, path: &str, app: &str) -> Answer {
        self.answer(self.call(Method::GET, path, app)).await
    }

    async fn post(&self, path: &str, app: &str) -> Answer {
        self.answer(self.call(Method::POST, path, app)).await
    }

    async fn delete(&self, path: &str, app: &str) -> Answer {
        self.answer(self.call(Method::DELETE, path, app)).await
    }

    async fn form(&self, path: &str, app: &str, form: &[(&str, &str)]) -> Answer {
        self.answer(self.call(Method::POST, path, app).form(form)).await
    }

    /// Starts a stream and returns its id.
    async fn starts(&self, subject: &str, app: &str) -> String {
        started(&self.post(&format!("sessions/{subject}"), app).await)
    }

    async fn starts_with(&self, subject: &str, app: &str, form: &[(&str, &str)]) -> String {
        started(&self.form(&format!("sessions/{subject}"), app, form).await)
    }

    /// Starts a stream that ends those with `codes`, each in a header of its own.
    async fn replaces(&self, subject: &str, app: &str, codes: &[&str]) -> Answer {
        let request = self.call(Method::POST, &format!("sessions/{subject}"), app);
        let headers = codes.iter().fold(request, |it, code| it.header("X-Terminate", *code));
        self.answer(headers).await
    }

    async fn beats(&self, subject: &str, id: &str, app: &str) -> u16 {
        self.post(&format!("sessions/{subject}/{id}"), app).await.status.as_u16()
    }

    async fn running(&self, subject: &str, app: &str) -> Vec<Value> {
        let answer = self.get(&format!("runningStreams/{subject}"), app).await;
        answer.json()["runningStreams"].as_array().expect("a list").clone()
    }

    fn wait(&self, secs: u64) {
        self.house.clock.advance(Duration::from_secs(secs));
    }
}

fn started(answer: &Answer) -> String {
    assert_eq!(answer.status, 202, "{}", answer.text);
    answer.header("location").expect("a location").to_owned()
}
