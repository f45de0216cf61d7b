//! What the reports learn of all this: the events of `wolap` §17.1, by the flow scenarios of its §18.2.
//! S11 is about an API that does not exist here, S12 stands beside single sign-on.

use std::sync::Mutex;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use crate::app::{App, DONE, location, send, text};
use crate::peer::Peer;

/// Metrics of the company's own reports, as the scenarios call them. Latency is real time: see [`latency`].
const METRICS: [(&str, &str); 10] = [
    ("aA", "authn-attempts"),
    ("aP", "authn-pending"),
    ("aS", "authn-successful"),
    ("cF", "clientless-failures"),
    ("cT", "clientless-tokens"),
    ("zA", "authz-attempts"),
    ("zF", "authz-failed"),
    ("zR", "authz-rejected"),
    ("zS", "authz-successful"),
    ("MT", "media-tokens"),
];

const DECISIONS: &str = "{base}/demo/cablevision/decisions";
const PERMIT: &str = r#"{"decision":"Permit"}"#;
const DENY: &str = r#"{"decision":"Deny"}"#;

/// The rows of a report for the company's own reader.
async fn rows(app: &App, path: &str) -> Vec<Value> {
    let token = app.house.token("acme-ops").await;
    let request = app.house.get(path).bearer_auth(token).header("Accept", "application/json");
    match send(request).await {
        empty if empty.status == 204 => Vec::new(),
        report => report.ok()["report"].as_array().expect("a report").clone(),
    }
}

fn sum(rows: &[Value], metric: &str) -> i64 {
    let number = |value: &Value| value.as_str().and_then(|text| text.parse::<i64>().ok());
    rows.iter().filter_map(|row| number(&row[metric])).sum()
}

async fn month(app: &App, filter: &str) -> Vec<Value> {
    let days = "/esm/v3/media-company/year/month/day?start=2026-03-01&end=2026-05-01&limit=1000";
    rows(app, &format!("{days}{filter}")).await
}

/// Everything that was counted, in the scenarios' short form.
pub(crate) async fn told(app: &App, filter: &str) -> String {
    let rows = month(app, filter).await;
    let counts = METRICS.map(|(short, name)| (short, sum(&rows, name)));
    let counted = counts.iter().filter(|(_, count)| *count > 0);
    counted.map(|(short, count)| format!("{short}{count}")).collect::<Vec<_>>().join(" ")
}

/// Milliseconds that were spent on the provider.
async fn latency(app: &App) -> i64 {
    sum(&month(app, "").await, "authz-latency")
}

/// How often an event is reported, with its reason.
async fn events(app: &App) -> Vec<(String, String, i64)> {
    let path = "/esm/v3/year/month/day/event/media-company/requestor-id/proxy/mvpd/reason\
                ?start=2026-03-01&end=2026-05-01&limit=1000";
    let told = rows(app, path).await;
    let told = told.iter().map(|row| {
        let count = sum(std::slice::from_ref(row), "count");
        (text(row, "event"), text(row, "reason"), count)
    });
    told.collect()
}

/// A provider that takes some milliseconds for each answer, which then holds for an hour.
async fn slow_provider(app: &App, answer: &'static str) -> Peer {
    let (never, nobody): (_, Receiver<()>) = channel();
    let nobody = Mutex::new((never, nobody));
    let peer = Peer::choosing(move |_| {
        let (_never, nobody) = &*nobody.lock().expect("unpoisoned");
        let _waited = nobody.recv_timeout(Duration::from_millis(20));
        (200, answer)
    });
    let peer = peer.await;
    let hour = ("authz_ttl = \"24h\"", "authz_ttl = \"1h\"");
    app.house.push_texts(&[(DECISIONS, &peer.url), hour]);
    peer
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wolap_96_s1_s2_s3_s15_a_new_viewer_then_a_remembered_permit_then_a_new_one() {
    let app = App::open().await;
    let _provider = slow_provider(&app, PERMIT).await;
    app.sign_in("ben").await;
    app.profile().await;
    app.authorized("acme-one").await;
    assert_eq!(told(&app, "").await, "aA1 aP1 aS1 zA1 zS1 MT1");
    let first = latency(&app).await;
    assert!(first >= 20, "{first}");
    // Whether it is played then, nobody asks.
    app.authorized("acme-one").await;
    assert_eq!(told(&app, "").await, "aA1 aP1 aS1 zA1 zS1 MT2");
    assert_eq!(latency(&app).await, first);
    app.house.clock.advance(Duration::from_hours(2));
    assert_eq!(app.authorized("acme-one").await["authorized"], true);
    assert_eq!(told(&app, "").await, "aA1 aP1 aS1 zA2 zS2 MT3");
    assert!(latency(&app).await >= first + 20);
}

#[tokio::test]
async fn wolap_96_s4_wrong_passwords_stay_between_viewer_and_provider() {
    let app = App::open().await;
    let session = app.session().await;
    let mut page = send(app.house.get(&text(&session, "url"))).await;
    while page.status != 200 {
        page = send(app.house.http.get(app.absolute(&location(&page)))).await;
    }
    for _ in 0..3 {
        page = app.fill_in_with(&page, "ben", "a wrong word").await;
        assert_eq!(page.status, 200, "asked again");
    }
    let done = app.fill_in(&page, "ben").await;
    assert_eq!(app.browse(&location(&done), "ben").await, DONE);
    app.profile().await;
    assert_eq!(told(&app, "").await, "aA1 aP1 aS1");
}

#[tokio::test]
async fn wolap_96_s5_s6_s7_left_at_the_login_then_back_and_then_fetched() {
    let app = App::open().await;
    let session = app.session().await;
    send(app.house.get(&text(&session, "url"))).await;
    assert_eq!(told(&app, "").await, "aA1");
    let code = app.sign_in("ben").await;
    assert_eq!(told(&app, "").await, "aA2 aP1");
    // Fetched many times, granted once.
    for _ in 0..3 {
        app.poll(&code).await.ok();
        app.profile().await;
    }
    assert_eq!(told(&app, "").await, "aA2 aP1 aS1");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wolap_96_s8_s9_a_denial_and_what_is_refused_as_abuse_after_it() {
    let app = App::open().await;
    let provider = Peer::answering(200, DENY).await;
    app.house.push_texts(&[(DECISIONS, &provider.url)]);
    app.sign_in("ben").await;
    app.profile().await;
    app.authorized("acme-one").await;
    assert_eq!(told(&app, "").await, "aA1 aP1 aS1 zA1 zF1");
    // By default a viewer may hear a no three times in ten seconds.
    for _ in 0..6 {
        let again = app.authorized("acme-one").await;
        assert_eq!(again["error"]["code"], "authorization_denied_by_mvpd");
    }
    assert_eq!(provider.asked(), 3);
    assert_eq!(told(&app, "").await, "aA1 aP1 aS1 zA7 zF3 zR4");
    let told = events(&app).await;
    assert!(told.contains(&("authz-rejected".into(), "fraud".into(), 4)), "{told:?}");
    assert!(told.contains(&("authz-failed".into(), "noAuthZ".into(), 3)), "{told:?}");
}

#[tokio::test]
async fn wolap_96_s10_a_provider_that_does_not_answer_is_no_denial() {
    let app = App::open().await;
    app.sign_in("eve").await;
    app.profile().await;
    let provider = Peer::answering(500, "").await;
    app.house.push_texts(&[(DECISIONS, &provider.url)]);
    app.authorized("acme-one").await;
    assert_eq!(told(&app, "").await, "aA1 aP1 aS1 zA1");
    let told = events(&app).await;
    assert!(told.contains(&("authz-failed".into(), "network".into(), 1)), "{told:?}");
}

#[tokio::test]
async fn wolap_96_s13_asking_beforehand_is_no_authorization() {
    let app = App::open().await;
    app.sign_in("ben").await;
    app.profile().await;
    app.preauthorize(&["acme-one", "acme-two", "acme-sports", "acme-movies", "acme-kids"])
        .await
        .ok();
    assert_eq!(told(&app, "").await, "aA1 aP1 aS1");
    let told = events(&app).await;
    let of = |name: &str| -> i64 {
        told.iter().filter(|(event, ..)| event.starts_with(name)).map(|(.., count)| count).sum()
    };
    assert_eq!((of("preauthz-attempt"), of("preauthz-"), of("authz-")), (5, 10, 0), "{told:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wolap_96_s14_latency_adds_up() {
    let app = App::open().await;
    let provider = slow_provider(&app, PERMIT).await;
    app.sign_in("ann").await;
    app.profile().await;
    for resource in ["acme-one", "acme-two", "acme-sports"] {
        app.authorized(resource).await;
    }
    assert_eq!((told(&app, "").await.as_str(), provider.asked()), ("aA1 aP1 aS1 zA3 zS3 MT3", 3));
    assert!(latency(&app).await >= 60);
}

#[tokio::test]
async fn wolap_96_passes_and_rules_count_like_providers_that_take_no_time() {
    let app = App::open().await;
    let body = json!({ "resources": ["acme-one"] });
    let request = app.call(Method::POST, "REF30/decisions/authorize/FreeHour").json(&body);
    send(request).await.ok();
    assert_eq!(told(&app, "").await, "zA1 zS1 MT1");
    assert_eq!(latency(&app).await, 0);
}
