//! Single sign-on by what a request says of its viewer (`pass-rest-v2` §13, `access-variants` §4): who is
//! who, and which profiles that opens.
//!
//! Two kinds of tokens make a *subject*: those of a platform (an account or a device) and those of an
//! identity service (a viewer). A token that proves nothing is as good as none; nothing here is an error.

mod accounts;
mod guard;
mod sharing;
mod tokens;

use std::fmt;

use serde::{Deserialize, Serialize};
use usher_core::{MediaCompanyId, Secret};
use usher_jose::sha256;

pub use accounts::{DEVICES_MAX, LinkCode, LinkedDevice, SsoAccount, SsoStore, TokenDigest};
pub(crate) use guard::MistakeGuard;
pub(crate) use sharing::{is_shared, origin};
pub(crate) use tokens::{OwnToken, ServiceSubject, TokenReader, own_kid};

/// The tokens of a request, as they were sent.
#[derive(Clone, Debug, Default)]
pub struct SsoTokens {
    /// Of the platform, the preferred header first.
    pub platform: Vec<Secret<String>>,
    /// Of an identity service.
    pub service: Option<Secret<String>>,
}

/// By what kind of token somebody is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SsoMethod {
    /// A platform's.
    Platform,
    /// An identity service's.
    ServiceToken,
}

impl SsoMethod {
    /// Its name in stores.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Platform => "platform",
            Self::ServiceToken => "service_token",
        }
    }
}

/// Somebody whom a token names. Only a digest is kept of who that is.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct SsoSubject {
    /// By what kind of token.
    pub method: SsoMethod,
    digest: [u8; 32],
}

impl SsoSubject {
    /// The subject `sub` of the issuer `iss`.
    pub(crate) fn issued(method: SsoMethod, iss: &str, sub: &str) -> Self {
        Self::of(method, &["issued", iss, sub])
    }

    /// The subject `sub` of our own service at `company`: nobody outside it is the same.
    pub(crate) fn own(company: &MediaCompanyId, sub: &str) -> Self {
        Self::of(SsoMethod::ServiceToken, &["own", company.as_str(), sub])
    }

    fn of(method: SsoMethod, parts: &[&str]) -> Self {
        // A length in front of each part keeps ("a", "bc") and ("ab", "c") apart.
        let named = |part: &&str| [part.len().to_string().as_str(), ":", part].concat();
        let text: Vec<_> = parts.iter().map(named).collect();
        Self { method, digest: sha256(text.concat().as_bytes()) }
    }

    /// The subject with this digest, as it would come out of a token.
    pub const fn from_digest(method: SsoMethod, digest: [u8; 32]) -> Self {
        Self { method, digest }
    }

    /// The digest, for stores.
    pub const fn digest(&self) -> &[u8; 32] {
        &self.digest
    }
}

impl fmt::Debug for SsoSubject {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "SsoSubject({:?})", self.method)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subjects_differ_by_method_issuer_and_name() {
        let roku = SsoSubject::issued(SsoMethod::Platform, "roku", "1");
        assert_eq!(roku, SsoSubject::issued(SsoMethod::Platform, "roku", "1"));
        assert_ne!(roku, SsoSubject::issued(SsoMethod::Platform, "rok", "u1"));
        assert_ne!(roku, SsoSubject::issued(SsoMethod::ServiceToken, "roku", "1"));
        let (acme, globex) = ("acme".into(), "globex".into());
        assert_ne!(SsoSubject::own(&acme, "1"), SsoSubject::own(&globex, "1"));
    }

    #[test]
    fn a_subject_does_not_print_itself() {
        let printed = format!("{:?}", SsoSubject::issued(SsoMethod::Platform, "roku", "ann"));
        assert_eq!(printed, "SsoSubject(Platform)");
    }
}
