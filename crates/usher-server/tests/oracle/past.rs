//! Random events, as lines of event files.

use rand::RngExt as _;
use rand::seq::IndexedRandom as _;
use rand_pcg::Pcg64Mcg;
use serde_json::{Map, Value, json};

/// The night to 2024-06-01 in report time: two months, and the change of the day, lie close by.
pub(super) const MIDNIGHT: i64 = 1_717_228_800_000;
const MINUTE: i64 = 60_000;
const DAY: i64 = 1440 * MINUTE;

pub(super) const COMPANIES: [&str; 3] = ["acme", "globex", "initech"];
pub(super) const CHANNELS: [&str; 3] = ["REF30", "REF31", "GLOB"];
pub(super) const MVPDS: [&str; 3] = ["OpCo", "Cablevision", "Fibre"];

/// Dimensions and what is found there: strange texts, and values that are also what absent ones are called.
const VALUES: [(&str, &[&str]); 24] = [
    ("dc", &["east", "west"]),
    ("proxy", &["Direct", "Hub"]),
    ("platform", &["Roku", "iOS", "Android TV"]),
    ("nsdk", &["iOS", "non-sdk", "android"]),
    ("nsdk_version", &["1.0", "2.10"]),
    ("cdt", &["xbox", "roku"]),
    ("platform_version", &["7", "10"]),
    ("eap", &["Apple"]),
    ("device", &["PC", "mobile"]),
    ("os_family", &["Linux", "tvOS"]),
    ("browser_family", &["Firefox", "Chrome"]),
    ("browser_version", &["128", "9"]),
    ("application_name", &["Acme \"TV\", live", "Ünïcode & <TV>"]),
    ("application_version", &["1", "2"]),
    ("application_software_id", &["a-b", "c'd"]),
    ("customer_app", &["app", "Unknown"]),
    ("api", &["REST V1", "REST V2"]),
    ("arch", &["v2"]),
    ("reason", &["noAuthZ", "network", "invalid", "authzNone", "norefreshtoken", "mismatch"]),
    ("channel", &["News", "Sport", "日本"]),
    ("content_category", &["movie", "live"]),
    ("sso_type", &["platform", "passive"]),
    ("decision_type", &["authorize", "preauthorize"]),
    ("decision_outcome", &["permit", "deny", "error"]),
];

const ENTITLEMENT: [&str; 20] = [
    "authn-attempt",
    "authn-pending",
    "authn-granted",
    "authn-failed",
    "clientless-token-granted",
    "clientless-token-failed",
    "authz-attempt",
    "authz-granted",
    "authz-failed",
    "authz-rejected",
    "media-token",
    "media-token-failed",
    "preauthz-attempt",
    "preauthz-granted",
    "preauthz-denied",
    "preauthz-failed",
    "logout-attempt",
    "logout-completed",
    "logout-failed",
    "decision",
];

/// Values of a dimension of either API that occur in events.
pub(super) fn values(dim: &str) -> &'static [&'static str] {
    match dim {
        "media-company" | "tenant" => &COMPANIES,
        "requestor-id" => &CHANNELS,
        "mvpd" => &MVPDS,
        "event" => &ENTITLEMENT,
        "application-id" => &["app-1", "app-2"],
        "application" => &["Acme TV", "Acme Go"],
        "concurrency-level" | "activity-level" => &["1", "2", "3"],
        _ => {
            let column = dim.replace('-', "_");
            VALUES.iter().find(|(name, _)| *name == column).map_or(&[], |(_, values)| values)
        }
    }
}

/// Entitlement and stream events, in no order; every id is another one.
pub(super) fn events(dice: &mut Pcg64Mcg, entitlement: usize, streams: usize) -> Vec<String> {
    let mut events: Vec<_> = (0..entitlement).map(|_| entitlement_event(dice)).collect();
    for session in 0..streams {
        events.extend(stream(dice, session));
    }
    events
        .into_iter()
        .enumerate()
        .map(|(number, mut event)| {
            event.insert("event_id".to_owned(), json!(format!("e{number}")));
            Value::Object(event).to_string()
        })
        .collect()
}

fn any<T: Copy>(dice: &mut Pcg64Mcg, of: &[T]) -> T {
    *of.choose(dice).unwrap()
}

/// Some time within two weeks; often within the same few hours, and sometimes to the millisecond of midnight.
fn instant(dice: &mut Pcg64Mcg) -> i64 {
    match dice.random_range(0..10) {
        0 => MIDNIGHT + dice.random_range(-2..2),
        1..5 => MIDNIGHT + dice.random_range(-2 * 60 * MINUTE..3 * 60 * MINUTE),
        _ => MIDNIGHT + dice.random_range(-6 * DAY..6 * DAY),
    }
}

fn entitlement_event(dice: &mut Pcg64Mcg) -> Map<String, Value> {
    let mut event = Map::new();
    let mut set = |name: &str, value: Value| event.insert(name.to_owned(), value);
    set("event", json!(any(dice, &ENTITLEMENT)));
    set("ts", json!(instant(dice)));
    set("media_company", json!(any(dice, &COMPANIES)));
    set("requestor_id", json!(any(dice, &CHANNELS)));
    set("mvpd", json!(any(dice, &MVPDS)));
    for (name, values) in VALUES {
        match dice.random_range(0..10) {
            0 => {}
            1 => drop(set(name, json!(""))),
            _ => drop(set(name, json!(any(dice, values)))),
        }
    }
    if dice.random_bool(0.7) {
        set("user_id", json!(format!("u{}", dice.random_range(0..40))));
    }
    if dice.random_bool(0.7) {
        set("session_id", json!(format!("s{}", dice.random_range(0..60))));
    }
    if dice.random_bool(0.5) {
        set("latency_ms", json!(dice.random_range(0..2000)));
    }
    if dice.random_bool(0.5) {
        set("token_issued", json!(dice.random_bool(0.5)));
    }
    event
}

/// A stream from its start to its end, either of which may be lost; or a start that was refused.
fn stream(dice: &mut Pcg64Mcg, session: usize) -> Vec<Map<String, Value>> {
    let common = json!({
        "tenant": any(dice, &COMPANIES),
        "application_id": any(dice, values("application-id")),
        "mvpd": any(dice, &MVPDS),
        "account": format!("a{}", dice.random_range(0..25)),
        "application": any(dice, values("application")),
        "channel": any(dice, &["News", "Sport", ""]),
        "platform": any(dice, &["Roku", "iOS", "Unknown"]),
    });
    let Value::Object(common) = common else { unreachable!("it is written as an object") };
    let event = |name: &str, at: i64| {
        let mut event = common.clone();
        event.insert("event".to_owned(), json!(name));
        event.insert("ts".to_owned(), json!(at));
        event
    };
    let mut at = instant(dice);
    if dice.random_bool(0.2) {
        return vec![event("session-denied", at)];
    }
    let mut events = vec![event("session-started", at)];
    let mut active = at;
    for _ in 0..dice.random_range(0..5) {
        at += gap(dice);
        active = at;
        events.push(event("session-heartbeat", at));
    }
    at += gap(dice);
    let name =
        any(dice, &["session-stopped", "session-expired", "session-dismissed", "session-killed"]);
    let mut end = event(name, at);
    if name == "session-expired" && dice.random_bool(0.8) {
        end.insert("last_activity".to_owned(), json!(active));
    }
    events.push(end);
    if dice.random_bool(0.1) {
        events.remove(0);
    }
    if dice.random_bool(0.1) {
        events.pop();
    }
    for event in &mut events {
        event.insert("session_id".to_owned(), json!(format!("k{session}")));
    }
    events
}

/// Mostly minutes, to the second or to the millisecond; now and then hours or days of silence.
fn gap(dice: &mut Pcg64Mcg) -> i64 {
    match dice.random_range(0..20) {
        0 => dice.random_range(1..2 * DAY),
        1 => 15 * MINUTE,
        2..6 => dice.random_range(1..5 * 60 * MINUTE),
        _ => dice.random_range(1..1200) * 1000,
    }
}
