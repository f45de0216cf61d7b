//! A decision point of `ndg_saml` and `ndg_xacml`, from `PyPI`.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use usher_registry::Catalog;

use super::announced;
use super::process::{Launch, Program, key_pair, ours, tool};
use crate::couch::xacml;
use crate::support::House;

/// How it signs.
pub(super) enum Signs {
    /// With RSA-SHA256.
    Sha256,
    /// With RSA-SHA1.
    Sha1,
}

/// Starts the decision point in the name of `entity_id`; answers its certificate, too.
pub(super) async fn start(house: &House, entity_id: &str, signs: Signs) -> (Program, String) {
    let mut launch = Launch::of(tool("USHER_TEST_PYTHON"));
    let directory = launch.directory.path().to_owned();
    let certificate = key_pair(&directory).await;
    let sp_certificate = directory.join("sp.pem");
    write_pem(&sp_certificate, &announced(house, "signing").await);
    let (algorithm, digest) = match signs {
        Signs::Sha256 => (
            "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
            "http://www.w3.org/2001/04/xmlenc#sha256",
        ),
        Signs::Sha1 => {
            ("http://www.w3.org/2000/09/xmldsig#rsa-sha1", "http://www.w3.org/2000/09/xmldsig#sha1")
        }
    };
    let settings = json!({
        "port": launch.port,
        "directory": directory,
        "entity_id": entity_id,
        "audience": house.url("/sp/metadata"),
        "sp_certificate": sp_certificate,
        "key": directory.join("key.pem"),
        "algorithm": algorithm,
        "digest": digest,
    });
    launch.command.arg(ours("ndg/pdp.py")).arg(settings.to_string());
    (launch.until("ready").await, certificate)
}

/// Makes `OpCo` ask there.
pub(super) fn connect(catalog: &mut Catalog, (peer, certificate): &(Program, String)) {
    let endpoint = xacml(catalog, "OpCo");
    endpoint.url = peer.origin.parse().expect("a URL");
    endpoint.certificates = vec![certificate.clone()];
}

fn write_pem(path: &Path, base64: &str) {
    STANDARD.decode(base64).expect("base64");
    let text = format!("-----BEGIN CERTIFICATE-----\n{base64}\n-----END CERTIFICATE-----\n");
    std::fs::write(path, text).expect("written");
}
