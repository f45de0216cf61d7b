//! Metadata: ours written (`mvpd` §5.10), a provider's read.
//!
//! What is read is a proposal for the configuration: nothing in it is trusted before somebody approves
//! its certificates. Its own signature is therefore not judged.

use usher_core::Timestamp;
use usher_jose::Certificate;

use crate::instant;
use crate::names::{DS, MD, PERSISTENT, POST, REDIRECT, SAMLP, TRANSIENT};
use crate::response::instant_of;
use crate::signature::key_info;
use crate::xml::{Element, Node, Xml, XmlError};

/// What our metadata announce.
#[derive(Clone, Copy, Debug)]
pub struct ServiceProvider<'a> {
    /// Our entity id.
    pub entity_id: &'a str,
    /// Where answers are posted.
    pub acs_url: &'a str,
    /// Where a logout request arrives.
    pub logout_url: &'a str,
    /// Where the answer to ours arrives.
    pub logout_response_url: &'a str,
    /// Our signing certificates: the current one, then the next.
    pub signing: &'a [Certificate],
    /// Certificates assertions may be encrypted to.
    pub encryption: &'a [Certificate],
    /// Until when the document may be kept.
    pub valid_until: Option<Timestamp>,
}

impl ServiceProvider<'_> {
    /// The metadata document.
    pub fn metadata(&self) -> String {
        let keys = |usage: &'static str, certificates: &[Certificate]| -> Vec<Element> {
            certificates.iter().map(|certificate| key_descriptor(usage, certificate)).collect()
        };
        let logout = Element::new("md:SingleLogoutService")
            .attr("Binding", REDIRECT)
            .attr("Location", self.logout_url)
            .attr("ResponseLocation", self.logout_response_url);
        let formats =
            [PERSISTENT, TRANSIENT].map(|format| Element::new("md:NameIDFormat").text(format));
        let consumer = Element::new("md:AssertionConsumerService")
            .attr("Binding", POST)
            .attr("Location", self.acs_url)
            .attr("index", "0")
            .attr("isDefault", "true");
        let descriptor = Element::new("md:SPSSODescriptor")
            .attr("AuthnRequestsSigned", "true")
            .attr("WantAssertionsSigned", "true")
            .attr("protocolSupportEnumeration", SAMLP)
            .children(keys("signing", self.signing))
            .children(keys("encryption", self.encryption))
            .child(&logout)
            .children(formats)
            .child(&consumer);
        Element::new("md:EntityDescriptor")
            .attr("xmlns:md", MD)
            .attr("xmlns:ds", DS)
            .attr("entityID", self.entity_id)
            .maybe_attr("validUntil", self.valid_until.map(instant::format))
            .child(&descriptor)
            .render()
    }
}

/// A `md:KeyDescriptor`.
pub(crate) fn key_descriptor(usage: &'static str, certificate: &Certificate) -> Element {
    Element::new("md:KeyDescriptor").attr("use", usage).child(&key_info(certificate))
}

/// What a provider announces about itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderMetadata {
    /// Its entity id.
    pub entity_id: String,
    /// Its sign-in URLs.
    pub sign_in: Endpoints,
    /// Its logout URLs.
    pub logout: Endpoints,
    /// The certificates it signs with.
    pub signing: Vec<Certificate>,
    /// Until when the document may be kept.
    pub valid_until: Option<Timestamp>,
    /// Does it want our requests signed? They are in any case.
    pub wants_signed_requests: bool,
}

/// URLs by binding.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Endpoints {
    /// For the redirect binding.
    pub redirect: Option<String>,
    /// For the POST binding.
    pub post: Option<String>,
}

/// Why a document is no metadata of a provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MetadataError {
    /// No XML within bounds.
    #[error("malformed: {0}")]
    Malformed(#[from] XmlError),
    /// No entity, or none that signs viewers in by SAML 2.0; or several and none was named.
    #[error("the document does not describe exactly one SAML 2.0 identity provider")]
    NoProvider,
    /// A certificate cannot be read.
    #[error("a certificate cannot be read")]
    Certificate,
    /// Past its own time.
    #[error("the metadata have expired")]
    Expired,
}

impl ProviderMetadata {
    /// Reads the one provider in `document`, or the one called `entity_id` if there are several.
    pub fn read(
        document: &str,
        entity_id: Option<&str>,
        now: Timestamp,
    ) -> Result<Self, MetadataError> {
        let xml = Xml::parse(document)?;
        let root = xml.root().ok_or(XmlError::Malformed)?;
        let mut providers = root.and_below().filter(|node| {
            node.is(MD, "EntityDescriptor")
                && node.child(MD, "IDPSSODescriptor").is_some()
                && entity_id.is_none_or(|id| node.attribute("entityID") == Some(id))
        });
        let entity = providers.next().ok_or(MetadataError::NoProvider)?;
        if providers.next().is_some() {
            return Err(MetadataError::NoProvider);
        }
        let metadata = Self::of(entity, root)?;
        if metadata.valid_until.is_some_and(|until| until <= now) {
            return Err(MetadataError::Expired);
        }
        Ok(metadata)
    }

    fn of(entity: Node<'_>, root: Node<'_>) -> Result<Self, MetadataError> {
        let descriptor = entity
            .children(MD, "IDPSSODescriptor")
            .find(|node| speaks_saml2(*node))
            .ok_or(MetadataError::NoProvider)?;
        let entity_id = entity.attribute("entityID").ok_or(MetadataError::NoProvider)?;
        let ends = [root, entity, descriptor].map(|node| instant_of(node, "validUntil"));
        let mut valid_until = None;
        for end in ends {
            valid_until = [valid_until, end?].into_iter().flatten().min();
        }
        Ok(Self {
            entity_id: entity_id.trim().to_owned(),
            sign_in: endpoints(descriptor, "SingleSignOnService"),
            logout: endpoints(descriptor, "SingleLogoutService"),
            signing: certificates(descriptor)?,
            valid_until,
            wants_signed_requests: descriptor
                .attribute("WantAuthnRequestsSigned")
                .is_some_and(|flag| matches!(flag, "true" | "1")),
        })
    }
}

fn speaks_saml2(descriptor: Node<'_>) -> bool {
    descriptor
        .attribute("protocolSupportEnumeration")
        .is_some_and(|protocols| protocols.split_ascii_whitespace().any(|one| one == SAMLP))
}

fn endpoints(descriptor: Node<'_>, name: &str) -> Endpoints {
    let at = |binding| {
        descriptor
            .children(MD, name)
            .find(|service| service.attribute("Binding") == Some(binding))
            .and_then(|service| service.attribute("Location"))
            .map(|url| url.trim().to_owned())
    };
    Endpoints { redirect: at(REDIRECT), post: at(POST) }
}

/// Certificates for signing: those so marked, and those not marked at all. Each once.
fn certificates(descriptor: Node<'_>) -> Result<Vec<Certificate>, MetadataError> {
    let nodes = descriptor
        .children(MD, "KeyDescriptor")
        .filter(|key| matches!(key.attribute("use"), None | Some("signing")))
        .flat_map(|key| key.children(DS, "KeyInfo"))
        .flat_map(|info| info.children(DS, "X509Data"))
        .flat_map(|data| data.children(DS, "X509Certificate"));
    let mut found = Vec::new();
    for node in nodes {
        let base64: String = node.text().split_ascii_whitespace().collect();
        let pem = format!("-----BEGIN CERTIFICATE-----\n{base64}\n-----END CERTIFICATE-----\n");
        let certificate = Certificate::from_pem(&pem).map_err(|_| MetadataError::Certificate)?;
        if !found.contains(&certificate) {
            found.push(certificate);
        }
    }
    Ok(found)
}
