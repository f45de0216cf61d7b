//! The admin API (`console` §11) over real HTTP.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a broken expectation ends the test"
)]

mod support;

use reqwest::RequestBuilder;
use reqwest::header::CONTENT_TYPE;
use serde_json::{Value, json};
use support::House;

const BASE: &str = "/admin/v1/release-production";

fn admin(house: &House) -> String {
    house.demo["admin_token"].as_str().expect("a token").to_owned()
}

#[tokio::test]
async fn only_the_admin_token_opens_the_admin_api() {
    let house = House::open().await;
    let app_token = house.token("acme-ops").await;
    for token in [None, Some("wrong".to_owned()), Some(app_token)] {
        let request = house.get(&format!("{BASE}/versions"));
        let request = token.iter().fold(request, RequestBuilder::bearer_auth);
        let answer = house.send(request).await;
        assert_eq!(answer.status(), 401, "{token:?}");
        assert!(answer.headers().contains_key("www-authenticate"));
        assert_eq!(answer.headers()[CONTENT_TYPE], "application/problem+json");
        let problem: Value = answer.json().await.expect("JSON");
        assert_eq!(problem["status"], 401);
    }
    let elsewhere = house.get("/admin/v1/release-staging/versions").bearer_auth(admin(&house));
    assert_eq!(house.send(elsewhere).await.status(), 404);
}

#[tokio::test]
async fn the_changes_log_is_read_page_by_page() {
    let house = House::open().await;
    for _ in 0..3 {
        let client = house.client("acme-tv").await.0;
        let revoke = house.post(&format!("{BASE}/clients/{client}/revocation"));
        assert_eq!(house.send(revoke.bearer_auth(admin(&house))).await.status(), 204);
    }
    let page = async |query: &str| -> Value {
        let request = house.get(&format!("{BASE}/versions?{query}")).bearer_auth(admin(&house));
        house.send(request).await.json().await.expect("JSON")
    };
    let numbers = |page: &Value| -> Vec<Value> {
        let items = page["items"].as_array().expect("items").iter();
        items.map(|item| item["version"].clone()).collect()
    };
    let first = page("limit=2").await;
    assert_eq!(numbers(&first), [json!(3), json!(2)]);
    assert_eq!(first["next"], 2);
    let second = page("limit=2&cursor=2").await;
    assert_eq!(numbers(&second), [json!(1)]);
    assert_eq!(second["next"], Value::Null);
    for wrong in ["limit=0", "limit=x", "cursor=-1"] {
        assert_eq!(page(wrong).await["status"], 400, "{wrong}");
    }
}

#[tokio::test]
async fn a_revoked_client_can_do_nothing_any_more() {
    let house = House::open().await;
    let client = house.client("acme-tv").await;
    let token = house.token_of(&client).await;
    let configuration = || house.get("/api/v2/REF30/configuration").bearer_auth(&token);
    assert_eq!(house.send(configuration()).await.status(), 200);
    let path = format!("{BASE}/clients/{}/revocation", client.0);
    for _ in ["first", "again"] {
        let answer = house.send(house.post(&path).bearer_auth(admin(&house))).await;
        assert_eq!(answer.status(), 204);
    }
    assert_eq!(house.send(configuration()).await.status(), 401);
    let unknown = house.post(&format!("{BASE}/clients/nobody/revocation"));
    assert_eq!(house.send(unknown.bearer_auth(admin(&house))).await.status(), 404);
}
