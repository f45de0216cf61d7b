//! Who a message says to be from.

use crate::names::SAML;
use crate::xml::{Xml, XmlError};

/// Who says to have sent the message `document`: by this its keys are looked up. Nothing of it is believed.
pub fn claimed_issuer(document: &str) -> Result<String, XmlError> {
    let xml = Xml::parse(document)?;
    let root = xml.root().ok_or(XmlError::Malformed)?;
    root.child_text(SAML, "Issuer").ok_or(XmlError::Malformed)
}
