//! A decision point behind mutual TLS (`mvpd` N6): Python's `ssl`, which is OpenSSL.

use std::path::Path;

use usher_core::Secret;
use usher_registry::{AuthzProtocol, Catalog, Transport};

use super::house;
use super::process::{Launch, ours, tool};
use crate::couch::{Couch, error, mvpd};

/// Makes `Cablevision` decide at `url`, over this way.
fn decides_at(catalog: &mut Catalog, url: &str, transport: Transport) {
    let endpoint = mvpd(catalog, "Cablevision").authz.iter_mut().next().expect("an endpoint");
    let AuthzProtocol::Rest(rest) = &mut endpoint.protocol else { panic!("not asked by REST") };
    rest.url = url.parse().expect("a URL");
    rest.transport = transport;
}

#[tokio::test]
async fn a_decision_point_of_a_private_authority_gets_to_see_our_certificate() {
    let house = house().await;
    let mut launch = Launch::of(tool("USHER_TEST_PYTHON"));
    let directory = launch.directory.path().to_owned();
    launch.command.arg(ours("tls_pdp.py")).arg(launch.port.to_string()).arg(&directory);
    let peer = launch.until("ready").await;
    let url = peer.origin.replace("http:", "https:");
    let file = |name: &str| std::fs::read_to_string(Path::new(&directory).join(name)).expect(name);
    let couch = Couch::with(&house, "Cablevision", "ben").await;

    let trusting =
        Transport { certificate_authorities: vec![file("authority.pem")], ..Transport::default() };
    let known = Transport {
        client_certificate: Some(file("client.pem")),
        client_key: Some(Secret::new(file("client.key"))),
        ..trusting.clone()
    };
    house.push(|catalog| decides_at(catalog, &url, known.clone()));
    let permit = couch.authorize("acme-one").await;
    assert_eq!(permit["authorized"], true, "{permit}");

    // TLS 1.3 tells a client that it is not welcome only after it has asked.
    house.push(|catalog| decides_at(catalog, &url, trusting));
    assert_eq!(error(&couch.authorize("acme-two").await), "network_received_error");
    // Whoever is not known to any authority here is no provider at all.
    let strangers = Transport { certificate_authorities: Vec::new(), ..known };
    house.push(|catalog| decides_at(catalog, &url, strangers));
    assert_eq!(error(&couch.authorize("acme-three").await), "network_connection_timeout");
}
