//! SAML providers and their decision points (`mvpd` §5, §7, §12), over real HTTP against the whole
//! server.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a broken expectation ends the test"
)]

mod support;

#[path = "saml/couch.rs"]
mod couch;
#[path = "saml/decisions.rs"]
mod decisions;
#[path = "saml/faults.rs"]
mod faults;
#[path = "saml/logout.rs"]
mod logout;
#[path = "saml/pdp.rs"]
mod pdp;
#[path = "saml/peers/mod.rs"]
mod peers;
#[path = "saml/proxies.rs"]
mod proxies;
#[path = "saml/sign_in.rs"]
mod sign_in;
