//! Signing out, both ways (`mvpd` §5.7).

use usher_registry::{LogoutMode, PreflightMode};
use usher_saml::binding::{Parameter, Redirected};

use crate::couch::{Couch, location, mvpd};
use crate::sign_in::switch;
use crate::support::House;

#[tokio::test]
async fn mvpd_11_the_request_names_the_viewer_as_the_provider_does() {
    let house = House::open().await;
    let couch = Couch::with(&house, "OpCo", "ben").await;
    let user = couch.profile().await["attributes"]["userID"]["value"].clone();
    let logout = couch.logout().await;
    assert_eq!(logout["actionName"], "logout");
    assert_eq!(logout["actionType"], "interactive");
    // It is gone before any browser moved.
    assert!(couch.profile().await.is_null());

    let url = logout["url"].as_str().expect("an address");
    let provider = location(&house.send(house.http.get(url)).await);
    assert_eq!(provider.path(), "/demo/opco/slo");
    let query = provider.query().expect("a query");
    let message = Redirected::parse(query, Parameter::Request).expect("a request");
    let relay_state = message.relay_state.as_deref().unwrap_or_default();
    assert!((1..=80).contains(&relay_state.len()), "{relay_state}");
    assert!(query.contains("&SigAlg=") && query.contains("&Signature="), "{query}");
    let (user, sp) = (user.as_str().expect("text"), house.url("/sp/metadata"));
    for part in [
        "Reason=\"urn:oasis:names:tc:SAML:2.0:logout:user\"",
        "Format=\"urn:oasis:names:tc:SAML:2.0:nameid-format:persistent\"",
        &*format!(">{user}</saml:NameID>"),
        "<samlp:SessionIndex>",
        &format!("Destination=\"{}\"", house.url("/demo/opco/slo")),
        &format!("<saml:Issuer>{sp}/on-behalf-of/REF30</saml:Issuer>"),
    ] {
        assert!(message.xml.contains(part), "{part} is not in {}", message.xml);
    }
    assert_eq!(house.browse(house.http.get(provider)).await.0, house.url("/demo/done"));
}

#[tokio::test]
async fn mvpd_11_a_provider_that_fails_brings_nothing_back() {
    let house = House::open().await;
    for fault in ["logout-fails", "unsigned", "bad-signature", "former-key", "wrong-issuer"] {
        let couch = Couch::with(&house, "OpCo", "ben").await;
        switch(&house, "OpCo", &[fault]).await;
        let logout = couch.logout().await;
        let url = logout["url"].as_str().expect("an address").to_owned();
        let (end, _) = house.browse(house.http.get(url)).await;
        assert_eq!(end, house.url("/demo/done"), "{fault}");
        assert!(couch.profile().await.is_null(), "{fault}");
        switch(&house, "OpCo", &[]).await;
    }
}

#[tokio::test]
async fn mvpd_11_an_answer_belongs_to_one_logout() {
    let house = House::open().await;
    let couch = Couch::with(&house, "OpCo", "ben").await;
    let url = couch.logout().await["url"].as_str().expect("an address").to_owned();
    let provider = location(&house.send(house.http.get(&url)).await);
    let answer = location(&house.send(house.http.get(provider)).await);
    assert_eq!(answer.path(), "/sp/saml/LogoutServiceHTTPRedirectResponse");
    let landed = house.send(house.http.get(answer.clone())).await;
    assert_eq!(location(&landed).as_str(), house.url("/demo/done"));
    for again in [answer.as_str(), &url] {
        assert_eq!(house.send(house.http.get(again)).await.status(), 400, "{again}");
    }
}

#[tokio::test]
async fn mvpd_12_the_action_says_what_is_left_to_do() {
    let house = House::open().await;
    let couch = Couch::at(&house, "OpCo").await;
    // Nobody is signed in.
    let logout = couch.logout().await;
    assert_eq!((&logout["actionName"], &logout["actionType"]), (&"invalid".into(), &"none".into()));
    // The provider offers a logout.
    couch.sign_in("ben").await;
    let logout = couch.logout().await;
    assert_eq!(logout["actionName"], "logout");
    assert_eq!(logout["actionType"], "interactive");
    // It offers none.
    house.push(|catalog| {
        for endpoint in mvpd(catalog, "OpCo").logout.iter_mut() {
            endpoint.protocol = LogoutMode::None;
        }
        mvpd(catalog, "OpCo").preflight.get_or_insert_default().mode = PreflightMode::None;
    });
    couch.sign_in("ben").await;
    let logout = couch.logout().await;
    assert_eq!(
        (&logout["actionName"], &logout["actionType"]),
        (&"complete".into(), &"none".into())
    );
    assert!(logout.get("url").is_none());
    assert!(couch.profile().await.is_null());
}

#[tokio::test]
async fn a_provider_may_end_the_sign_ins_of_a_viewer() {
    let house = House::open().await;
    let ben = Couch::with(&house, "OpCo", "ben").await;
    let elsewhere = ben.on("NEWS24");
    assert_eq!(elsewhere.sign_in("ann").await, house.url("/demo/done"));
    // Somebody leaves at the provider itself.
    let (end, _) = house.browse(house.get("/demo/opco/leave?username=ben")).await;
    assert!(end.starts_with(&house.url("/demo/opco/")), "{end}");
    assert!(ben.profile().await.is_null());
    assert!(elsewhere.profile().await.is_object());
}

#[tokio::test]
async fn a_proxy_may_end_the_sign_ins_of_those_it_speaks_for_and_nobody_elses() {
    let house = House::open().await;
    let direct = Couch::with(&house, "OpCo", "ben").await;
    let proxied = Couch::with(&house, "OpCoProxied", "ben").await;
    house.browse(house.get("/demo/opcohub/leave?username=ben")).await;
    assert!(proxied.profile().await.is_null());
    assert!(direct.profile().await.is_object());
}

#[tokio::test]
async fn a_logout_that_no_provider_signed_ends_nothing() {
    let house = House::open().await;
    let couch = Couch::with(&house, "OpCo", "ben").await;
    for fault in ["unsigned", "bad-signature", "former-key", "wrong-issuer"] {
        switch(&house, "OpCo", &[fault]).await;
        let leave = house.get("/demo/opco/leave?username=ben");
        let request = location(&house.send(leave).await);
        assert_eq!(request.path(), "/sp/saml/LogoutServiceHTTPRedirect");
        let answer = house.send(house.http.get(request)).await;
        assert_eq!(answer.status(), 400, "{fault}");
        assert!(couch.profile().await.is_object(), "{fault}");
    }
}
