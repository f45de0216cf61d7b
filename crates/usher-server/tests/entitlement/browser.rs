//! Signing in with a browser (`pass-rest-v2` §8).

use reqwest::Method;
use serde_json::json;

use crate::app::{App, DONE, complete, location, send, text};

#[tokio::test]
async fn rest_49_50_the_browser_is_sent_to_the_providers_sign_in_page_without_a_token() {
    let app = App::open().await;
    let session = app.session().await;
    let first = send(app.house.get(&text(&session, "url"))).await;
    assert_eq!(first.status, 302);
    let page = send(app.house.http.get(location(&first))).await;
    assert_eq!(page.status, 200);
    assert!(page.text.contains(r#"name="password""#), "{}", page.text);
}

#[tokio::test]
async fn rest_51_a_code_that_cannot_sign_in_gets_a_page() {
    let app = App::open().await;
    let incomplete = text(&app.create(&[("mvpd", "Cablevision")]).await.ok(), "code");
    let other = app.session_code().await;
    for path in [
        "REF30/ABCDEFG".to_owned(),
        "REF30/%3Cscript%3E".to_owned(),
        format!("REF30/{incomplete}"),
        format!("NEWS24/{other}"),
    ] {
        let page = send(app.house.get(&format!("/api/v2/authenticate/{path}"))).await;
        assert_eq!(page.status, 400, "{path}");
        assert!(page.header("content-type").starts_with("text/html"), "{path}");
        assert!(!page.text.contains("<script>"), "{path}");
    }
    let wrong = send(app.house.post(&format!("/api/v2/authenticate/REF30/{other}"))).await;
    assert_eq!(wrong.status, 405);
    assert!(wrong.header("content-type").starts_with("text/html"));
    assert!(wrong.header("allow").contains("GET"));
}

#[tokio::test]
async fn rest_52_53_the_browser_lands_where_the_session_says_and_nowhere_else() {
    let app = App::open().await;
    let session = app.session().await;
    let url = text(&session, "url")
        + "?redirect_url=https://evil.example&redirectUrl=https://evil.example";
    assert_eq!(app.browse(&url, "ben").await, DONE);
    // Signed in already: straight back, to the same place.
    let again = send(app.house.get(&text(&session, "url"))).await;
    assert_eq!(location(&again), DONE);
}

#[tokio::test]
async fn rest_54_a_cancelled_sign_in_makes_no_profile_and_can_be_repeated() {
    let app = App::open().await;
    let session = app.session().await;
    let (url, code) = (text(&session, "url"), text(&session, "code"));
    let page = send(app.house.http.get(location(&send(app.house.get(&url)).await))).await;
    let cancel = page.text.split(r#"class="cancel" href=""#).nth(1).expect("a cancel link");
    let cancel =
        cancel.split('"').next().unwrap_or_default().replace("&amp;", "&").replace("&#38;", "&");
    assert_eq!(app.browse(&cancel, "ben").await, DONE);
    assert_eq!(app.poll(&code).await.ok(), json!({ "profiles": {} }));
    assert_eq!(app.browse(&url, "ben").await, DONE);
    assert!(app.poll(&code).await.ok()["profiles"]["Cablevision"].is_object());
}

#[tokio::test]
async fn a_providers_answer_counts_once_and_only_for_its_own_attempt() {
    let app = App::open().await;
    let url = text(&app.session().await, "url");
    let page = send(app.house.http.get(location(&send(app.house.get(&url)).await))).await;
    let callback = location(&app.fill_in(&page, "ben").await);
    assert!(callback.starts_with(&app.house.url("/sp/oauth2/callback")), "{callback}");

    let forged = callback.replace("state=", "state=x");
    assert_eq!(send(app.house.http.get(&forged)).await.status, 400);
    assert_eq!(send(app.house.get("/sp/oauth2/callback?code=1")).await.status, 400);
    assert_eq!(location(&send(app.house.http.get(&callback)).await), DONE);
    let replayed = send(app.house.http.get(&callback)).await;
    assert_eq!(replayed.status, 400);
    assert!(replayed.header("content-type").starts_with("text/html"));
}

#[tokio::test]
async fn a_provider_that_cannot_be_signed_in_at_gets_a_clear_page() {
    let app = App::open().await;
    let [_, domain, redirect] = complete();
    let session = app.create(&[("mvpd", "OpCo"), domain, redirect]).await.ok();
    let page = send(app.house.get(&text(&session, "url"))).await;
    if page.status != 302 {
        assert_eq!(page.status, 400, "{page:?}");
        assert!(page.text.contains("not possible yet"), "{page:?}");
    }
    let gone = send(app.call(Method::GET, "REF30/profiles")).await;
    assert_eq!(gone.ok(), json!({ "profiles": {} }));
}
