//! `saml-idp`, from npm.

use serde_json::json;
use usher_registry::LogoutMode;

use super::browser::Browser;
use super::decisions::{self, Signs};
use super::process::{Launch, Program, key_pair, ours, tool};
use super::{house, signs_in_at};
use crate::couch::{Couch, error, mvpd};
use crate::support::House;

const ENTITY_ID: &str = "urn:tests:saml-idp";
const BOB: [(&str, &str); 1] = [("userName", "bob@provider.example")];

async fn start(house: &House) -> (Program, String) {
    let mut launch = Launch::of("node");
    let directory = launch.directory.path().to_owned();
    let certificate = key_pair(&directory).await;
    let modules = std::path::PathBuf::from(tool("USHER_TEST_NODE_MODULES"));
    launch.command.arg(modules.join("saml-idp/bin/run.js"));
    launch.command.args(["--host", "127.0.0.1", "--port", &launch.port.to_string()]);
    launch.command.args(["--issuer", ENTITY_ID, "--audience", &house.url("/sp/metadata")]);
    launch.command.args(["--acsUrl", &house.url("/sp/saml/SAMLAssertionConsumer")]);
    launch.command.arg("--cert").arg(directory.join("certificate.pem"));
    launch.command.arg("--key").arg(directory.join("key.pem"));
    launch.command.arg("--conf").arg(ours("saml_idp_attributes.js"));
    (launch.until("IdP Metadata URL").await, certificate)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_viewer_signs_in_at_saml_idp() {
    let house = house().await;
    let (peer, certificate) = start(&house).await;
    let decides = decisions::start(&house, ENTITY_ID, Signs::Sha256).await;
    let sso = format!("{}/saml/sso", peer.origin);
    house.push(|catalog| {
        signs_in_at(catalog, (ENTITY_ID, &sso, &certificate));
        decisions::connect(catalog, &decides);
        let mvpd = mvpd(catalog, "OpCo");
        mvpd.preflight.get_or_insert_default().mode = usher_registry::PreflightMode::Lineup;
        for endpoint in mvpd.logout.iter_mut() {
            endpoint.protocol = LogoutMode::None;
        }
    });
    let couch = Couch::at(&house, "OpCo").await;
    let home = house.url("/demo/done");

    let trip = Browser::new(&house.http).travel(&couch.start().await, &BOB, &home).await;

    assert_eq!(trip.end.as_str(), home, "{}", trip.page);
    let profile = couch.profile().await;
    let attributes = &profile["attributes"];
    assert_eq!(attributes["userID"]["value"], "bob@provider.example", "{profile}");
    assert_eq!(attributes["householdID"]["value"], "hh-2");
    assert_eq!(attributes["channelID"]["value"], json!(["acme-one", "acme-sports"]));
    assert_eq!(attributes["zip"]["state"], "enc");
    let items = couch.decide("preauthorize", &["acme-sports", "acme-kids"]).await;
    assert_eq!(items[0]["authorized"], true, "{items}");
    assert_eq!(error(&items[1]), "preauthorization_denied_by_mvpd");
    assert_eq!(couch.authorize("acme-one").await["authorized"], true);
}
