//! The provider's metadata document.

use usher_core::Timestamp;
use usher_jose::Certificate;

use crate::instant;
use crate::metadata::key_descriptor;
use crate::names::{DS, MD, REDIRECT, SAMLP};
use crate::xml::Element;

/// What a provider announces.
#[derive(Clone, Copy, Debug)]
pub struct IdpMetadata<'a> {
    /// Its entity id.
    pub entity_id: &'a str,
    /// Where viewers are sent to sign in (redirect binding).
    pub sign_in_url: &'a str,
    /// Where they are sent to sign out.
    pub logout_url: Option<&'a str>,
    /// Its certificates: the current one, then the next.
    pub signing: &'a [Certificate],
    /// Until when the document may be kept.
    pub valid_until: Option<Timestamp>,
}

impl IdpMetadata<'_> {
    /// The metadata document.
    pub fn document(&self) -> String {
        let service =
            |tag, url: &str| Element::new(tag).attr("Binding", REDIRECT).attr("Location", url);
        let keys = self.signing.iter().map(|certificate| key_descriptor("signing", certificate));
        let descriptor = Element::new("md:IDPSSODescriptor")
            .attr("WantAuthnRequestsSigned", "true")
            .attr("protocolSupportEnumeration", SAMLP)
            .children(keys)
            .children(self.logout_url.map(|url| service("md:SingleLogoutService", url)))
            .child(&service("md:SingleSignOnService", self.sign_in_url));
        Element::new("md:EntityDescriptor")
            .attr("xmlns:md", MD)
            .attr("xmlns:ds", DS)
            .attr("entityID", self.entity_id)
            .maybe_attr("validUntil", self.valid_until.map(instant::format))
            .child(&descriptor)
            .render()
    }
}
