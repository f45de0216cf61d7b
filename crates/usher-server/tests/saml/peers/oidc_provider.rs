//! `oidc-provider`, from npm.

use std::time::Duration;

use serde_json::json;
use usher_registry::{AuthnProtocol, Catalog, LogoutMode, OAuthEndpoint};

use super::browser::Browser;
use super::house;
use super::process::{Launch, Program, ours, tool};
use crate::couch::{Couch, error, mvpd};
use crate::support::House;

const DORA: [(&str, &str); 2] = [("login", "dora"), ("password", "any")];
const SECRET: &str = "a secret between two programs of a test";

async fn start(house: &House) -> Program {
    let mut launch = Launch::of("node");
    let settings = json!({
        "port": launch.port,
        "modules": tool("USHER_TEST_NODE_MODULES").to_string_lossy(),
        "secret": SECRET,
        "callback": house.url("/sp/oauth2/callback"),
        "afterLogout": house.url("/sp/oauth2/logout-callback"),
    });
    launch.command.arg(ours("oidc_provider.mjs")).arg(settings.to_string());
    launch.until("ready").await
}

/// Makes `Cablevision` this provider.
fn connect(catalog: &mut Catalog, peer: &Program) {
    let at = |path: &str| format!("{}{path}", peer.origin).parse().expect("a URL");
    let cablevision = mvpd(catalog, "Cablevision");
    for endpoint in cablevision.authn.iter_mut() {
        let AuthnProtocol::Oauth2(oauth) = &mut endpoint.protocol else { panic!("another") };
        let oauth: &mut OAuthEndpoint = oauth;
        oauth.issuer.clone_from(&peer.origin);
        oauth.authorization_url = at("/auth");
        oauth.token_url = at("/token");
        oauth.userinfo_url = Some(at("/me"));
        oauth.jwks_url = Some(at("/jwks"));
    }
    for endpoint in cablevision.authz.iter_mut() {
        let usher_registry::AuthzProtocol::Rest(rest) = &mut endpoint.protocol else {
            panic!("another")
        };
        rest.url = at("/decide");
    }
    for endpoint in cablevision.logout.iter_mut() {
        if let LogoutMode::Redirect(logout) = &mut endpoint.protocol {
            logout.url = at("/session/end");
        }
    }
    for integration in &mut catalog.integrations {
        if integration.mvpd.as_str() == "Cablevision" {
            integration.client_id = Some("usher-ref30".to_owned());
            integration.client_secret = Some(usher_core::Secret::new(SECRET.to_owned()));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn mvpd_14_a_viewer_signs_in_at_oidc_provider_watches_for_hours_and_signs_out() {
    let house = house().await;
    let peer = start(&house).await;
    house.push(|catalog| connect(catalog, &peer));
    let couch = Couch::at(&house, "Cablevision").await;
    let mut browser = Browser::new(&house.http);
    let home = house.url("/demo/done");

    let trip = browser.travel(&couch.start().await, &DORA, &home).await;

    assert_eq!(trip.end.as_str(), home, "{}", trip.page);
    let profile = couch.profile().await;
    assert_eq!(profile["attributes"]["userID"]["value"], "dora", "{profile}");
    assert_eq!(profile["attributes"]["householdID"]["value"], "hh-dora", "{profile}");
    assert_eq!(couch.authorize("acme-one").await["authorized"], true);
    assert_eq!(error(&couch.authorize("acme-two").await), "authorization_denied_by_mvpd");

    // Its access tokens last an hour, and it gives a new refresh token for each that is used.
    for refreshes in ["1", "2"] {
        house.clock.advance(Duration::from_hours(2));
        let decision = couch.authorize("acme-one").await;
        assert_eq!(decision["authorized"], true, "{decision}");
        assert_eq!(couch.authorize("acme-one").await["authorized"], true);
        let url = format!("{}/refreshes", peer.origin);
        let seen = house.send(house.http.get(url)).await.text().await.expect("text");
        assert_eq!(seen, refreshes);
    }

    let logout = couch.logout().await;
    let trip = browser.travel(logout["url"].as_str().expect("an address"), &[], &home).await;
    assert_eq!(trip.end.as_str(), home, "{}", trip.page);
    assert!(couch.profile().await.is_null());
}
