//! SAML 2.0 and XACML messages: built, signed, bounded, verified.
//!
//! Messages in, verified views out. This crate is the only one that reads XML. It opens no connection,
//! reads no clock and remembers nothing: the present, keys and identifiers are handed in. What it returns
//! from a stranger's message was covered by a signature of a pinned key; whatever is wrong with a message
//! ends in an error of bounded cost.
//!
//! [`IdentityProvider`] verifies sign-in responses, [`AuthnRequest`] asks for them, [`authz`] asks a
//! provider's authorization service, [`Resource`] reads MRSS, [`proxied`] the lists of proxies, and [`idp`] is the provider's side of it all.

pub mod authz;
pub mod binding;
mod encryption;
#[cfg(any(test, feature = "fuzzing"))]
pub mod fuzz;
pub mod idp;
mod instant;
mod issuer;
pub mod logout;
pub mod metadata;
mod mrss;
mod names;
pub mod proxied;
mod request;
mod response;
mod signature;
mod xml;

pub use encryption::DecryptionKey;
pub use issuer::claimed_issuer;
pub use mrss::{Rating, Resource, ResourceError};
pub use names::{PERSISTENT, TRANSIENT};
pub use request::{AuthnRequest, Proxied, Scoping, scoped_entity_id};
pub use response::{
    Expected, IdentityProvider, NameId, Rejection, SignedPart, Unsolicited, VerifiedAssertion,
};
pub use signature::{Sha1, SignError, SignatureError, SigningIdentity, TrustError, TrustedKeys};
pub use xml::{BYTES_MAX, XmlError};

#[cfg(test)]
mod tests;
