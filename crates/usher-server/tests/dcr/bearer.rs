use std::time::Duration;

use serde_json::Value;

use crate::asking::{Answer, Asking as _, DEVICE, form, refused, send, with_payload};
use crate::support::House;

const CONFIGURATION: &str = "/api/v2/REF30/configuration";
const CLIENT: &str = "invalid_access_token_client_application";
const CHANNEL: &str = "invalid_access_token_service_provider";

/// A flat error object with all its members, and the challenge (`errors` §2, `dcr` §8).
fn assert_is_a_challenge(answer: &Answer, action: &str) {
    assert_eq!(answer.status, 401);
    assert!(answer.header("www-authenticate").starts_with("Bearer"), "{:?}", answer.headers);
    let body = answer.json();
    assert_eq!(body["status"], 401);
    assert_eq!(body["action"], action, "{body}");
    for member in ["code", "message", "helpUrl", "trace"] {
        assert!(body[member].is_string(), "{member}: {body}");
    }
}

#[tokio::test]
async fn dcr_36_a_call_without_a_token_is_challenged() {
    let house = House::open().await;
    for request in [
        house.get(CONFIGURATION),
        house.get(CONFIGURATION).header("authorization", "Basic YTpi"),
        house.get(CONFIGURATION).header("authorization", "Bearer"),
        house.get(CONFIGURATION).bearer_auth("not.a.token"),
    ] {
        let answer = send(request).await;
        assert_eq!(answer.refusal(), refused(401, CLIENT));
        assert_is_a_challenge(&answer, "application-registration");
    }
}

#[tokio::test]
async fn err_39_every_401_is_an_envelope_with_a_challenge() {
    let house = House::open().await;
    let news = house.token("acme-news").await;
    let legacy = house.token("acme-legacy").await;
    for token in [news.as_str(), &legacy, "nonsense"] {
        let answer = house.call(token, CONFIGURATION).await;
        assert_is_a_challenge(&answer, "application-registration");
    }
    house.clock.advance(Duration::from_hours(6));
    assert_is_a_challenge(&house.call(&news, CONFIGURATION).await, "retry");
}

#[tokio::test]
async fn a_token_in_the_query_is_not_looked_at() {
    let house = House::open().await;
    let token = house.token("acme-tv").await;
    let answer = send(house.get(&format!("{CONFIGURATION}?access_token={token}"))).await;
    assert_eq!(answer.refusal(), refused(401, CLIENT));
}

#[tokio::test]
async fn a_forged_token_is_challenged() {
    let house = House::open().await;
    let token = house.token("acme-legacy").await;
    let forged = with_payload(&token, |claims| claims["scopes"] = "api:client:v2".into());
    assert_eq!(house.call(&forged, CONFIGURATION).await.refusal(), refused(401, CLIENT));
    let statement = house.statement("acme-tv");
    assert_eq!(house.call(&statement, CONFIGURATION).await.refusal(), refused(401, CLIENT));
}

#[tokio::test]
async fn dcr_38_a_token_without_the_scope_is_challenged() {
    let house = House::open().await;
    for application in ["acme-legacy", "acme-ops"] {
        let token = house.token(application).await;
        let answer = house.call(&token, CONFIGURATION).await;
        assert_eq!(answer.refusal(), refused(401, CLIENT), "{application}");
    }
}

#[tokio::test]
async fn dcr_39_a_token_for_other_channels_is_challenged() {
    let house = House::open().await;
    let token = house.token("acme-news").await;
    assert_eq!(house.call(&token, "/api/v2/NEWS24/configuration").await.status, 200);
    let answer = house.call(&token, CONFIGURATION).await;
    assert_eq!(answer.refusal(), refused(401, CHANNEL));
    assert_is_a_challenge(&answer, "application-registration");
}

#[tokio::test]
async fn dcr_40_41_revoking_an_application_stops_its_tokens_and_credentials() {
    let house = House::open().await;
    let client = house.client("acme-tv").await;
    let token = house.token_of(&client).await;
    let bystander = house.token("acme-web").await;
    assert_eq!(house.call(&token, CONFIGURATION).await.status, 200);

    house.change_application("acme-tv", "status = \"revoked\"");

    let answer = house.call(&token, CONFIGURATION).await;
    assert_eq!(answer.refusal(), refused(401, CLIENT));
    assert_is_a_challenge(&answer, "application-registration");
    assert_eq!(house.token_with(&form(&client)).await.refusal(), refused(400, "invalid_client"));
    assert_eq!(house.call(&bystander, CONFIGURATION).await.status, 200);
}

#[tokio::test]
async fn dcr_37_an_expired_token_asks_for_a_new_one_and_profiles_stay() {
    let house = House::open().await;
    let client = house.client("acme-tv").await;
    let token = house.token_of(&client).await;
    house.sign_in(&token, DEVICE, "Cablevision", "ann").await;

    house.clock.advance(Duration::from_hours(6));

    let answer = house.call(&token, "/api/v2/REF30/profiles").await;
    assert_eq!(answer.refusal(), refused(401, CLIENT));
    assert_is_a_challenge(&answer, "retry");
    let renewed = house.token_of(&client).await;
    assert!(profiles(&house, &renewed).await["Cablevision"].is_object());
}

#[tokio::test]
async fn dcr_42_profiles_belong_to_the_client_that_obtained_them() {
    let house = House::open().await;
    let token = house.token("acme-tv").await;
    house.sign_in(&token, DEVICE, "Cablevision", "ann").await;
    assert!(profiles(&house, &token).await["Cablevision"].is_object());
    let other = house.token("acme-tv").await;
    assert_eq!(profiles(&house, &other).await, serde_json::json!({}));
}

async fn profiles(house: &House, token: &str) -> Value {
    let answer = house.call(token, "/api/v2/REF30/profiles").await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json()["profiles"].clone()
}
