//! `pysaml2`, from `PyPI`, with `xmlsec1`.

use serde_json::json;
use usher_registry::Scoping;

use super::browser::Browser;
use super::decisions::{self, Signs};
use super::process::{Launch, Program, key_pair, ours, tool};
use super::{house, signs_in_at};
use crate::couch::{Couch, mvpd};
use crate::support::House;

/// Starts the provider; answers its certificate, too.
async fn start(house: &House) -> (Program, String) {
    let mut launch = Launch::of(tool("USHER_TEST_PYTHON"));
    let directory = launch.directory.path().to_owned();
    let certificate = key_pair(&directory).await;
    let metadata = house.send(house.get("/sp/metadata")).await.text().await.expect("text");
    let sp_metadata = directory.join("sp.xml");
    std::fs::write(&sp_metadata, metadata).expect("written");
    let settings =
        json!({ "port": launch.port, "directory": directory, "sp_metadata": sp_metadata });
    launch.command.arg(ours("pysaml2_idp.py")).arg(settings.to_string());
    (launch.until("ready").await, certificate)
}

#[tokio::test(flavor = "multi_thread")]
async fn mvpd_1_pysaml2_reads_the_metadata_verifies_the_request_and_signs_a_viewer_in() {
    let house = house().await;
    let (peer, certificate) = start(&house).await;
    let (entity_id, sso) = (format!("{}/idp", peer.origin), format!("{}/sso", peer.origin));
    let decides = decisions::start(&house, &entity_id, Signs::Sha256).await;
    house.push(|catalog| {
        signs_in_at(catalog, (&entity_id, &sso, &certificate));
        decisions::connect(catalog, &decides);
        mvpd(catalog, "OpCo").connection.sp_scoping = Some(Scoping::RequesterId);
    });
    let couch = Couch::at(&house, "OpCo").await;
    let home = house.url("/demo/done");
    let request = couch.provider_address().await;
    let touched = request.as_str().replace("RelayState=", "RelayState=x");
    let trip = Browser::new(&house.http).travel(&touched, &[], &home).await;
    assert!(trip.page.starts_with("refused: "), "{}", trip.page);

    let trip = Browser::new(&house.http).travel(&couch.start().await, &[], &home).await;

    assert_eq!(trip.end.as_str(), home, "{}", trip.page);
    let profile = couch.profile().await;
    let attributes = &profile["attributes"];
    assert_eq!(attributes["userID"]["value"], "carol-7f31", "{profile}");
    assert_eq!(attributes["householdID"]["value"], "hh-3", "{profile}");
    assert_eq!(attributes["channelID"]["value"], json!(["acme-one"]));
    assert_eq!(couch.authorize("acme-one").await["authorized"], true);
}
