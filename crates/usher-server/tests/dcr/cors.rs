use reqwest::Method;

use crate::asking::{Asking as _, only, send};
use crate::support::House;

const ORIGIN: &str = "https://watch.acme.example";

/// The request headers of the contract (`pass-rest-v2` §3).
const HEADERS: [&str; 11] = [
    "Authorization",
    "Content-Type",
    "Accept",
    "AP-Device-Identifier",
    "X-Device-Info",
    "X-Forwarded-For",
    "Adobe-Subject-Token",
    "X-Roku-Reserved-Roku-Connect-Token",
    "AD-Service-Token",
    "AP-Partner-Framework-Status",
    "AP-TempPass-Identity",
];

#[tokio::test]
async fn rest_9_preflights_allow_every_header_of_the_contract() {
    let house = House::open().await;
    for path in ["/api/v2/REF30/sessions", "/o/client/register", "/o/client/token"] {
        let preflight = house
            .http
            .request(Method::OPTIONS, house.url(path))
            .header("Origin", ORIGIN)
            .header("Access-Control-Request-Method", "POST")
            .header("Access-Control-Request-Headers", "authorization, ap-device-identifier");
        let answer = send(preflight).await;
        assert!(answer.status.is_success(), "{path}");
        assert_eq!(answer.header("access-control-allow-origin"), ORIGIN);
        assert_eq!(answer.header("vary"), "Origin");
        let allowed = answer.header("access-control-allow-headers").to_ascii_lowercase();
        let allowed: Vec<_> = allowed.split(',').map(str::trim).collect();
        for header in HEADERS.into_iter().chain(["AP-Visitor-Identifier"]) {
            assert!(allowed.contains(&header.to_ascii_lowercase().as_str()), "{header}");
        }
    }
}

#[tokio::test]
async fn browsers_may_read_errors_too() {
    let house = House::open().await;
    for request in [
        house.post("/o/client/register").json(&only("nonsense")),
        house.get("/o/client/register"),
        house.get("/o/client/scopes"),
        house.get("/api/v2/REF30/configuration"),
    ] {
        let answer = send(request.header("Origin", ORIGIN)).await;
        assert!(answer.status.is_client_error());
        assert_eq!(answer.header("access-control-allow-origin"), ORIGIN, "{answer:?}");
        assert_eq!(answer.header("access-control-allow-credentials"), "true");
    }
    let token = house.token("acme-tv").await;
    let plain = house.call(&token, "/api/v2/REF30/configuration").await;
    assert_eq!(plain.header("access-control-allow-origin"), "");
}
