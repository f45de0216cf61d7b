//! Answers, and what must be true of every one of them.

use reqwest::{Response, StatusCode};
use serde_json::{Value, json};
use usher_core::Timestamp;

/// A complete answer.
pub struct Answer {
    pub status: StatusCode,
    pub headers: reqwest::header::HeaderMap,
    pub text: String,
}

impl Answer {
    pub async fn read(response: Response) -> Self {
        Self {
            status: response.status(),
            headers: response.headers().clone(),
            text: response.text().await.expect("a body"),
        }
    }

    pub fn json(&self) -> Value {
        let media_type = self.header("content-type");
        assert_eq!(media_type, Some("application/json;charset=utf-8"), "{}", self.text);
        serde_json::from_str(&self.text).expect("JSON")
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().expect("text"))
    }

    pub fn count(&self, name: &str) -> usize {
        self.headers.get_all(name).iter().count()
    }

    /// What holds for every answer of the API.
    pub fn is_well_formed(&self, now: Timestamp, place: &str) {
        assert_eq!(self.count("date"), 1, "{place}");
        assert_eq!(self.header("date"), Some(&*http_date(now)), "{place}");
        assert_eq!(self.header("cache-control"), Some("no-store"), "{place}");
        assert_eq!(self.count("vary"), 3, "{place}");
        assert_eq!(self.count("access-control-allow-origin"), 1, "{place}");
        for (name, value) in [
            ("x-xss-protection", "1; mode=block"),
            ("x-frame-options", "DENY"),
            ("x-content-type-options", "nosniff"),
        ] {
            assert_eq!(self.header(name), Some(value), "{place}");
        }
        if self.text.is_empty() {
            assert_eq!(self.header("content-type"), None, "{place}");
            assert_eq!(self.header("content-length"), Some("0"), "{place}");
        }
        if self.header("location").is_some() {
            assert_eq!(self.status, 202, "{place}");
        }
    }
}

/// The body that tells a client to fetch the metadata list again.
pub fn refresh() -> Value {
    json!({
        "associatedAdvice": [],
        "obligations": [
            { "namespace": "adobe.primetime.cm", "action": "refresh", "arguments": ["metadata"] }
        ]
    })
}

/// The termination code of a session id, computed here and not by the product (`concurrency` §7.2).
pub fn code(id: &str) -> String {
    let hash =
        id.bytes().fold(0_u32, |hash, byte| hash.wrapping_mul(31).wrapping_add(u32::from(byte)));
    format!("{hash:08x}")
}

/// The start that a session id tells.
pub fn start_ms(id: &str) -> i64 {
    let digits: String = id.chars().filter(|it| *it != '-').take(16).collect();
    i64::from_str_radix(&digits, 16).expect("hexadecimal digits")
}

/// IMF-fixdate, computed here and not by the product.
pub fn http_date(instant: Timestamp) -> String {
    let instant = jiff::Timestamp::from_second(instant.as_secs()).expect("an instant");
    instant.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

/// The member names of an object, sorted.
pub fn keys(object: &Value) -> Vec<&str> {
    let mut keys: Vec<_> =
        object.as_object().expect("an object").keys().map(String::as_str).collect();
    keys.sort_unstable();
    keys
}

pub(super) fn text(value: &Value) -> String {
    value.as_str().expect("text").to_owned()
}
