//! Keys and passwords that only the demo world has.

use std::sync::Arc;

use anyhow::Result;
use url::Url;
use usher_config::Settings;
use usher_core::{Clock, Entropy, Timestamp};
use usher_jose::{Certificate, RsaKey};
use usher_mvpd::demo::{DemoClient, DemoSettings, SamlIdentity, SamlPeer};
use usher_mvpd::{DemoProviders, SamlSettings};

use super::Password;
use crate::keys::{ACCESS_TOKENS_FILE, KeyRing, Keys, STATEMENTS_FILE, rsa_keys};

/// usher's clients at Cablevision, one per channel; the catalog names the same.
const CABLEVISION_CLIENTS: [&str; 3] = ["usher-ref30", "usher-news24", "usher-globex1"];

const HANDOUT_FILE: &str = "demo-handout.pem";

/// What the demo signs with as a TV provider, and what it hands out in `demo.json`.
pub struct DemoKeys {
    /// Signs `AD-Service-Token`s of the issuer `acme-id` and decrypts the metadata of media company
    /// `acme`: whoever reads `demo.json` plays both, and making an RSA key takes a tenth of a second.
    pub handout: RsaKey,
    /// The certificate that encrypts the metadata.
    pub metadata_certificate: Certificate,
    /// Verifies what OpCo signs.
    pub opco_certificate: Certificate,
    /// Verifies what its hub signs.
    pub opcohub_certificate: Certificate,
    /// Signs platform tokens of the issuer `roku`.
    pub platform_token_secret: Password,
    /// usher's own secret at Cablevision.
    pub cablevision_client_secret: Password,
    /// Password of the console's user `admin`.
    pub console_password: Password,
}

const OPCO_FILE: &str = "demo-opco.pem";
const OPCOHUB_FILE: &str = "demo-opcohub.pem";

fn opco_certificate(ring: &KeyRing, key: &str, now: Timestamp) -> Result<Certificate> {
    let name = key.replace(".pem", "-certificate.pem");
    ring.certificate(&name, &ring.ec(key)?, "usher demo, SAML identity provider", now)
}

impl DemoKeys {
    /// The server's keys and the demo's, made when missing.
    ///
    /// All RSA keys are made side by side first: they are most of a first start's time.
    pub fn open(ring: &KeyRing, now: Timestamp) -> Result<(Keys, Self)> {
        let [handout, statements, tokens] =
            rsa_keys(ring, [HANDOUT_FILE, STATEMENTS_FILE, ACCESS_TOKENS_FILE])?;
        let demo = Self {
            metadata_certificate: ring.certificate(
                "demo-metadata-certificate.pem",
                &handout,
                "usher demo, user metadata of acme",
                now,
            )?,
            opco_certificate: opco_certificate(ring, OPCO_FILE, now)?,
            opcohub_certificate: opco_certificate(ring, OPCOHUB_FILE, now)?,
            handout,
            platform_token_secret: ring.password("demo-platform-token")?,
            cablevision_client_secret: ring.password("demo-cablevision-client")?,
            console_password: ring.password("demo-console")?,
        };
        Ok((Keys::of_sandbox(ring, statements, tokens, now)?, demo))
    }

    /// The built-in TV providers below `base_url`, which know `usher` by its SAML settings.
    pub fn providers(
        &self,
        ring: &KeyRing,
        base_url: &Url,
        (settings, usher): (&Settings, SamlSettings),
        (clock, entropy): (&Arc<dyn Clock>, &Arc<dyn Entropy>),
    ) -> Result<DemoProviders> {
        let clients = CABLEVISION_CLIENTS.map(|id| DemoClient {
            id: id.to_owned(),
            secret: self.cablevision_client_secret.clone(),
        });
        let opco = |certificate: &Certificate, name| -> Result<_> {
            Ok(SamlIdentity { key: ring.ec(name)?, certificate: certificate.clone() })
        };
        let settings = DemoSettings {
            cablevision: ring.ec("demo-cablevision.pem")?,
            clients: clients.to_vec(),
            opco: opco(&self.opco_certificate, OPCO_FILE)?,
            opcohub: opco(&self.opcohub_certificate, OPCOHUB_FILE)?,
            peer: SamlPeer {
                entity_id: usher.entity_id,
                encryption: usher.signing.certificate.clone(),
                signing: vec![usher.signing.certificate],
            },
            authz_ttl: settings.entitlement.authz_ttl,
        };
        let world = (Arc::clone(clock), Arc::clone(entropy));
        Ok(DemoProviders::new(base_url, settings, world)?)
    }
}
