//! What `usher mvpd check` finds: records that are right, and records that are wrong in every way.

use std::time::Duration;

use serde_json::{Value, json};
use usher_core::Clock as _;
use usher_jose::{Certificate, EcKey};
use usher_mvpd::{Finding, Verdict};
use usher_registry::{Catalog, Snapshot};
use usher_saml::idp::IdpMetadata;

use crate::peer::{Peer, Reply, json as answer};
use crate::world::{World, provider};

/// An RSA key of 1024 bits, as providers had them twenty years ago.
const WEAK: &str = include_str!("weak.pem");

/// A certificate that ends in so many days.
fn certificate(world: &World, name: &str, days: i64) -> Certificate {
    let now = world.clock.now();
    let day = Duration::from_hours(24);
    let end = if days < 0 { now - day } else { now + day * u32::try_from(days).unwrap() };
    let key = EcKey::generate().unwrap();
    Certificate::self_signed(&key, name, (now - day * 2, end)).unwrap()
}

/// A SAML provider at `peer` with these certificates pinned.
fn saml(peer: &Peer, pinned: &[&str]) -> Value {
    json!({
        "id": "Cable", "display_name": "Cable", "logo_url": "https://cable.example/logo.png",
        "authn": {
            "protocol": "saml2",
            "entity_id": "urn:cable",
            "sso_url": peer.at("/sso"),
            "metadata_url": peer.at("/metadata"),
            "certificates": pinned,
        },
        "authz": { "protocol": "xacml_soap", "url": peer.at("/pdp") },
        "settings": { "all": { "authn_ttl": "30d", "authz_ttl": "1d" } },
    })
}

/// The provider `mvpd` in a catalog with one channel.
async fn check(world: &World, mvpd: Value, integration: &Value) -> Vec<Finding> {
    let mut pair = json!({ "service_provider": "CH1", "mvpd": "Cable" });
    pair.as_object_mut().unwrap().extend(integration.as_object().unwrap().clone());
    let catalog: Catalog = serde_json::from_value(json!({
        "media_companies": [{ "id": "co", "name": "Co" }],
        "service_providers": [{
            "id": "CH1", "name": "Channel", "media_company": "co",
            "domains": [{ "name": "ch1.example" }],
        }],
        "mvpds": [mvpd],
        "integrations": [pair],
    }))
    .unwrap();
    let snapshot = Snapshot::check(catalog, world.clock.now()).unwrap();
    world.gateway.check(&snapshot, "Cable").await.unwrap()
}

/// What is wrong, or could be better.
fn complaints(findings: &[Finding]) -> Vec<(Verdict, &str)> {
    let bad = findings.iter().filter(|finding| finding.verdict != Verdict::Good);
    bad.map(|finding| (finding.verdict, finding.text.as_str())).collect()
}

/// Is there a finding of this severity that says so?
#[track_caller]
fn assert_says(findings: &[Finding], verdict: Verdict, words: &str) {
    let said = findings.iter().any(|it| it.verdict == verdict && it.text.contains(words));
    assert!(said, "{verdict:?} `{words}` is not in {findings:#?}");
}

fn metadata(peer: &Peer, entity_id: &str, signing: &[Certificate]) -> String {
    IdpMetadata {
        entity_id,
        sign_in_url: &peer.at("/sso"),
        logout_url: None,
        signing,
        valid_until: None,
    }
    .document()
}

#[tokio::test]
async fn a_saml_provider_that_is_right_gets_no_complaint() {
    let peer = Peer::answering(|_| Reply::Plain(405, String::new())).await;
    let world = World::with(&peer);
    let own = certificate(&world, "cable", 400);
    let document = metadata(&peer, "urn:cable", std::slice::from_ref(&own));
    peer.now_answers(move |request| match request.path.as_str() {
        "/metadata" => Reply::Plain(200, document.clone()),
        _ => Reply::Plain(405, String::new()),
    });
    let findings = check(&world, saml(&peer, &[own.pem()]), &json!({})).await;
    assert_eq!(complaints(&findings), []);
    assert_says(&findings, Verdict::Good, "its metadata agree with the catalog");
    assert_says(&findings, Verdict::Good, &own.fingerprint());
    let snapshot = Snapshot::check(Catalog::default(), world.clock.now()).unwrap();
    assert_eq!(world.gateway.check(&snapshot, "Nobody").await, None);
}

#[tokio::test]
async fn certificates_that_end_or_are_weak_or_no_longer_announced_are_named() {
    let peer = Peer::answering(|_| Reply::Plain(405, String::new())).await;
    let world = World::with(&peer);
    let (old, soon) = (certificate(&world, "old", -1), certificate(&world, "soon", 10));
    let next = certificate(&world, "next", 400);
    let document = metadata(&peer, "urn:cable", &[soon.clone(), next.clone()]);
    peer.now_answers(move |_| Reply::Plain(200, document.clone()));
    let pinned = [old.pem(), soon.pem(), WEAK];
    let findings = check(&world, saml(&peer, &pinned), &json!({})).await;
    assert_says(&findings, Verdict::Advice, "ended on 2026-03-13");
    assert_says(&findings, Verdict::Advice, "ends on 2026-03-24");
    assert_says(&findings, Verdict::Problem, "fewer than 2048 bits");
    assert_says(&findings, Verdict::Problem, &next.fingerprint());
    assert_says(&findings, Verdict::Advice, "is not announced any more");
}

#[tokio::test]
async fn metadata_of_somebody_else_or_none_are_a_problem() {
    let peer = Peer::answering(|_| Reply::Plain(405, String::new())).await;
    let world = World::with(&peer);
    let own = certificate(&world, "cable", 400);
    let findings = check(&world, saml(&peer, &[]), &json!({})).await;
    assert_says(&findings, Verdict::Problem, "no certificate is pinned: every answer is refused");
    assert_says(&findings, Verdict::Problem, "no certificate is pinned for its signed answers");
    assert_says(&findings, Verdict::Problem, "its metadata are not at");

    for (document, words) in [
        ("<x/>".to_owned(), "its metadata cannot be read"),
        (metadata(&peer, "urn:other", std::slice::from_ref(&own)), "`urn:other` at the provider"),
    ] {
        peer.now_answers(move |_| Reply::Plain(200, document.clone()));
        let findings = check(&world, saml(&peer, &[own.pem()]), &json!({})).await;
        assert_says(&findings, Verdict::Problem, words);
    }
    let document = metadata(&peer, "urn:cable", std::slice::from_ref(&own));
    peer.now_answers(move |_| Reply::Plain(200, document.clone()));
    let mut moved = saml(&peer, &[own.pem()]);
    moved["authn"]["sso_url"] = json!(peer.at("/former"));
    let findings = check(&world, moved, &json!({})).await;
    assert_says(&findings, Verdict::Problem, "the sign-in address is");
}

#[tokio::test]
async fn addresses_where_nobody_answers_are_named_with_the_reason() {
    let peer = Peer::answering(|_| Reply::Plain(405, String::new())).await;
    let world = World::with(&peer);
    let own = certificate(&world, "cable", 400);
    let nobody = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        format!("http://{}/sso", listener.local_addr().unwrap())
    };
    let mut dead = saml(&peer, &[own.pem()]);
    dead["authn"]["sso_url"] = json!(nobody);
    dead["authz"]["url"] = json!("http://pdp.example/");
    let findings = check(&world, dead, &json!({})).await;
    assert_says(&findings, Verdict::Problem, &format!("{nobody}: no connection could be made ("));
    assert_says(&findings, Verdict::Problem, "http://pdp.example/: the configured address is not");

    // TLS where there is none.
    let mut clear = saml(&peer, &[own.pem()]);
    clear["authn"]["sso_url"] = json!(peer.at("/sso").replace("http:", "https:"));
    let findings = check(&world, clear, &json!({})).await;
    assert_says(&findings, Verdict::Problem, "no connection could be made (");
}

#[tokio::test]
async fn an_openid_provider_is_held_against_what_it_publishes() {
    let peer = Peer::answering(|_| Reply::Plain(405, String::new())).await;
    let world = World::with(&peer);
    let mut mvpd = provider(&peer);
    mvpd["authn"]["issuer"] = json!(peer.at("/").trim_end_matches('/'));
    mvpd["authn"]["authorization_url"] = json!(peer.at("/authorize"));
    mvpd["authn"].as_object_mut().unwrap().remove("jwks_url");
    mvpd["authn"]["pkce"] = json!(false);
    let document = json!({
        "issuer": peer.at("/").trim_end_matches('/'),
        "authorization_endpoint": peer.at("/authorize"),
        "token_endpoint": peer.at("/elsewhere"),
        "scopes_supported": ["profile"],
        "token_endpoint_auth_methods_supported": ["private_key_jwt"],
    });
    peer.now_answers(move |request| match request.path.as_str() {
        "/.well-known/openid-configuration" => answer(&document),
        _ => Reply::Plain(405, String::new()),
    });
    let findings = check(&world, mvpd.clone(), &json!({})).await;
    for (verdict, words) in [
        (Verdict::Problem, "its id tokens cannot be verified"),
        (Verdict::Problem, "the token address is"),
        (Verdict::Problem, "it does not take `client_secret_basic`"),
        (Verdict::Problem, "no `client_id` or no `client_secret`"),
        (Verdict::Problem, "says how long a sign-in lasts"),
        (Verdict::Advice, "it does not announce the scope `openid`"),
        (Verdict::Advice, "`pkce` is off"),
        (Verdict::Advice, "there is no `authz_ttl`"),
    ] {
        assert_says(&findings, verdict, words);
    }
    peer.now_answers(|_| Reply::Plain(404, String::new()));
    let credentials = json!({ "client_id": "usher", "client_secret": "s" });
    let findings = check(&world, mvpd, &credentials).await;
    assert_says(&findings, Verdict::Advice, "it publishes no configuration");
    assert!(!findings.iter().any(|it| it.text.contains("no `client_id`")), "{findings:#?}");
}
