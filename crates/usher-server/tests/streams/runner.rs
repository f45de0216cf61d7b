//! Plays scenario tables over real HTTP.
//!
//! A scenario is a TOML file: steps at seconds from its start, each one call or several equal ones,
//! with what must be answered. On top of what a step states, every answer is held against what the
//! contract says about every answer ([`Answer::is_well_formed`]).

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use reqwest::{RequestBuilder, Response, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};
use usher_core::{Clock, Timestamp};
use usher_registry::{Catalog, Snapshot};

use crate::support::House;

/// A scenario table.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Scenario {
    title: String,
    /// The application of steps that name none.
    app: Option<String>,
    steps: Vec<Step>,
}

/// One row.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Step {
    /// Seconds since the scenario began.
    t: u64,
    #[serde(rename = "do")]
    action: Action,
    app: Option<String>,
    /// `idp/subject`.
    key: Option<String>,
    query: Option<String>,
    params: Option<String>,
    content_type: Option<String>,
    /// Names of sessions whose codes to send; `#code` sends a code as it is.
    #[serde(default)]
    terminate: Vec<String>,
    /// Name for the session this step starts.
    #[serde(rename = "as")]
    name: Option<String>,
    /// Sessions the call is repeated for.
    #[serde(default)]
    on: Vec<String>,
    #[serde(default = "once")]
    times: usize,
    status: u16,
    /// Sessions in the way, in ranking order, of a rule that counts streams.
    conflicts: Option<Vec<String>>,
    /// Values in the way, in ranking order, with their numbers of sessions.
    conflict_values: Option<Vec<(String, usize)>>,
    /// Members of the one advice.
    #[serde(default)]
    advice: BTreeMap<String, Value>,
    #[serde(default)]
    refresh: bool,
    killed_by: Option<String>,
    listed: Option<Vec<String>>,
    /// Metadata by session, in a list or in conflicts; `$name` stands for a session's code.
    #[serde(default)]
    metadata: BTreeMap<String, BTreeMap<String, String>>,
    others: Option<u64>,
    /// `Expires`, in seconds since the scenario began.
    expires: Option<u64>,
    required: Option<Vec<String>>,
}

const fn once() -> usize {
    1
}

#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Action {
    Metadata,
    Start,
    Beat,
    Stop,
    List,
}

/// A demo world in which the fixtures of the contract are installed.
pub struct Stage {
    pub house: House,
}

impl Stage {
    /// Without throttling.
    pub async fn open() -> Self {
        Self::over(House::open().await)
    }

    /// With throttling.
    pub async fn throttled() -> Self {
        Self::over(House::with(&[]).await)
    }

    fn over(house: House) -> Self {
        let stage = Self { house };
        stage.configure(include_str!("fixtures.toml"));
        stage
    }

    /// Replaces the configuration.
    pub fn configure(&self, catalog: &str) {
        let catalog = Catalog::from_toml(catalog).expect("a catalog");
        let snapshot = Snapshot::check(catalog, self.house.clock.now()).expect("a valid catalog");
        self.house.registry.replace(snapshot);
    }

    /// Plays the scenario `name` from now on.
    pub async fn plays(&self, name: &str) {
        let file = format!("{}/tests/streams/scenarios/{name}.toml", env!("CARGO_MANIFEST_DIR"));
        let text = std::fs::read_to_string(&file).expect("the scenario is there");
        let scenario: Scenario = toml::from_str(&text).expect("the scenario can be read");
        let mut play = Play {
            house: &self.house,
            began: self.house.clock.now(),
            sessions: HashMap::new(),
            subject: format!("northcable/{name}"),
        };
        for (number, step) in scenario.steps.iter().enumerate() {
            play.at(step.t);
            let place = format!("{} row {}", scenario.title, number + 1);
            let app = step.app.as_ref().or(scenario.app.as_ref()).expect("an application");
            play.step(step, app, &place).await;
        }
    }
}

/// A scenario being played.
struct Play<'h> {
    house: &'h House,
    began: Timestamp,
    /// Session ids by name.
    sessions: HashMap<String, String>,
    /// The subject of steps that name none.
    subject: String,
}

impl Play<'_> {
    fn at(&self, t: u64) {
        let now = self.house.clock.now();
        self.house.clock.advance((self.began + Duration::from_secs(t)).since(now));
    }

    async fn step(&mut self, step: &Step, app: &str, place: &str) {
        let targets: Vec<_> = match step.action {
            Action::Beat | Action::Stop => step.on.iter().map(|name| self.id(name)).collect(),
            Action::Metadata | Action::Start | Action::List => vec![String::new(); step.times],
        };
        for session in targets.iter().cycle().take(targets.len().max(step.times)) {
            let request = self.request(step, app, session);
            let now = self.house.clock.now();
            let answer = Answer::read(self.house.send(request).await).await;
            answer.is_well_formed(now, place);
            assert_eq!(answer.status, step.status, "{place}: {}", answer.text);
            self.check(step, &answer, place);
        }
    }

    fn request(&self, step: &Step, app: &str, session: &str) -> RequestBuilder {
        let key = step.key.as_deref().unwrap_or(&self.subject);
        let query = step.query.as_ref().map(|query| format!("?{query}")).unwrap_or_default();
        let house = self.house;
        let mut request = match step.action {
            Action::Metadata => house.get("/v2/metadata"),
            Action::Start => house.post(&format!("/v2/sessions/{key}{query}")),
            Action::Beat => house.post(&format!("/v2/sessions/{key}/{session}{query}")),
            Action::Stop => house.http.delete(house.url(&format!("/v2/sessions/{key}/{session}"))),
            Action::List => house.get(&format!("/v2/runningStreams/{key}")),
        }
        .basic_auth(app, Some(""));
        if let Some(params) = &step.params {
            let form = "application/x-www-form-urlencoded";
            request = request.header("content-type", form).body(params.clone());
        }
        if let Some(content_type) = &step.content_type {
            request = request.header("content-type", content_type);
        }
        if !step.terminate.is_empty() {
            let codes: Vec<_> = step.terminate.iter().map(|name| self.code(name)).collect();
            request = request.header("x-terminate", codes.join(", "));
        }
        request
    }

    fn check(&mut self, step: &Step, answer: &Answer, place: &str) {
        match (step.action, answer.status.as_u16()) {
            (Action::Start, 202) => {
                let id = answer.header("location").expect("a location").to_owned();
                assert_eq!(answer.header("expires"), Some(&*self.date(step.t + 60)), "{place}");
                self.sessions.extend(step.name.clone().map(|name| (name, id)));
            }
            (Action::Beat, 202) => {
                assert_eq!(answer.header("expires"), Some(&*self.date(step.t + 60)), "{place}");
            }
            (Action::List, 200) => self.check_list(step, answer, place),
            (Action::Metadata, 200) => Self::check_required(step, answer, place),
            (_, 409) => self.check_denial(step, answer, place),
            (_, 410) => self.check_end(step, answer, place),
            (_, 429) => {
                let expires = step.expires.map(|t| self.date(t)).expect("429 says until when");
                assert_eq!(answer.header("expires"), Some(&*expires), "{place}");
            }
            _ => assert_eq!(answer.header("expires"), None, "{place}"),
        }
        if step.refresh {
            assert_eq!(answer.json(), refresh(), "{place}");
        }
    }

    fn check_required(step: &Step, answer: &Answer, place: &str) {
        let required = step.required.as_ref().expect("what is required");
        assert_eq!(answer.json(), json!(required), "{place}");
        assert!(answer.header("last-modified").is_some(), "{place}");
        assert_eq!(answer.header("expires"), None, "{place}");
    }

    fn check_list(&self, step: &Step, answer: &Answer, place: &str) {
        let body = answer.json();
        let listed = step.listed.as_ref().expect("what is listed");
        // Ids begin with the start: this is the order of starts, ties by id.
        let names: BTreeMap<_, _> = listed.iter().map(|name| (self.id(name), name)).collect();
        let entries = body["runningStreams"].as_array().expect("a list");
        let shown: Vec<_> = entries.iter().map(|entry| text(&entry["sessionId"])).collect();
        assert!(shown.iter().eq(names.keys()), "{place}: {shown:?}");
        assert_eq!(body.get("otherStreams").and_then(Value::as_u64), step.others, "{place}");
        let expires = step.expires.map(|t| self.date(t));
        if expires.is_some() || listed.is_empty() {
            assert_eq!(answer.header("expires"), expires.as_deref(), "{place}");
        }
        for (name, entry) in names.values().zip(entries) {
            assert_eq!(text(&entry["terminationCode"]), self.code(name), "{place}");
            assert_eq!(entry["startTime"], json!(self.start_ms(name)), "{place}");
            assert!(entry["applicationId"].is_string(), "{place}");
            assert!(entry["applicationName"].is_string(), "{place}");
            assert_eq!(entry.as_object().map(serde_json::Map::len), Some(6), "{place}");
            self.check_metadata(step, name, &entry["metadata"], place);
        }
    }

    fn check_metadata(&self, step: &Step, name: &str, shown: &Value, place: &str) {
        let Some(expected) = step.metadata.get(name) else { return };
        let expected: BTreeMap<_, _> = expected
            .iter()
            .map(|(key, value)| {
                let value: Vec<_> = value
                    .split(',')
                    .map(|it| it.strip_prefix('$').map_or(it.to_owned(), |name| self.code(name)))
                    .collect();
                (key, value.join(","))
            })
            .collect();
        assert_eq!(*shown, json!(expected), "{place}: metadata of {name}");
    }

    fn check_denial(&self, step: &Step, answer: &Answer, place: &str) {
        let body = answer.json();
        assert_eq!(keys(&body), ["associatedAdvice", "obligations"], "{place}");
        assert_eq!(body["obligations"], json!([]), "{place}");
        let [advice] = body["associatedAdvice"].as_array().expect("advice").as_slice() else {
            panic!("{place}: one advice, not {body}");
        };
        assert_eq!(advice["type"], "rule-violation", "{place}");
        for member in ["message", "policyName", "ruleName", "attribute"] {
            assert!(advice[member].is_string(), "{place}: {member}");
        }
        assert!(advice["threshold"].is_u64(), "{place}");
        let is_scoped = advice.get("scope").is_some();
        assert_eq!(
            is_scoped,
            step.advice.contains_key("scope") || advice["ruleName"] == "two per channel",
            "{place}"
        );
        for (member, value) in &step.advice {
            assert_eq!(&advice[member], value, "{place}: {member}");
        }
        let conflicts = advice["conflicts"].as_object().expect("conflicts");
        let sizes: Vec<_> = conflicts
            .iter()
            .map(|(value, streams)| (value.clone(), streams.as_array().map_or(0, Vec::len)))
            .collect();
        if let Some(names) = &step.conflicts {
            let expected: Vec<_> = names.iter().map(|name| (self.id(name), 1)).collect();
            assert_eq!(sizes, expected, "{place}");
            for name in names {
                self.check_conflict(step, name, &conflicts[&self.id(name)][0], place);
            }
        }
        if let Some(expected) = &step.conflict_values {
            assert_eq!(&sizes, expected, "{place}");
        }
        assert!(step.conflicts.is_some() || step.conflict_values.is_some(), "{place}");
    }

    fn check_conflict(&self, step: &Step, name: &str, stream: &Value, place: &str) {
        let members = [
            "applicationName",
            "channel",
            "deviceName",
            "metadata",
            "startedAt",
            "terminationCode",
        ];
        assert_eq!(keys(stream), members, "{place}");
        assert_eq!(text(&stream["terminationCode"]), self.code(name), "{place}");
        assert_eq!(text(&stream["startedAt"]), self.started_at(name), "{place}");
        for (member, attribute) in [("channel", "channel"), ("deviceName", "deviceName")] {
            let known = stream["metadata"][attribute].as_str().unwrap_or("Unknown");
            assert_eq!(stream[member], known, "{place}");
        }
        self.check_metadata(step, name, &stream["metadata"], place);
    }

    fn check_end(&self, step: &Step, answer: &Answer, place: &str) {
        let Some(killer) = &step.killed_by else {
            assert_eq!(answer.text, "", "{place}");
            return;
        };
        let body = answer.json();
        assert_eq!(keys(&body), ["associatedAdvice", "obligations"], "{place}");
        assert_eq!(body["obligations"], json!([]), "{place}");
        let [advice] = body["associatedAdvice"].as_array().expect("advice").as_slice() else {
            panic!("{place}: one advice, not {body}");
        };
        assert_eq!(advice["type"], "remote-termination", "{place}");
        assert!(advice["message"].is_string(), "{place}");
        let terminator = &advice["terminator"];
        let members = ["applicationName", "channel", "deviceName", "startedAt"];
        assert_eq!(keys(terminator), members, "{place}");
        assert_eq!(text(&terminator["startedAt"]), self.started_at(killer), "{place}");
    }

    fn id(&self, name: &str) -> String {
        self.sessions.get(name).unwrap_or_else(|| panic!("no session `{name}`")).clone()
    }

    fn code(&self, name: &str) -> String {
        name.strip_prefix('#').map_or_else(|| code(&self.id(name)), str::to_owned)
    }

    fn start_ms(&self, name: &str) -> i64 {
        start_ms(&self.id(name))
    }

    fn started_at(&self, name: &str) -> String {
        let instant = jiff::Timestamp::from_millisecond(self.start_ms(name)).expect("an instant");
        instant.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
    }

    fn date(&self, t: u64) -> String {
        http_date(self.began + Duration::from_secs(t))
    }
}

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

fn text(value: &Value) -> String {
    value.as_str().expect("text").to_owned()
}
