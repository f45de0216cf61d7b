//! Keys, signatures and tokens; the only crate that touches the crypto library.
//!
//! Everything that signs, verifies, hashes, seals or draws randomness goes through here, so that the
//! choice of library and of algorithms is made once. Verification is strict on purpose: compact
//! serialisation only, an allow-list of algorithms per call, no `crit`, bounded size. What a token's
//! claims mean is decided by the crate that asked.

mod certificate;
mod digest;
mod encoding;
mod encryption;
mod hs256;
pub mod jwe;
mod jwk;
pub mod jws;
mod key;
mod random;
mod seal;
mod signer;
mod signing_pool;

pub use certificate::{Certificate, CertificateError};
pub use digest::{constant_time_eq, hmac_sha256, sha256};
pub use encoding::{base64url, base64url_decode};
pub use encryption::EncryptionKey;
pub use hs256::{sign_hs256, verify_hs256};
pub use jwe::{DecryptionKey, JweError};
pub use jwk::{Jwk, Jwks, VerificationKey, VerificationKeys};
pub use jws::{Algorithm, EncodedHeader, JwsError, Verified};
pub use key::{EcKey, KeyError, RsaKey, SigningKey, SigningKeyRef};
pub use random::OsEntropy;
pub use seal::{SealError, SealingKey};
pub use signer::{SignError, Signer};
pub use signing_pool::{Patience, SigningPool};
