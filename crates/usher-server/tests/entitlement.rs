//! REST API V2 (`pass-rest-v2`, `errors`) over real HTTP against the whole demo world; viewers sign in at
//! the built-in provider by posting its form.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a broken expectation ends the test"
)]

#[path = "entitlement/app.rs"]
mod app;
#[path = "entitlement/browser.rs"]
mod browser;
#[path = "entitlement/configuration.rs"]
mod configuration;
#[path = "entitlement/crowd.rs"]
mod crowd;
#[path = "entitlement/daily_resets.rs"]
mod daily_resets;
#[path = "entitlement/decisions.rs"]
mod decisions;
#[path = "entitlement/degradation.rs"]
mod degradation;
#[path = "entitlement/errors.rs"]
mod errors;
#[path = "entitlement/events.rs"]
mod events;
#[path = "entitlement/explain.rs"]
mod explain;
#[path = "entitlement/general.rs"]
mod general;
#[path = "entitlement/hostile.rs"]
mod hostile;
#[path = "entitlement/logout.rs"]
mod logout;
#[path = "entitlement/partner.rs"]
mod partner;
#[path = "mvpd/peer.rs"]
mod peer;
#[path = "entitlement/privacy.rs"]
mod privacy;
#[path = "entitlement/profiles.rs"]
mod profiles;
#[path = "entitlement/provider.rs"]
mod provider;
#[path = "entitlement/sessions.rs"]
mod sessions;
#[path = "entitlement/sso.rs"]
mod sso;
mod support;
#[path = "entitlement/temp_pass.rs"]
mod temp_pass;
