//! XML signatures and detached ones: made by [`SigningIdentity`], judged by [`TrustedKeys`].
//!
//! A signature counts only if it has exactly the shape SAML prescribes, uses an allowed algorithm and
//! verifies with a key from the configuration. What the message itself says about keys is ignored. What a
//! valid signature covers is named by element, not by id, so that nothing else can take its place.

mod sign;
mod trust;
mod verify;

pub(crate) use sign::key_info;
pub use sign::{SignError, SigningIdentity};
pub use trust::{Sha1, TrustError, TrustedKeys};
pub use verify::SignatureError;
pub(crate) use verify::covered;

/// RSASSA-PKCS1-v1_5 with SHA-256: what we sign with.
const RSA_SHA256: &str = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256";
/// ECDSA with SHA-256: what we sign with where the key is of that kind.
const ECDSA_SHA256: &str = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256";
const RSA_SHA1: &str = "http://www.w3.org/2000/09/xmldsig#rsa-sha1";
const SHA256: &str = "http://www.w3.org/2001/04/xmlenc#sha256";
const SHA1: &str = "http://www.w3.org/2000/09/xmldsig#sha1";

/// Signature methods that need no consent (`mvpd` §5.5 row 9).
const METHODS: [&str; 5] = [
    RSA_SHA256,
    "http://www.w3.org/2001/04/xmldsig-more#rsa-sha384",
    "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512",
    ECDSA_SHA256,
    "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384",
];

/// Digest methods that need no consent.
const DIGESTS: [&str; 3] = [
    SHA256,
    "http://www.w3.org/2001/04/xmldsig-more#sha384",
    "http://www.w3.org/2001/04/xmlenc#sha512",
];
