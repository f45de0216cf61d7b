use std::time::Duration;

use reqwest::Method;

use crate::asking::{Answer, Asking as _, form, send};
use crate::support::House;

const CONFIGURATION: &str = "/api/v2/REF30/configuration";

/// A house with the documented limits.
async fn strict() -> House {
    House::with(&[]).await
}

async fn from(house: &House, method: Method, path: &str, device: &str) -> Answer {
    let request = house.http.request(method, house.url(path));
    send(request.header("X-Forwarded-For", device)).await
}

/// How many of `times` calls pass.
async fn passing(house: &House, times: usize, path: &str, device: &str) -> usize {
    let mut passed = 0;
    for _ in 0..times {
        let answer = from(house, Method::POST, path, device).await;
        passed += usize::from(answer.status != 429);
    }
    passed
}

#[tokio::test]
async fn dcr_43_both_endpoints_answer_429_after_the_allowance() {
    let house = strict().await;
    assert_eq!(passing(&house, 12, "/o/client/register", "203.0.113.1").await, 11);
    assert_eq!(passing(&house, 12, "/o/client/token", "203.0.113.2").await, 11);
}

#[tokio::test]
async fn err_40_registration_token_and_the_api_share_one_allowance() {
    let house = strict().await;
    assert_eq!(passing(&house, 6, "/o/client/register", "203.0.113.3").await, 6);
    assert_eq!(passing(&house, 6, "/o/client/token", "203.0.113.3").await, 5);
    assert_eq!(passing(&house, 1, CONFIGURATION, "203.0.113.3").await, 0);
    assert_eq!(passing(&house, 12, "/o/client/validate", "203.0.113.4").await, 11);
}

#[tokio::test]
async fn err_35_the_published_example_holds_over_http() {
    let house = strict().await;
    let waits = [0, 300, 300, 300, 300, 100, 100, 100, 100, 100, 100, 300, 100, 200, 200, 200, 300];
    let mut refused = Vec::new();
    for (number, wait) in waits.into_iter().enumerate() {
        house.clock.advance(Duration::from_millis(wait));
        if from(&house, Method::GET, CONFIGURATION, "203.0.113.1").await.status == 429 {
            refused.push(number);
        }
    }
    assert_eq!(refused, [13, 14, 15]);
}

#[tokio::test]
async fn err_36_devices_behind_one_address_have_allowances_of_their_own() {
    let house = strict().await;
    assert_eq!(passing(&house, 20, CONFIGURATION, "203.0.113.1, 10.0.0.1").await, 11);
    assert_eq!(passing(&house, 20, CONFIGURATION, "203.0.113.2, 10.0.0.1").await, 11);
    assert_eq!(passing(&house, 5, CONFIGURATION, "203.0.113.1").await, 0);
    assert_eq!(passing(&house, 20, CONFIGURATION, "2001:db8:0:1::1").await, 11);
    assert_eq!(passing(&house, 5, CONFIGURATION, "2001:db8:0:1::2").await, 0);
    assert_eq!(passing(&house, 5, CONFIGURATION, "2001:db8:0:2::2").await, 5);
    // No address in the header: the peer's counts, and all of these have the same.
    assert_eq!(passing(&house, 6, CONFIGURATION, "nonsense").await, 6);
    assert_eq!(passing(&house, 6, CONFIGURATION, "more nonsense").await, 5);
}

#[tokio::test]
async fn err_37_a_refusal_says_when_to_come_back_and_a_browser_may_read_it() {
    let house = strict().await;
    passing(&house, 11, CONFIGURATION, "203.0.113.1").await;
    let request = house.get(CONFIGURATION).header("X-Forwarded-For", "203.0.113.1");
    let answer = send(request.header("Origin", "https://watch.acme.example")).await;
    assert_eq!(answer.status, 429);
    assert_eq!(answer.header("retry-after"), "1");
    assert!(answer.header("content-type").starts_with("text/html"));
    assert_eq!(answer.header("access-control-allow-origin"), "https://watch.acme.example");
    assert_eq!(answer.header("access-control-allow-credentials"), "true");
    assert_eq!(answer.header("access-control-allow-methods"), "POST,GET,OPTIONS,DELETE");
    assert!(answer.header("access-control-allow-headers").contains("AP-Device-Identifier"));
}

#[tokio::test]
async fn err_38_one_second_later_the_next_call_passes() {
    let house = strict().await;
    assert_eq!(passing(&house, 12, CONFIGURATION, "203.0.113.1").await, 11);
    house.clock.advance(Duration::from_secs(1));
    assert_eq!(passing(&house, 2, CONFIGURATION, "203.0.113.1").await, 1);
}

#[tokio::test]
async fn preflights_and_other_apis_are_not_counted() {
    let house = strict().await;
    for _ in 0..20 {
        let preflight = from(&house, Method::OPTIONS, CONFIGURATION, "203.0.113.1").await;
        assert_eq!(preflight.status, 204);
        let other = from(&house, Method::GET, "/health/live", "203.0.113.1").await;
        assert_eq!(other.status, 200);
    }
    assert_eq!(passing(&house, 12, CONFIGURATION, "203.0.113.1").await, 11);
}

#[tokio::test]
async fn only_listed_peers_may_name_the_device() {
    for (trusted, passed) in [(r#"["127.0.0.0/8"]"#, 22), (r#"["10.0.0.0/8"]"#, 11)] {
        let house = House::with(&[("throttle.trust_forwarded_for", trusted)]).await;
        let mut passing_both = passing(&house, 11, CONFIGURATION, "203.0.113.1").await;
        passing_both += passing(&house, 11, CONFIGURATION, "203.0.113.2").await;
        assert_eq!(passing_both, passed, "{trusted}");
    }
}

#[tokio::test]
async fn the_limits_are_lifted_for_trusted_clients_whoever_else_claims_to_be_one() {
    let here = ("throttle.exempt", r#"["127.0.0.0/8", "::1/128"]"#);
    let house = House::with(&[here]).await;
    assert_eq!(passing(&house, 30, CONFIGURATION, "203.0.113.1").await, 30);
    // Everybody's word is taken for who calls, nobody's for who is trusted.
    let elsewhere = ("throttle.exempt", r#"["203.0.113.0/24"]"#);
    let house = House::with(&[elsewhere]).await;
    assert_eq!(passing(&house, 30, CONFIGURATION, "203.0.113.1").await, 11);
    // But that of a proxy which is known by name.
    let proxy = ("throttle.trust_forwarded_for", r#"["127.0.0.0/8"]"#);
    let house = House::with(&[elsewhere, proxy]).await;
    assert_eq!(passing(&house, 30, CONFIGURATION, "203.0.113.1").await, 30);
    assert_eq!(passing(&house, 30, CONFIGURATION, "198.51.100.1").await, 11);
}

#[tokio::test]
async fn the_limits_can_be_set_and_lifted() {
    let house = House::with(&[("throttle.burst", "2")]).await;
    assert_eq!(passing(&house, 10, CONFIGURATION, "203.0.113.1").await, 3);
    let house = House::open().await;
    let client = house.client("acme-tv").await;
    for _ in 0..30 {
        assert_eq!(house.token_with(&form(&client)).await.status, 201);
    }
}
