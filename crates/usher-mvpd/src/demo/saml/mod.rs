//! OpCo and its hub: SAML identity providers with XACML decision points.
//!
//! Both are the same program under two names; the hub signs viewers in for the proxied provider it was
//! asked for (`mvpd` §12.1). Requests must be signed by usher, answers are signed by a key whose
//! certificate the demo's catalog pins.

mod decision;
mod logout;
mod sign_in;

use std::sync::OnceLock;
use std::time::Duration;

use usher_core::EntropyExt as _;
use usher_jose::{Certificate, EcKey};
use usher_saml::idp::IdpMetadata;
use usher_saml::{Sha1, SigningIdentity, TrustedKeys};

use super::switchboard::{DemoProvider, Fault};
use super::{DemoError, DemoProviders};

pub use decision::XacmlAnswer;
pub use sign_in::{SamlForm, SamlOutcome, SamlRequestError};

/// What a SAML provider of the demo signs with.
pub struct SamlIdentity {
    /// Its key.
    pub key: EcKey,
    /// The certificate that the catalog pins.
    pub certificate: Certificate,
}

/// One of the two.
pub(super) struct SamlProvider {
    name: DemoProvider,
    identity: SigningIdentity,
    /// A key that was never published.
    former: OnceLock<Option<SigningIdentity>>,
}

impl SamlProvider {
    pub(super) fn new(name: DemoProvider, own: &SamlIdentity) -> Result<Self, DemoError> {
        let identity = SigningIdentity::new(&own.key, own.certificate.clone())?;
        Ok(Self { name, identity, former: OnceLock::new() })
    }
}

/// usher, as its SAML providers know it.
pub struct SamlPeer {
    /// Its entity id.
    pub entity_id: String,
    /// Its signing certificates.
    pub signing: Vec<Certificate>,
    /// The certificate it wants assertions encrypted to.
    pub encryption: Certificate,
}

/// The same, read.
pub(super) struct Peer {
    pub(super) entity_id: String,
    pub(super) signing: TrustedKeys,
    pub(super) encryption: Certificate,
}

impl Peer {
    pub(super) fn new(peer: SamlPeer) -> Result<Self, DemoError> {
        let signing = TrustedKeys::pinned(&peer.signing, Sha1::Refused)?;
        Ok(Self { entity_id: peer.entity_id, signing, encryption: peer.encryption })
    }
}

/// A SAML provider of the demo at work.
#[derive(Clone, Copy)]
pub struct SamlSide<'d> {
    demo: &'d DemoProviders,
    provider: &'d SamlProvider,
}

impl DemoProviders {
    /// The SAML provider whose pages are below `/demo/{name}/`.
    pub fn saml(&self, name: &str) -> Option<SamlSide<'_>> {
        let provider = match DemoProvider::named(name)? {
            DemoProvider::OpCo => &self.opco,
            DemoProvider::OpCoHub => &self.opcohub,
            DemoProvider::Cablevision => return None,
        };
        Some(SamlSide { demo: self, provider })
    }
}

impl SamlSide<'_> {
    /// Which one it is.
    pub const fn name(&self) -> DemoProvider {
        self.provider.name
    }

    /// Its entity id, and the address its pages are below.
    pub fn entity_id(&self) -> String {
        format!("{}/demo/{}", self.demo.origin, self.provider.name.id().to_ascii_lowercase())
    }

    /// Its metadata document.
    pub fn metadata(&self) -> String {
        let base = self.entity_id();
        IdpMetadata {
            entity_id: &base,
            sign_in_url: &format!("{base}/sso"),
            logout_url: Some(&format!("{base}/slo")),
            signing: std::slice::from_ref(self.provider.identity.certificate()),
            valid_until: None,
        }
        .document()
    }

    /// The name it answers under.
    fn name_given(&self) -> String {
        if self.does(Fault::WrongIssuer) {
            return "https://somebody.example/saml".to_owned();
        }
        self.entity_id()
    }

    /// The name it answers under for the provider called `proxied`.
    fn issuer_for(&self, proxied: Option<&str>) -> String {
        match proxied {
            Some(proxied) if !self.does(Fault::WrongIssuer) => proxied.to_owned(),
            Some(_) | None => self.name_given(),
        }
    }

    fn does(&self, fault: Fault) -> bool {
        self.demo.switchboard.is_on(self.provider.name, fault)
    }

    /// What it signs with now.
    fn identity(&self) -> &SigningIdentity {
        if !self.does(Fault::FormerKey) {
            return &self.provider.identity;
        }
        let former = self.provider.former.get_or_init(|| {
            let key = EcKey::generate().ok()?;
            let now = self.demo.clock.now();
            let validity = (now, now + Duration::from_hours(24));
            let certificate = Certificate::self_signed(&key, "a former key", validity).ok()?;
            SigningIdentity::new(&key, certificate).ok()
        });
        former.as_ref().unwrap_or(&self.provider.identity)
    }

    fn id(&self) -> String {
        format!("_{}", self.demo.entropy.uuid())
    }
}
