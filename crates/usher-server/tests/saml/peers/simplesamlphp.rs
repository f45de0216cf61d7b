//! `SimpleSAMLphp`, as Debian packages it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use usher_registry::{Catalog, LogoutMode};

use super::browser::Browser;
use super::decisions::{self, Signs};
use super::process::{Launch, Program, key_pair, ours, tool};
use super::{announced, house, signs_in_at};
use crate::couch::{Couch, error, mvpd, saml, xacml};
use crate::support::House;

const ENTITY_ID: &str = "urn:tests:simplesamlphp";
const ALICE: [(&str, &str); 2] = [("username", "alice"), ("password", "secret")];

/// What it does with its assertions.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Assertions {
    /// Signs them.
    Signed,
    /// Signs them with RSA-SHA1.
    SignedWithSha1,
    /// Signs and encrypts them.
    Encrypted,
}

/// Starts the provider; answers its certificate, too.
async fn start(house: &House, assertions: Assertions) -> (Program, String) {
    let package = tool("USHER_TEST_SIMPLESAMLPHP");
    let mut launch = Launch::of("php");
    let certificate = key_pair(launch.directory.path()).await;
    let documents = std::path::Path::new(&package).join("usr/share/simplesamlphp/www");
    let address = format!("127.0.0.1:{}", launch.port);
    let (origin, directory) = (launch.origin.clone(), launch.directory.path().to_owned());
    let sp = house.url("/sp/metadata/on-behalf-of/REF30");
    let (algorithm, encrypts) = match assertions {
        Assertions::Signed => ("http://www.w3.org/2001/04/xmldsig-more#rsa-sha256", "no"),
        Assertions::SignedWithSha1 => ("http://www.w3.org/2000/09/xmldsig#rsa-sha1", "no"),
        Assertions::Encrypted => ("http://www.w3.org/2001/04/xmldsig-more#rsa-sha256", "yes"),
    };
    launch.command.args(["-S", &address, "-t"]).arg(documents);
    launch.command.envs([
        ("SIMPLESAMLPHP_CONFIG_DIR", ours("simplesamlphp").into_os_string()),
        ("PEER_PACKAGE", package),
        ("PEER_DIRECTORY", directory.into()),
        ("PEER_ORIGIN", origin.into()),
        ("PEER_ENTITY_ID", ENTITY_ID.into()),
        ("PEER_ALGORITHM", algorithm.into()),
        ("PEER_ENCRYPTS", encrypts.into()),
        ("SP_ENTITY_ID", sp.into()),
        ("SP_CONSUMER", house.url("/sp/saml/SAMLAssertionConsumer").into()),
        ("SP_LOGOUT", house.url("/sp/saml/LogoutServiceHTTPRedirect").into()),
        ("SP_LOGOUT_RESPONSE", house.url("/sp/saml/LogoutServiceHTTPRedirectResponse").into()),
        ("SP_CERTIFICATE", announced(house, "signing").await.into()),
    ]);
    (launch.until("Development Server").await, certificate)
}

/// Makes `OpCo` this provider.
fn connect(catalog: &mut Catalog, (peer, certificate): &(Program, String)) {
    let at = |path: &str| format!("{}/saml2/idp/{path}.php", peer.origin);
    signs_in_at(catalog, (ENTITY_ID, &at("SSOService"), certificate));
    for endpoint in mvpd(catalog, "OpCo").logout.iter_mut() {
        if let LogoutMode::SamlSlo(logout) = &mut endpoint.protocol {
            logout.url = at("SingleLogoutService").parse().expect("a URL");
            logout.require_signed_response = true;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_viewer_signs_in_at_simplesamlphp_and_out_again() {
    let house = house().await;
    let peer = start(&house, Assertions::Signed).await;
    // Its decision point is a program of others, too.
    let decides = decisions::start(&house, ENTITY_ID, Signs::Sha256).await;
    house.push(|catalog| {
        connect(catalog, &peer);
        decisions::connect(catalog, &decides);
    });
    let couch = Couch::at(&house, "OpCo").await;
    let mut browser = Browser::new(&house.http);
    let home = house.url("/demo/done");

    let trip = browser.travel(&couch.start().await, &ALICE, &home).await;

    assert_eq!(trip.end.as_str(), home, "{}", trip.page);
    let profile = couch.profile().await;
    assert_eq!(profile["attributes"]["householdID"]["value"], "hh-1", "{profile}");
    assert_eq!(profile["attributes"]["channelID"]["value"], json!(["acme-one", "acme-two"]));
    assert_eq!(profile["attributes"]["maxRating"]["value"], json!({ "VCHIP": "TV-14" }));

    let decision = couch.authorize("acme-one").await;
    assert_eq!(decision["authorized"], true, "{decision}");
    assert!(decision["token"]["serializedToken"].is_string());
    assert_eq!(error(&couch.authorize("acme-movies").await), "authorization_denied_by_mvpd");

    let logout = couch.logout().await;
    let url = logout["url"].as_str().expect("an address");
    let trip = browser.travel(url, &[], &home).await;
    assert_eq!(trip.end.as_str(), home, "{}", trip.page);
    assert!(couch.profile().await.is_null());
    // The provider forgot the viewer: it asks again.
    let trip = browser.travel(&couch.start().await, &[], &home).await;
    assert!(trip.end.as_str().starts_with(&peer.0.origin) && trip.page.contains("password"));
}

#[tokio::test(flavor = "multi_thread")]
async fn mvpd_2_simplesamlphp_takes_no_request_but_the_signed_one() {
    let house = house().await;
    let peer = start(&house, Assertions::Signed).await;
    house.push(|catalog| connect(catalog, &peer));
    let couch = Couch::at(&house, "OpCo").await;
    let request = couch.provider_address().await;
    let (asks, refuses) = ("name=\"password\"", "Unable to validate signature on query string");
    let mut browser = Browser::new(&house.http);
    let page = browser.travel(request.as_str(), &[], &house.base).await.page;
    assert!(page.contains(asks), "{page}");
    let touched = request.as_str().replace("RelayState=", "RelayState=x");
    let page = Browser::new(&house.http).travel(&touched, &[], &house.base).await.page;
    assert!(!page.contains(asks) && page.contains(refuses), "{page}");
}

#[tokio::test(flavor = "multi_thread")]
async fn mvpd_10_an_assertion_that_simplesamlphp_encrypted_is_read() {
    let house = house().await;
    let peer = start(&house, Assertions::Encrypted).await;
    house.push(|catalog| {
        connect(catalog, &peer);
        saml(catalog, "OpCo").require_encrypted_assertion = true;
    });
    let couch = Couch::at(&house, "OpCo").await;
    let home = house.url("/demo/done");
    let trip = Browser::new(&house.http).travel(&couch.start().await, &ALICE, &home).await;
    let document = STANDARD.decode(trip.saml_response()).expect("base64");
    let document = String::from_utf8(document).expect("text");
    assert!(document.contains("EncryptedAssertion>") && !document.contains("hh-1"), "{document}");
    let profile = couch.profile().await;
    assert_eq!(profile["attributes"]["householdID"]["value"], "hh-1", "{profile}");
}

#[tokio::test(flavor = "multi_thread")]
async fn mvpd_8_sha1_is_refused_unless_the_endpoint_allows_it() {
    let house = house().await;
    let peer = start(&house, Assertions::SignedWithSha1).await;
    let decides = decisions::start(&house, ENTITY_ID, Signs::Sha1).await;
    let couch = Couch::at(&house, "OpCo").await;
    let home = house.url("/demo/done");
    for allowed in [false, true] {
        house.push(|catalog| {
            connect(catalog, &peer);
            decisions::connect(catalog, &decides);
            saml(catalog, "OpCo").allow_sha1 = allowed;
        });
        let trip = Browser::new(&house.http).travel(&couch.start().await, &ALICE, &home).await;
        assert_eq!(trip.end.as_str(), home, "{}", trip.page);
        assert_eq!(couch.profile().await.is_object(), allowed);
    }
    assert_eq!(error(&couch.authorize("acme-one").await), "network_received_error");
    house.push(|catalog| {
        connect(catalog, &peer);
        decisions::connect(catalog, &decides);
        xacml(catalog, "OpCo").allow_sha1 = true;
    });
    assert_eq!(couch.authorize("acme-one").await["authorized"], true);
}
