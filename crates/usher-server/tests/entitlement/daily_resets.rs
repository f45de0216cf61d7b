//! Temporary passes that start anew every day (`access-variants` P18).

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use usher_core::Clock as _;
use usher_registry::{Catalog, Daily};

use crate::app::{App, send};

const MINUTE: Duration = Duration::from_mins(1);

fn every_midnight(catalog: &mut Catalog) {
    let pass = catalog.mvpds.iter_mut().find(|it| it.id.as_str() == "FreeHour").expect("the pass");
    let offer = pass.temp_pass.as_mut().expect("an offer");
    offer.reset_daily = Daily::parse("00:00 Europe/Berlin");
    assert!(offer.reset_daily.is_some());
}

async fn authorize(app: &App) -> Value {
    let body = json!({ "resources": ["acme-one"] });
    let request = app.call(Method::POST, "REF30/decisions/authorize/FreeHour").json(&body);
    send(request).await.ok()["decisions"][0].clone()
}

/// How it is refused, if it is.
async fn refusal(app: &App) -> Option<String> {
    authorize(app).await["error"]["code"].as_str().map(str::to_owned)
}

/// Turns the clock to `before` the next midnight in Berlin.
async fn wait_until(app: &mut App, before: Duration) {
    let midnight = Daily::parse("00:00 Europe/Berlin").expect("a time");
    let (now, last) = (app.house.clock.now(), midnight.last(app.house.clock.now()));
    let passed = now.since(last.expect("there was one"));
    app.house.clock.advance(Duration::from_hours(24).saturating_sub(passed + before));
    app.renew_token().await;
}

#[tokio::test]
async fn var_14_a_scheduled_reset_comes_at_its_time_and_once() {
    let mut app = App::open().await;
    app.push(every_midnight);
    wait_until(&mut app, 90 * MINUTE).await;
    assert_eq!(authorize(&app).await["authorized"], true);
    let used_up = Some("temporary_access_duration_limit_exceeded".to_owned());
    app.house.clock.advance(89 * MINUTE);
    assert_eq!(refusal(&app).await, used_up, "a minute to midnight");
    let profile = app.get("REF30/profiles/FreeHour").await;
    assert_eq!(profile.status, 403);

    app.house.clock.advance(MINUTE);
    let profile = app.get("REF30/profiles/FreeHour").await.ok();
    assert_eq!(profile["profiles"]["FreeHour"]["type"], "temporary");
    assert_eq!(authorize(&app).await["authorized"], true, "midnight");
    app.house.clock.advance(60 * MINUTE);
    assert_eq!(refusal(&app).await, used_up);
    app.house.restart().await;
    app.push(every_midnight);
    assert_eq!(refusal(&app).await, used_up, "the day has had its reset");
    // A server that sleeps through midnight wakes up in a new day.
    app.house.stop().await;
    app.house.clock.advance(Duration::from_hours(23));
    app.house.restart().await;
    app.renew_token().await;
    app.push(every_midnight);
    assert_eq!(authorize(&app).await["authorized"], true);
}
