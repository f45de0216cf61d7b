//! The keys towards SAML providers: one signs, one may already be announced, some decrypt.
//!
//! Providers pin our certificates, so a key is changed in three steps that are days apart: put the next
//! key beside the current one (`usher mvpd keys --announce`), wait until every provider has our new
//! metadata, make it the current one (`usher mvpd keys --switch`). A key of one's own, with a certificate
//! of whatever authority, replaces a file.

use std::sync::Arc;

use anyhow::Result;
use usher_core::Timestamp;
use usher_jose::{RsaKey, SigningKey};
use usher_mvpd::{SamlKey, SamlSettings};

use crate::keys::{KeyRing, rsa_keys};

const SIGNING: &str = "saml-signing";
const NEXT_SIGNING: &str = "saml-signing-next";
const ENCRYPTION: &str = "saml-encryption";

/// What a ring holds for SAML.
pub struct SamlKeys {
    signing: SamlKey,
    next_signing: Option<SamlKey>,
    encryption: Vec<SamlKey>,
}

impl SamlKeys {
    /// Loads the keys, making what is missing.
    pub fn open(ring: &KeyRing, now: Timestamp) -> Result<Self> {
        let files = [SIGNING, ENCRYPTION].map(pem);
        let [signing, encryption] = rsa_keys(ring, [&files[0], &files[1]])?;
        let next = ring.holds(&pem(NEXT_SIGNING)).then(|| ring.rsa(&pem(NEXT_SIGNING)));
        let next = next.transpose()?;
        let next_signing = next.map(|key| own(ring, NEXT_SIGNING, key, now)).transpose()?;
        Ok(Self {
            signing: own(ring, SIGNING, signing, now)?,
            next_signing,
            encryption: vec![own(ring, ENCRYPTION, encryption, now)?],
        })
    }

    /// The keys of a sandbox: an RSA key that is there already serves all purposes
    /// ([`crate::keys::Keys::of_sandbox`]).
    pub fn of_sandbox(ring: &KeyRing, key: &Arc<SigningKey>, now: Timestamp) -> Result<Self> {
        let certificate = ring.certificate(&certificate(SIGNING), &**key, COMMON_NAME, now)?;
        let own = SamlKey { key: Arc::clone(key), certificate };
        Ok(Self { signing: own.clone(), next_signing: None, encryption: vec![own] })
    }

    /// Who we are, under this entity id.
    pub fn settings(&self, entity_id: String) -> SamlSettings {
        SamlSettings {
            entity_id,
            signing: self.signing.clone(),
            next_signing: self.next_signing.clone(),
            encryption: self.encryption.clone(),
        }
    }
}

const COMMON_NAME: &str = "usher, SAML service provider";

fn own(ring: &KeyRing, name: &str, key: RsaKey, now: Timestamp) -> Result<SamlKey> {
    let certificate = ring.certificate(&certificate(name), &key, COMMON_NAME, now)?;
    Ok(SamlKey { key: Arc::new(key.into()), certificate })
}

fn pem(name: &str) -> String {
    format!("{name}.pem")
}

fn certificate(name: &str) -> String {
    format!("{name}-certificate.pem")
}
