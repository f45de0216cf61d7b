//! What the built-in providers can do wrong on demand (`mvpd` §13), and what comes of it.

use std::time::Duration;

use serde_json::Value;

use crate::couch::{Couch, error, mvpd, xacml};
use crate::sign_in::{failures, switch};
use crate::support::House;

/// How long a permit lasts, in seconds.
fn lifetime(decision: &Value) -> i64 {
    let at = |member: &str| decision[member].as_i64().unwrap_or_else(|| panic!("{decision}"));
    (at("notAfter") - at("notBefore")) / 1_000
}

#[tokio::test]
async fn mvpd_38_a_provider_can_sign_in_wrongly_in_every_listed_way() {
    let house = House::open().await;
    let couch = Couch::at(&house, "OpCo").await;
    for fault in ["bad-signature", "wrong-audience", "unsolicited"] {
        switch(&house, "OpCo", &[fault]).await;
        assert_eq!(couch.sign_in("ann").await, house.url("/demo/done"), "{fault}");
        assert_eq!(couch.profile().await, Value::Null, "{fault}");
    }
    let mut reasons = failures(&house).await;
    reasons.sort_unstable();
    assert_eq!(reasons, ["audience", "signature", "unsolicited"]);
    switch(&house, "OpCo", &[]).await;
    couch.sign_in("ann").await;
    assert_eq!(couch.profile().await["type"], "regular");
}

#[tokio::test]
async fn mvpd_38_a_provider_can_decide_wrongly_in_every_listed_way() {
    let settings = [("throttle.enabled", "false"), ("entitlement.mvpd_deadline", "300ms")];
    let house = House::with(&settings).await;
    for provider in ["OpCo", "Cablevision"] {
        let couch = Couch::with(&house, provider, "ben").await;
        switch(&house, provider, &["silent"]).await;
        let decision = couch.authorize("acme-one").await;
        assert_eq!(error(&decision), "maximum_execution_time_exceeded", "{provider}");
        switch(&house, provider, &["missing-ttl"]).await;
        assert_eq!(lifetime(&couch.authorize("acme-one").await), 24 * 3_600, "{provider}");
        switch(&house, provider, &[]).await;
        assert_eq!(lifetime(&couch.authorize("acme-two").await), 3_600, "{provider}");
    }

    let couch = Couch::with(&house, "OpCo", "ann").await;
    switch(&house, "OpCo", &["obligation"]).await;
    assert_eq!(couch.authorize("acme-kids").await["authorized"], true);
    house.push(|catalog| xacml(catalog, "OpCo").strict_obligations = true);
    assert_eq!(error(&couch.authorize("acme-sports").await), "authorization_denied_by_mvpd");
}

#[tokio::test]
async fn mvpd_38_a_provider_can_rotate_refresh_tokens_and_honour_none() {
    let house = House::open().await;
    let couch = Couch::with(&house, "Cablevision", "ben").await;
    switch(&house, "Cablevision", &["rotating-refresh-token"]).await;
    // Longer than access tokens and permits last: each question needs a refresh.
    let an_hour = Duration::from_mins(61);
    for _ in 0..3 {
        house.clock.advance(an_hour);
        assert_eq!(couch.authorize("acme-one").await["authorized"], true);
    }
    // Whoever keeps the first one is found out by a provider that takes each once.
    house.push(|catalog| {
        let endpoint = mvpd(catalog, "Cablevision").authn.iter_mut().next().expect("an endpoint");
        let usher_registry::AuthnProtocol::Oauth2(oauth) = &mut endpoint.protocol else {
            panic!("Cablevision signs in by OAuth")
        };
        oauth.accept_rotation = false;
    });
    let stubborn = Couch::with(&house, "Cablevision", "ann").await;
    house.clock.advance(an_hour);
    assert_eq!(stubborn.authorize("acme-one").await["authorized"], true);
    house.clock.advance(an_hour);
    let over = "authorization_denied_by_session_invalidated";
    assert_eq!(error(&stubborn.authorize("acme-one").await), over);

    switch(&house, "Cablevision", &["refused-refresh"]).await;
    house.push(|_| ());
    let couch = Couch::with(&house, "Cablevision", "cam").await;
    house.clock.advance(an_hour);
    assert_eq!(error(&couch.authorize("acme-one").await), over);
    let over = "authenticated_profile_invalidated";
    assert_eq!(error(&couch.authorize("acme-one").await), over);
}
