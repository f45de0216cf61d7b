//! The pinned keys of providers, read from their certificates once per revision of the catalog.

use std::sync::Arc;

use moka::sync::Cache;
use usher_core::MvpdId;
use usher_jose::{Certificate, CertificateError};
use usher_registry::Mvpd;
use usher_saml::{Sha1, TrustError, TrustedKeys};

/// Endpoints whose keys are kept; more than any deployment has.
const ENDPOINTS_MAX: u64 = 10_000;

/// What an endpoint is for; ids are unique within a flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Flow {
    /// Signing in and out.
    Authn,
    /// Asking for decisions.
    Authz,
}

/// Why an endpoint has no usable keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PinError {
    /// A certificate cannot be read.
    #[error("a pinned certificate is {0}")]
    Certificate(#[from] CertificateError),
    /// The set is no use.
    #[error(transparent)]
    Trust(#[from] TrustError),
    /// There is none.
    #[error("no certificate is pinned")]
    None,
}

/// An endpoint.
type Key = (MvpdId, Flow, String);

/// Keys by endpoint, each with the catalog's record they were read from.
#[derive(Debug)]
pub(crate) struct Trusts(Cache<Key, (Arc<Mvpd>, Arc<TrustedKeys>)>);

impl Default for Trusts {
    fn default() -> Self {
        Self(Cache::new(ENDPOINTS_MAX))
    }
}

impl Trusts {
    /// The keys in `certificates` of the endpoint `id` of `mvpd`.
    pub(crate) fn of(
        &self,
        mvpd: &Arc<Mvpd>,
        (flow, id): (Flow, &str),
        certificates: &[String],
        allow_sha1: bool,
    ) -> Result<Arc<TrustedKeys>, PinError> {
        let key = (mvpd.id.clone(), flow, id.to_owned());
        if let Some((of, trust)) = self.0.get(&key)
            && Arc::ptr_eq(&of, mvpd)
        {
            return Ok(trust);
        }
        let trust = Arc::new(pinned(certificates, allow_sha1)?);
        self.0.insert(key, (Arc::clone(mvpd), Arc::clone(&trust)));
        Ok(trust)
    }
}

fn pinned(certificates: &[String], allow_sha1: bool) -> Result<TrustedKeys, PinError> {
    if certificates.is_empty() {
        return Err(PinError::None);
    }
    let certificates: Vec<Certificate> =
        certificates.iter().map(|pem| Certificate::from_pem(pem)).collect::<Result<_, _>>()?;
    let sha1 = if allow_sha1 { Sha1::Accepted } else { Sha1::Refused };
    Ok(TrustedKeys::pinned(&certificates, sha1)?)
}
