//! The contract's events in the demo world, and its callers.
//!
//! The contract's companies take the names of the demo's: Contoso (and the company of the flows) `acme`
//! and `globex`, channel `CTV2` is `NEWS24`, `MVPD_A` is `OpCo`.

use std::collections::HashMap;

use reqwest::header::{CONTENT_TYPE, HeaderMap};
use serde_json::Value;
use tokio::sync::OnceCell;
use usher_testkit::scenarios::{CMU_EVENTS, ESM_EVENTS, FLOW_EVENTS};

use crate::support::House;

/// Reports of a company by day.
pub(crate) const DAYS: &str = "/esm/v3/media-company/year/month/day";

/// March and April 2024, where the contract's entitlement events are.
pub(crate) const MARCH: &str = "start=2024-03-01&end=2024-04-01";

/// Whose application each caller is.
const CALLERS: [(&str, &str); 7] = [
    ("acme", "acme-ops"),
    ("globex", "globex-ops"),
    ("NEWS24", "acme-news-ops"),
    ("OpCo", "opco-ops"),
    ("tenant acme", "acme-streams"),
    ("cmu OpCo", "opco-streams"),
    ("app", "acme-tv"),
];

/// A running server with the contract's events.
pub(crate) struct World {
    pub(crate) house: House,
    tokens: HashMap<&'static str, OnceCell<String>>,
}

/// An answer, read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

/// The demo world's names in a text of the contract.
pub(crate) fn renamed(text: &str) -> String {
    [
        ("Contoso", "acme"),
        ("Fabrikam", "globex"),
        ("Flows", "globex"),
        ("CTV2", "NEWS24"),
        ("MVPD_A", "OpCo"),
    ]
    .into_iter()
    .fold(text.to_owned(), |text, (old, new)| text.replace(old, new))
}

impl World {
    /// With every event of the contract.
    pub(crate) async fn open() -> Self {
        Self::with(&[ESM_EVENTS, FLOW_EVENTS, CMU_EVENTS]).await
    }

    /// With these event files.
    pub(crate) async fn with(events: &[&str]) -> Self {
        let events: Vec<_> = events.iter().map(|file| renamed(file)).collect();
        let events: Vec<_> = events.iter().map(String::as_str).collect();
        Self::of(House::with_events(&events).await)
    }

    /// In this house.
    pub(crate) fn of(house: House) -> Self {
        let tokens = CALLERS.iter().map(|(caller, _)| (*caller, OnceCell::new())).collect();
        Self { house, tokens }
    }

    /// The token of a caller; each gets one, when it first asks.
    pub(crate) async fn token(&self, caller: &str) -> &str {
        let (_, application) = CALLERS.iter().find(|(name, _)| *name == caller).expect("a caller");
        self.tokens[caller].get_or_init(|| self.house.token(application)).await
    }

    /// Sends a request with headers of one's own and no token.
    pub(crate) async fn send(&self, method: &str, url: &str, headers: &[(&str, &str)]) -> Answer {
        let method = method.parse().expect("a method");
        let mut request = self.house.http.request(method, self.house.url(url));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = self.house.send(request).await;
        Answer {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            body: response.bytes().await.expect("a body").to_vec(),
        }
    }

    /// Asks as `caller`, with further headers.
    pub(crate) async fn ask_with(
        &self,
        caller: &str,
        url: &str,
        headers: &[(&str, &str)],
    ) -> Answer {
        let token = format!("Bearer {}", self.token(caller).await);
        let mut all = vec![("authorization", token.as_str())];
        all.extend_from_slice(headers);
        self.send("GET", url, &all).await
    }

    /// Asks as `caller`.
    pub(crate) async fn ask(&self, caller: &str, url: &str) -> Answer {
        self.ask_with(caller, url, &[]).await
    }

    /// A JSON report, which must exist.
    pub(crate) async fn report(&self, caller: &str, url: &str) -> Value {
        let answer = self.ask(caller, url).await;
        assert_eq!(answer.status, 200, "{url}: {}", answer.text());
        answer.json()
    }

    /// Rows of a report as its CSV shows them, without the header.
    pub(crate) async fn rows(&self, caller: &str, url: &str) -> Vec<String> {
        let answer = self.ask_with(caller, url, &[("accept", "text/csv")]).await;
        assert_eq!(answer.status, 200, "{url}: {}", answer.text());
        answer.text().lines().skip(1).map(str::to_owned).collect()
    }

    /// The `self` link of a report.
    pub(crate) async fn href(&self, caller: &str, url: &str) -> String {
        let report = self.report(caller, url).await;
        report["_links"]["self"]["href"].as_str().expect("a link").to_owned()
    }

    /// Asserts that a request fails so, in plain text; returns the text.
    pub(crate) async fn refused(&self, caller: &str, url: &str, status: u16) -> String {
        let answer = self.ask(caller, url).await;
        assert_eq!(answer.status, status, "{caller} {url}: {}", answer.text());
        assert_eq!(answer.header("content-type"), "text/plain;charset=utf-8", "{url}");
        answer.text()
    }
}

impl Answer {
    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.body.clone()).expect("UTF-8")
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("JSON")
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("text"))
    }

    pub(crate) fn media_type(&self) -> &str {
        self.headers.get(CONTENT_TYPE).map_or("", |value| value.to_str().expect("text"))
    }
}

/// The members of an object, in order.
pub(crate) fn keys(record: &Value) -> Vec<String> {
    record.as_object().expect("an object").keys().cloned().collect()
}
