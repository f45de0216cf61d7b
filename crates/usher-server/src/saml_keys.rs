//! The keys towards SAML providers: one signs, one may already be announced, some decrypt.
//!
//! Providers pin our certificates, so a key is changed in three steps that are days apart: put the next
//! key beside the current one (`usher mvpd keys --announce`), wait until every provider has our new
//! metadata, make it the current one (`usher mvpd keys --switch`). A key of one's own, with a certificate
//! of whatever authority, replaces a file.

use std::sync::Arc;

use anyhow::{Result, ensure};
use usher_core::{Secret, Timestamp};
use usher_jose::{Certificate, RsaKey, SigningKey};
use usher_mvpd::{SamlKey, SamlSettings};

use crate::keys::{CERTIFICATE_LIFETIME, KeyRing, rsa_keys};

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
        ensure!(
            !ring.holds(&pem(NEXT_SIGNING)) || ring.holds(&certificate(NEXT_SIGNING)),
            "the switch to the next SAML key stopped half way: run `usher mvpd keys --switch` again"
        );
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

/// A key that providers know us by, or will.
pub struct KeyInUse {
    /// What it is for.
    pub purpose: &'static str,
    /// What providers know of it.
    pub certificate: Certificate,
}

/// The keys in `ring`, made when missing.
pub fn in_use(ring: &KeyRing, now: Timestamp) -> Result<Vec<KeyInUse>> {
    let keys = SamlKeys::open(ring, now)?;
    let mut found = vec![KeyInUse { purpose: "signs", certificate: keys.signing.certificate }];
    found.extend(
        keys.next_signing.map(|next| KeyInUse {
            purpose: "will sign (announced)",
            certificate: next.certificate,
        }),
    );
    found.extend(
        keys.encryption
            .into_iter()
            .map(|key| KeyInUse { purpose: "decrypts", certificate: key.certificate }),
    );
    Ok(found)
}

/// Puts the next signing key beside the current one.
pub fn announce(ring: &KeyRing, now: Timestamp) -> Result<()> {
    ensure!(
        !ring.holds(&pem(NEXT_SIGNING)),
        "a next key is announced already: `--switch` makes it the current one"
    );
    let key = RsaKey::generate()?;
    let validity = (now, now + CERTIFICATE_LIFETIME);
    let announced = Certificate::self_signed(&key, COMMON_NAME, validity)?;
    // The key goes last: without it the certificate is nothing.
    ring.put(&certificate(NEXT_SIGNING), &Secret::new(announced.pem().to_owned()))?;
    ring.put(&pem(NEXT_SIGNING), &key.to_pkcs8_pem()?)
}

/// Makes the next signing key the current one.
///
/// The key goes last: after a crash in between the same command finishes the work, and until then the
/// server says so.
pub fn switch(ring: &KeyRing) -> Result<()> {
    ensure!(ring.holds(&pem(NEXT_SIGNING)), "no next key is announced: `--announce` makes one");
    if ring.holds(&certificate(NEXT_SIGNING)) {
        ring.rename(&certificate(NEXT_SIGNING), &certificate(SIGNING))?;
    }
    ring.rename(&pem(NEXT_SIGNING), &pem(SIGNING))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prints(ring: &KeyRing) -> Vec<(&'static str, String)> {
        let keys = in_use(ring, Timestamp::from_secs(1_795_631_371)).unwrap();
        keys.into_iter().map(|it| (it.purpose, it.certificate.fingerprint())).collect()
    }

    #[test]
    fn a_key_is_announced_and_then_switched_to() {
        let directory = tempfile::tempdir().unwrap();
        let ring = KeyRing::open(directory.path()).unwrap();
        let now = Timestamp::from_secs(1_795_631_371);
        let before = prints(&ring);
        assert_eq!(before.iter().map(|it| it.0).collect::<Vec<_>>(), ["signs", "decrypts"]);
        assert!(switch(&ring).is_err());
        announce(&ring, now).unwrap();
        assert!(announce(&ring, now).is_err());
        let announced = prints(&ring);
        assert_eq!((announced.len(), &announced[0]), (3, &before[0]));

        // A crash after the certificate was renamed.
        ring.rename(&certificate(NEXT_SIGNING), &certificate(SIGNING)).unwrap();
        assert!(in_use(&ring, now).is_err());
        switch(&ring).unwrap();
        let after = prints(&ring);
        assert_eq!(after.len(), 2);
        assert_eq!(after[0].1, announced[1].1);
        assert_eq!(after[1], before[1]);
    }
}
