//! Asking a provider's authorization service: XACML 2.0, plain or inside SAML inside SOAP (`mvpd` §7).
//!
//! [`Query`] is written in either form; [`read_soap`] and [`read_plain`] return the [`AuthzResult`]s of an
//! answer. What a decision and its obligations mean for the viewer is the caller's business; the helpers
//! of [`AuthzResult`] only find what providers say where.

mod answer;
mod obligation;
mod query;
mod resource;

use usher_core::Timestamp;

pub(crate) use answer::soap_body;
pub use answer::{Answer, AuthzExpected, AuthzRejection, read_plain, read_soap};
pub use obligation::{Assignment, AuthzResult, Decision, Obligation};
pub use query::{Query, Subject};
pub(crate) use query::{envelope, text_attributes};
pub use resource::{RatingStyle, ResourceFormat, ResourceNames};

/// Identifiers of attributes every query has.
pub(crate) mod id {
    pub(crate) const SUBJECT: &str = "urn:oasis:names:tc:xacml:1.0:subject:subject-id";
    pub(crate) const SUBJECT_TOKEN: &str = "urn:oasis:names:tc:xacml:1.0:subject:subject-token";
    pub(crate) const ACCESS_SUBJECT: &str =
        "urn:oasis:names:tc:xacml:1.0:subject-category:access-subject";
    pub(crate) const RESOURCE: &str = "urn:oasis:names:tc:xacml:1.0:resource:resource-id";
    pub(crate) const ACTION: &str = "urn:oasis:names:tc:xacml:1.0:action:action-id";
}

/// The default attribute that carries the viewer's address (`mvpd` §7.4).
pub const IP_ADDRESS: &str = "urn:oasis:names:tc:xacml:1.0:subject:authn-locality:ip-address";
/// The data type of addresses in SOAP queries.
pub const IP_ADDRESS_TYPE: &str = "urn:oasis:names:tc:xacml:2.0:data-type:ipAddress";
/// The data type of texts.
pub const STRING: &str = "http://www.w3.org/2001/XMLSchema#string";
/// The data type of tokens.
pub const BASE64: &str = "http://www.w3.org/2001/XMLSchema#base64Binary";

/// One attribute of a query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attribute {
    /// Its `AttributeId`.
    pub id: String,
    /// Its `DataType`.
    pub data_type: String,
    /// Its value.
    pub value: String,
}

impl Attribute {
    /// A text.
    pub fn string(id: impl Into<String>, value: impl Into<String>) -> Self {
        Self { id: id.into(), data_type: STRING.to_owned(), value: value.into() }
    }
}

/// What the SAML around a query says (`mvpd` §7.3).
#[derive(Clone, Copy, Debug)]
pub struct QueryHeader<'a> {
    /// `_` and 32 random hexadecimal digits.
    pub id: &'a str,
    /// The present.
    pub issue_instant: Timestamp,
    /// The URL asked; left out if there is none.
    pub destination: Option<&'a str>,
    /// Our entity id, with the scoping suffix where the provider wants it.
    pub issuer: &'a str,
    /// `CombinePolicies="false"` for providers that expect it.
    pub combine_policies: Option<bool>,
    /// `InputContextOnly` for providers that expect it.
    pub input_context_only: Option<bool>,
}
