//! Signing in by SAML.

use serde_json::json;

use crate::couch::Couch;
use crate::support::House;

#[tokio::test]
async fn mvpd_5_a_valid_response_makes_a_regular_profile_and_returns_the_browser() {
    let house = House::open().await;
    let couch = Couch::with(&house, "OpCo", "ben").await;
    let profile = couch.profile().await;
    assert_eq!(profile["type"], "regular");
    assert_eq!(profile["issuer"], "OpCo");
    let life =
        profile["notAfter"].as_i64().expect("ms") - profile["notBefore"].as_i64().expect("ms");
    assert_eq!(life, 24 * 3_600_000, "the life time of unidentified devices");
    let attributes = &profile["attributes"];
    assert_eq!(attributes["channelID"]["value"], json!(["acme-one", "acme-two"]));
    assert_eq!(attributes["maxRating"]["value"], json!({ "VCHIP": "TV-MA", "MPAA": "NC-17" }));
    assert_eq!(attributes["hba_status"]["value"], "false");
    assert_eq!(attributes["zip"]["state"], "enc");
}
