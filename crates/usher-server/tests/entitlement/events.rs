//! What the reports learn of all this (`wolap` §17.1, scenarios of §18.2).

use serde_json::Value;

use crate::app::{App, send};

/// Metrics of the day, summed over all rows, for the company's own reader.
async fn metric(app: &App, name: &str) -> i64 {
    let token = app.house.token("acme-ops").await;
    let url = "/esm/v3/media-company/year/month/day?start=2026-03-01&end=2026-04-01&limit=1000";
    let request = app.house.get(url).bearer_auth(token).header("Accept", "application/json");
    let body = send(request).await.ok();
    let rows = body["report"].as_array().expect("a report").clone();
    rows.iter().map(|row| as_number(&row[name])).sum()
}

fn as_number(value: &Value) -> i64 {
    value.as_i64().or_else(|| value.as_str()?.parse().ok()).unwrap_or(0)
}

async fn counts(app: &App) -> [i64; 7] {
    let names = [
        "authn-attempts",
        "authn-pending",
        "authn-successful",
        "authz-attempts",
        "authz-successful",
        "authz-failed",
        "media-tokens",
    ];
    let mut counts = [0; 7];
    for (count, name) in counts.iter_mut().zip(names) {
        *count = metric(app, name).await;
    }
    counts
}

#[tokio::test]
async fn a_new_viewer_then_a_remembered_permit_count_as_the_scenarios_say() {
    let app = App::open().await;
    let code = app.sign_in("ben").await;
    assert_eq!(counts(&app).await, [1, 1, 0, 0, 0, 0, 0]);
    // Fetched many times, granted once.
    for _ in 0..3 {
        app.poll(&code).await.ok();
        app.profile().await;
    }
    assert_eq!(counts(&app).await, [1, 1, 1, 0, 0, 0, 0]);
    app.authorized("acme-one").await;
    assert_eq!(counts(&app).await, [1, 1, 1, 1, 1, 0, 1]);
    app.authorized("acme-one").await;
    assert_eq!(counts(&app).await, [1, 1, 1, 1, 1, 0, 2]);
}

#[tokio::test]
async fn denials_count_and_troubles_of_the_network_and_preauthorizations_do_not() {
    let app = App::open().await;
    app.sign_in("fay").await;
    app.profile().await;
    app.authorized("acme-one").await;
    assert_eq!(counts(&app).await, [1, 1, 1, 1, 0, 1, 0]);
    app.preauthorize(&["acme-one", "acme-two"]).await.ok();
    assert_eq!(counts(&app).await, [1, 1, 1, 1, 0, 1, 0]);
    app.get("REF30/logout/Cablevision").await.ok();
    app.sign_in("eve").await;
    app.profile().await;
    app.authorized("acme-one").await;
    assert_eq!(counts(&app).await, [2, 2, 2, 2, 0, 1, 0]);
}

#[tokio::test]
async fn a_sign_in_that_is_left_is_an_attempt_only() {
    let app = App::open().await;
    let session = app.session().await;
    let url = session["url"].as_str().expect("a url");
    send(app.house.get(url)).await;
    assert_eq!(counts(&app).await, [1, 0, 0, 0, 0, 0, 0]);
}
