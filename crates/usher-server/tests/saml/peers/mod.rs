//! Providers written by others: their software, our server, one viewer.
//!
//! `cargo xtask test` installs them outside the clone and says where. Without them these tests fail.

mod browser;
mod decisions;
mod forms;
mod oidc_provider;
mod process;
mod pysaml2;
mod saml_idp;
mod simplesamlphp;
mod tls;

use std::time::{Duration, SystemTime};

use usher_core::Clock as _;
use usher_registry::{Catalog, SamlEndpoint};

use crate::couch::saml;
use crate::support::House;

/// A house whose clock is that of its peers.
async fn house() -> House {
    let house = House::open().await;
    #[expect(clippy::disallowed_methods, reason = "programs of others live in the present")]
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("a time");
    let then = u64::try_from(house.clock.now().as_millis()).expect("after 1970");
    house.clock.advance(now.saturating_sub(Duration::from_millis(then)));
    house
}

/// Makes `OpCo` the provider at these addresses.
fn signs_in_at<'c>(
    catalog: &'c mut Catalog,
    (entity_id, sso_url, certificate): (&str, &str, &str),
) -> &'c mut SamlEndpoint {
    let endpoint = saml(catalog, "OpCo");
    entity_id.clone_into(&mut endpoint.entity_id);
    endpoint.sso_url = sso_url.parse().expect("a URL");
    endpoint.certificates = vec![certificate.to_owned()];
    endpoint
}

/// The certificate in the house's metadata for `purpose`, base64 alone.
async fn announced(house: &House, purpose: &str) -> String {
    let document = house.send(house.get("/sp/metadata")).await.text().await.expect("text");
    let (_, from) = document.split_once(&format!("use=\"{purpose}\"")).expect("a key");
    let (_, from) = from.split_once("X509Certificate>").expect("a certificate");
    from.split('<').next().unwrap_or_default().to_owned()
}
