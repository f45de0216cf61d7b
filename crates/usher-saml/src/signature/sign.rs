//! Signing what we send.

use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bergshamra::dsig::sign::sign_owned;
use bergshamra::{DsigContext, KeysManager};
use kryptering::{EcCurve, HashAlgorithm, SignatureAlgorithm, Signer};
use usher_jose::{Certificate, SigningKey, SigningKeyRef, sha256};

use super::{ECDSA_SHA256, RSA_SHA256, SHA256};
use crate::names::{DS, ENVELOPED, EXC_C14N};
use crate::xml::Element;

/// Why a message could not be signed or encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignError {
    /// The key cannot be used.
    #[error("the key cannot be used")]
    Key,
    /// The library refused.
    #[error("the message could not be signed")]
    Sign,
    /// The library refused.
    #[error("the message could not be encrypted")]
    Encrypt,
}

/// A key with the certificate that announces it. Signs RSA-SHA256 or ECDSA-SHA256.
pub struct SigningIdentity {
    context: DsigContext,
    key: Arc<SigningKey>,
    method: &'static str,
    certificate: Certificate,
    key_info: Element,
}

impl SigningIdentity {
    /// `key`, announced by `certificate`.
    pub fn new<'k>(
        key: impl Into<SigningKeyRef<'k>>,
        certificate: Certificate,
    ) -> Result<Self, SignError> {
        let pem = key.into().to_pkcs8_pem().map_err(|_| SignError::Key)?;
        let key = Arc::new(SigningKey::from_pkcs8_pem(&pem).map_err(|_| SignError::Key)?);
        let method = match &*key {
            SigningKey::Rsa(_) => RSA_SHA256,
            SigningKey::Ec(_) => ECDSA_SHA256,
        };
        let signer = Box::new(Own(Arc::clone(&key)));
        let context = DsigContext::new(KeysManager::new()).with_hsm_signer(signer);
        let key_info = key_info(&certificate);
        Ok(Self { context, key, method, certificate, key_info })
    }

    /// The certificate that announces the key.
    pub const fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    /// An enveloped signature of the element with this id. `element` is the element without it, in canonical
    /// form. `prefixes` are the namespace prefixes that canonicalization treats inclusively (`mvpd` §7.3).
    pub(crate) fn enveloped(
        &self,
        about: (&str, Option<&str>),
        element: &str,
    ) -> Result<Element, SignError> {
        let digest = STANDARD.encode(sha256(element.as_bytes()));
        let info = signed_info(about, self.method, &digest);
        // By itself it has to declare its prefix.
        let canonical = info.clone().attr("xmlns:ds", DS).render();
        let value = STANDARD.encode(self.sign_detached(canonical.as_bytes())?);
        Ok(signature(&info, &value, &self.key_info))
    }

    /// Fills in the one empty signature (see [`Self::template`]) that is first in `xml`, whatever its form.
    pub(crate) fn sign(&self, xml: String) -> Result<String, SignError> {
        sign_owned(&self.context, xml).map_err(|_| SignError::Sign)
    }

    /// The method of its signatures.
    pub(crate) const fn method(&self) -> &'static str {
        self.method
    }

    /// A signature beside the message, for the redirect binding.
    pub(crate) fn sign_detached(&self, message: &[u8]) -> Result<Vec<u8>, SignError> {
        self.key.sign_sha256(message).map_err(|_| SignError::Sign)
    }

    /// An enveloped signature of the element with this id, still empty.
    pub(crate) fn template(&self, id: &str) -> Element {
        signature(&signed_info((id, None), self.method, ""), "", &self.key_info)
    }
}

/// Our key, as the library asks for signatures. Its own keys are put together and checked anew for each
/// signature, which takes longer than signing does.
struct Own(Arc<SigningKey>);

impl Signer for Own {
    fn algorithm(&self) -> SignatureAlgorithm {
        match &*self.0 {
            SigningKey::Rsa(_) => SignatureAlgorithm::RsaPkcs1v15(HashAlgorithm::Sha256),
            SigningKey::Ec(_) => SignatureAlgorithm::Ecdsa(EcCurve::P256, HashAlgorithm::Sha256),
        }
    }

    fn sign(&self, data: &[u8]) -> kryptering::Result<Vec<u8>> {
        let signed = self.0.sign_sha256(data);
        signed.map_err(|error| kryptering::Error::Crypto(error.to_string()))
    }
}

impl fmt::Debug for SigningIdentity {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("SigningIdentity")
    }
}

/// What is signed: that the element with this id has this digest.
fn signed_info((id, prefixes): (&str, Option<&str>), method: &str, digest: &str) -> Element {
    let algorithm = |tag, algorithm| Element::new(tag).attr("Algorithm", algorithm);
    let inclusive = prefixes.map(|prefixes| {
        Element::new("ec:InclusiveNamespaces")
            .attr("xmlns:ec", EXC_C14N)
            .attr("PrefixList", prefixes)
    });
    let canonical = algorithm("ds:Transform", EXC_C14N).children(inclusive);
    let transforms = Element::new("ds:Transforms")
        .child(&algorithm("ds:Transform", ENVELOPED))
        .child(&canonical);
    let reference = Element::new("ds:Reference")
        .attr("URI", format!("#{id}"))
        .child(&transforms)
        .child(&algorithm("ds:DigestMethod", SHA256))
        .child(&Element::new("ds:DigestValue").text(digest));
    Element::new("ds:SignedInfo")
        .child(&algorithm("ds:CanonicalizationMethod", EXC_C14N))
        .child(&algorithm("ds:SignatureMethod", method))
        .child(&reference)
}

fn signature(info: &Element, value: &str, key_info: &Element) -> Element {
    Element::new("ds:Signature")
        .attr("xmlns:ds", DS)
        .child(info)
        .child(&Element::new("ds:SignatureValue").text(value))
        .child(key_info)
}

/// A `ds:KeyInfo` with a certificate in it.
pub(crate) fn key_info(certificate: &Certificate) -> Element {
    let base64: String =
        certificate.pem().lines().filter(|line| !line.starts_with("-----")).collect();
    let certificate = Element::new("ds:X509Certificate").text(&base64);
    Element::new("ds:KeyInfo").child(&Element::new("ds:X509Data").child(&certificate))
}
