//! Signing out (`pass-rest-v2` §11).

use serde_json::{Value, json};
use usher_registry::LogoutMode;

use crate::app::{Answer, App, DONE, complete, location, members, refused, send, text};

fn entry(answer: &Answer) -> Value {
    let body = answer.ok();
    assert_eq!(members(&body["logouts"]), ["Cablevision"]);
    body["logouts"]["Cablevision"].clone()
}

async fn logout(app: &App, redirect_url: &str) -> Answer {
    send(
        app.call(reqwest::Method::GET, "REF30/logout/Cablevision")
            .query(&[("redirectUrl", redirect_url)]),
    )
    .await
}

#[tokio::test]
async fn rest_137_141_144_145_the_profile_is_gone_at_once_and_the_browser_ends_at_the_app() {
    let app = App::open().await;
    let code = app.sign_in("ben").await;
    app.authorized("acme-one").await;
    let out = entry(&logout(&app, DONE).await);
    assert_eq!(members(&out), ["actionName", "actionType", "mvpd", "url"]);
    assert_eq!(out["actionName"], "logout");
    assert_eq!(out["actionType"], "interactive");
    assert_eq!(out["mvpd"], "Cablevision");

    let nothing = json!({ "profiles": {} });
    assert_eq!(app.get("REF30/profiles").await.ok(), nothing);
    assert_eq!(app.poll(&code).await.ok(), nothing);
    let decision = app.authorized("acme-one").await;
    assert_eq!(decision["error"]["code"], "authenticated_profile_missing");
    assert_eq!(app.create(&complete()).await.ok()["actionName"], "authenticate");

    let url = text(&out, "url");
    assert!(url.starts_with(&app.house.base), "{url}");
    let provider = location(&send(app.house.http.get(&url)).await);
    assert!(provider.starts_with(&app.house.url("/demo/cablevision/logout")), "{provider}");
    assert_eq!(app.browse(&provider, "ben").await, DONE);
    // Single use.
    let again = send(app.house.http.get(&url)).await;
    assert_eq!(again.status, 400);
    assert!(again.header("content-type").starts_with("text/html"));
}

#[tokio::test]
async fn rest_138_a_provider_without_logout_is_done_at_once() {
    let app = App::open().await;
    app.push(|catalog| {
        let cablevision = catalog.mvpds.iter_mut().find(|it| it.id.as_str() == "Cablevision");
        cablevision.expect("Cablevision").logout = LogoutMode::None.into();
    });
    app.sign_in("ben").await;
    let out = entry(&logout(&app, DONE).await);
    let expected = json!({ "actionName": "complete", "actionType": "none", "mvpd": "Cablevision" });
    assert_eq!(out, expected);
    assert_eq!(app.get("REF30/profiles").await.ok(), json!({ "profiles": {} }));
}

#[tokio::test]
async fn rest_140_nobody_signed_in_is_no_error() {
    let app = App::open().await;
    let expected = json!({ "actionName": "invalid", "actionType": "none", "mvpd": "Cablevision" });
    assert_eq!(entry(&logout(&app, DONE).await), expected);
    let temporary = app.get("REF30/logout/FreeHour").await.ok();
    assert_eq!(temporary["logouts"]["FreeHour"]["actionName"], "complete");
}

#[tokio::test]
async fn rest_142_a_foreign_redirect_is_refused_and_nobody_is_signed_out() {
    let app = App::open().await;
    app.sign_in("ben").await;
    for foreign in ["https://evil.example/", "/done", "javascript:alert(1)"] {
        let answer = logout(&app, foreign).await;
        assert_eq!(answer.refusal(), refused(400, "invalid_parameter_redirect_url"), "{foreign}");
    }
    assert!(app.profile().await.is_object());
    for (mvpd, problem) in
        [("Nobody", "invalid_parameter_mvpd"), ("Unlinked", "invalid_integration")]
    {
        let answer = app.get(&format!("REF30/logout/{mvpd}")).await;
        assert_eq!(answer.refusal(), refused(400, problem));
    }
}

#[tokio::test]
async fn rest_143_without_a_redirect_the_channels_default_is_used() {
    let app = App::open().await;
    app.sign_in("ben").await;
    let url = text(&entry(&app.get("REF30/logout/Cablevision").await), "url");
    let mut next = location(&send(app.house.http.get(url)).await);
    for _ in 0..5 {
        if next == app.house.url("/demo/done") {
            return;
        }
        next = location(&send(app.house.http.get(&next)).await);
    }
    panic!("the browser ended at {next}");
}

#[tokio::test]
async fn an_interactive_logout_without_anywhere_to_land_is_refused() {
    let app = App::open().await;
    app.sign_in("ben").await;
    app.push(|catalog| {
        for channel in &mut catalog.service_providers {
            channel.default_redirect_url = None;
        }
    });
    let answer = app.get("REF30/logout/Cablevision").await;
    assert_eq!(answer.refusal(), refused(400, "invalid_parameter_redirect_url"));
    assert!(app.profile().await.is_object());
}
