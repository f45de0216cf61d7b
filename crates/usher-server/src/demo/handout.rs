//! `demo.json`: what a tester needs to talk to the demo world.

use anyhow::Result;
use serde_json::{Map, Value, json};
use url::Url;

use super::DemoKeys;
use crate::wiring::Wired;

/// The text of `demo.json` (`docs/demo.md` §2): addresses, a fresh software statement for each
/// application, and the keys with which a tester plays the identity services.
pub(super) fn handout(wired: &Wired, base_url: &Url, keys: &DemoKeys) -> Result<String> {
    let origin = base_url.as_str().trim_end_matches('/');
    let snapshot = wired.app.registry.snapshot();
    let mut applications: Vec<_> = snapshot.applications().collect();
    applications.sort_by(|one, other| one.id.cmp(&other.id));
    let mut statements = Map::new();
    for application in applications {
        let statement = wired.app.clients.mint_statement(&application.id)?;
        statements.insert(application.name.clone(), Value::String(statement));
    }
    let private_key = keys.handout.to_pkcs8_pem()?;
    let handout = json!({
        "base_url": origin,
        "console": {
            "url": format!("{origin}/console"),
            "username": "admin",
            "password": keys.console_password.expose(),
        },
        "admin_token": wired.app.settings.admin_token.expose(),
        "software_statements": statements,
        "service_token_issuer": {
            "iss": "acme-id",
            "private_key_pem": private_key.expose(),
        },
        "platform_token": {
            "iss": "roku",
            "aud": "adobe",
            "hs256_secret": keys.platform_token_secret.expose(),
        },
        "user_metadata_private_key_pem": private_key.expose(),
    });
    Ok(serde_json::to_string_pretty(&handout)? + "\n")
}
