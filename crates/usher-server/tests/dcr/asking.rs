//! How these tests ask, and what they look at.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use reqwest::header::HeaderMap;
use reqwest::{RequestBuilder, StatusCode};
use serde_json::{Value, json};

use crate::support::House;

/// The device that every call of these tests comes from.
pub(crate) const DEVICE: &str = "fingerprint ZGNyLXRlc3QtZGV2aWNl";

/// An answer, read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or(Value::Null)
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// Status and `error` or `code`: all there is to know about a refusal.
    pub(crate) fn refusal(&self) -> (u16, String) {
        let body = self.json();
        let code = body.get("error").or(body.get("code")).and_then(Value::as_str);
        (self.status.as_u16(), code.unwrap_or_default().to_owned())
    }
}

/// What a refusal with this status and code looks like.
pub(crate) fn refused(status: u16, code: &str) -> (u16, String) {
    (status, code.to_owned())
}

pub(crate) async fn send(request: RequestBuilder) -> Answer {
    let response = request.send().await.unwrap();
    let (status, headers) = (response.status(), response.headers().clone());
    Answer { status, headers, text: response.text().await.unwrap() }
}

/// A house, as far as registration and tokens go.
pub(crate) trait Asking {
    fn statement(&self, application: &str) -> String;
    async fn register(&self, body: Value) -> Answer;
    async fn token_with(&self, form: &[(&str, &str)]) -> Answer;
    async fn call(&self, token: &str, path: &str) -> Answer;
    fn change_application(&self, name: &str, line: &str);
}

impl Asking for House {
    /// The software statement of `application`.
    fn statement(&self, application: &str) -> String {
        self.demo["software_statements"][application].as_str().unwrap().to_owned()
    }

    async fn register(&self, body: Value) -> Answer {
        send(self.post("/o/client/register").json(&body)).await
    }

    async fn token_with(&self, form: &[(&str, &str)]) -> Answer {
        send(self.post("/o/client/token").form(form)).await
    }

    /// A call of REST API V2 with this token.
    async fn call(&self, token: &str, path: &str) -> Answer {
        let request = self.get(path).bearer_auth(token).header("AP-Device-Identifier", DEVICE);
        send(request).await
    }

    /// Pushes a catalog in which the application `name` has one more line.
    fn change_application(&self, name: &str, line: &str) {
        let named = format!("name = \"{name}\"\nassigned");
        self.push_texts(&[(&named, &format!("{line}\n{named}"))]);
    }
}

/// The credentials in a registration answer.
pub(crate) fn credentials(answer: &Answer) -> (String, String) {
    assert_eq!(answer.status, 201, "{}", answer.text);
    let body = answer.json();
    let text = |member: &str| body[member].as_str().unwrap().to_owned();
    (text("client_id"), text("client_secret"))
}

/// The form that asks for a token.
pub(crate) fn form(client: &(String, String)) -> [(&'static str, &str); 3] {
    [
        ("grant_type", "client_credentials"),
        ("client_id", client.0.as_str()),
        ("client_secret", client.1.as_str()),
    ]
}

/// The registration of `statement` without anything else.
pub(crate) fn only(statement: &str) -> Value {
    json!({ "software_statement": statement })
}

/// One part of a compact JWS, decoded.
pub(crate) fn part(token: &str, number: usize) -> Value {
    let part = token.split('.').nth(number).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

/// `token` with its payload changed and everything else left alone.
pub(crate) fn with_payload(token: &str, change: impl Fn(&mut Value)) -> String {
    let mut payload = part(token, 1);
    change(&mut payload);
    let mut parts: Vec<&str> = token.split('.').collect();
    let changed = URL_SAFE_NO_PAD.encode(payload.to_string());
    parts[1] = &changed;
    parts.join(".")
}
