//! Signing in and out by SAML 2.0 (`mvpd` §5): the service provider's side.
//!
//! Messages are made and judged by `usher-saml`; this module knows which provider is meant, what was
//! asked, and remembers through a port which assertions were used. Signing and verifying happen on
//! threads of their own: a message of a stranger must not keep a thread that serves others.

mod identity;
mod platform;
mod sign_in;
mod sign_out;

use std::sync::Arc;

use url::Url;
use usher_core::{Clock, Entropy, EntropyExt as _};
use usher_entitle::{Partner, SignInError, UsedAssertions};
use usher_jose::{Certificate, SigningKey};
use usher_registry::{AuthnEndpoint, AuthnProtocol, Connection, Mvpd, ProxyIssuer, SamlEndpoint};
use usher_saml::metadata::ServiceProvider;
use usher_saml::{DecryptionKey, IdentityProvider, Scoping, SignedPart, SigningIdentity};

use crate::gateway::GatewayError;
use crate::trust::{Flow, Trusts};
use crate::workers::Workers;

/// A key of ours with the certificate that announces it.
#[derive(Clone, Debug)]
pub struct SamlKey {
    /// The key; an RSA key if assertions shall be encrypted to it.
    pub key: Arc<SigningKey>,
    /// Its certificate.
    pub certificate: Certificate,
}

/// Who usher is towards SAML providers.
#[derive(Clone, Debug)]
pub struct SamlSettings {
    /// Our entity id (`mvpd` §5.2).
    pub entity_id: String,
    /// Signs what we send.
    pub signing: SamlKey,
    /// Will sign after the next change of keys; announced beforehand (`mvpd` §5.10).
    pub next_signing: Option<SamlKey>,
    /// Keys assertions may be encrypted to; all of them decrypt, the first is announced.
    pub encryption: Vec<SamlKey>,
}

/// Where browsers bring SAML messages, below the server's origin (`mvpd` §5.1).
const ACS_PATH: &str = "sp/saml/SAMLAssertionConsumer";
const LOGOUT_PATH: &str = "sp/saml/LogoutServiceHTTPRedirect";
const LOGOUT_RESPONSE_PATH: &str = "sp/saml/LogoutServiceHTTPRedirectResponse";

/// The SAML side of the gateway.
pub(crate) struct Saml {
    pub(crate) entity_id: String,
    pub(crate) identity: Arc<SigningIdentity>,
    metadata: String,
    acs_url: Url,
    logout_url: Url,
    logout_response_url: Url,
    decryption_keys: Arc<[DecryptionKey]>,
    pub(crate) trusts: Trusts,
    pub(crate) workers: Workers,
    used: Arc<dyn UsedAssertions>,
    pub(crate) clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
}

impl Saml {
    /// A service provider below `base_url`.
    pub(crate) fn new(
        base_url: &Url,
        settings: &SamlSettings,
        used: Arc<dyn UsedAssertions>,
        (clock, entropy): (Arc<dyn Clock>, Arc<dyn Entropy>),
    ) -> Result<Self, GatewayError> {
        let SamlKey { key, certificate } = &settings.signing;
        let identity = SigningIdentity::new(&**key, certificate.clone())?;
        let decryption_keys: Vec<DecryptionKey> = settings
            .encryption
            .iter()
            .filter_map(|own| match &*own.key {
                SigningKey::Rsa(key) => Some(DecryptionKey::new(key)),
                SigningKey::Ec(_) => None,
            })
            .collect::<Result<_, _>>()?;
        let acs_url = base_url.join(ACS_PATH)?;
        let logout_url = base_url.join(LOGOUT_PATH)?;
        let logout_response_url = base_url.join(LOGOUT_RESPONSE_PATH)?;
        let next = settings.next_signing.as_ref().map(|next| next.certificate.clone());
        let encryption = settings.encryption.first().map(|own| own.certificate.clone());
        let metadata = ServiceProvider {
            entity_id: &settings.entity_id,
            acs_url: acs_url.as_str(),
            logout_url: logout_url.as_str(),
            logout_response_url: logout_response_url.as_str(),
            signing: &[certificate.clone()].into_iter().chain(next).collect::<Vec<_>>(),
            encryption: &encryption.into_iter().collect::<Vec<_>>(),
            valid_until: None,
        }
        .metadata();
        Ok(Self {
            entity_id: settings.entity_id.clone(),
            identity: Arc::new(identity),
            metadata,
            acs_url,
            logout_url,
            logout_response_url,
            decryption_keys: decryption_keys.into(),
            trusts: Trusts::default(),
            workers: Workers::default(),
            used,
            clock,
            entropy,
        })
    }

    /// Our metadata document (`mvpd` §5.10).
    pub(crate) fn metadata(&self) -> &str {
        &self.metadata
    }

    /// A fresh message id: `_` and a UUID.
    pub(crate) fn id(&self) -> String {
        format!("_{}", self.entropy.uuid())
    }

    /// What is known of the provider at `endpoint`.
    fn provider(
        &self,
        mvpd: &Arc<Mvpd>,
        (id, endpoint): (&str, &SamlEndpoint),
    ) -> Result<IdentityProvider, SignInError> {
        let trust =
            self.trusts.of(mvpd, (Flow::Authn, id), &endpoint.certificates, endpoint.allow_sha1);
        let trust = trust.map_err(|error| SignInError::Unsupported(error.to_string()))?;
        Ok(IdentityProvider {
            trust,
            signed: match endpoint.signed {
                usher_registry::SignedPart::Either => SignedPart::Either,
                usher_registry::SignedPart::Assertion => SignedPart::Assertion,
                usher_registry::SignedPart::Both => SignedPart::Both,
            },
            decryption_keys: Arc::clone(&self.decryption_keys),
            require_encryption: endpoint.require_encrypted_assertion,
            skew: endpoint.skew,
        })
    }

    /// Our entity id at `endpoint`.
    fn entity_id_at<'e>(&'e self, endpoint: &'e SamlEndpoint) -> &'e str {
        endpoint.sp_entity_id.as_deref().unwrap_or(&self.entity_id)
    }
}

/// Who may stand as issuer of an answer about `partner`'s MVPD (`mvpd` §12.1).
fn issuers(partner: &Partner, endpoint: &SamlEndpoint) -> Vec<String> {
    let own = || vec![endpoint.entity_id.clone()];
    if partner.proxy.is_none() {
        return own();
    }
    let mvpd = &partner.mvpd;
    let names = [mvpd.provider_id.clone(), Some(mvpd.id.to_string()), mvpd.entity_id.clone()];
    let proxied = || names.into_iter().flatten().collect();
    match endpoint.proxy_issuer {
        ProxyIssuer::Proxied => proxied(),
        ProxyIssuer::Proxy => own(),
        ProxyIssuer::Either => [proxied(), own()].concat(),
    }
}

/// The SAML side of a sign-in endpoint, if it has one.
pub(crate) fn saml_of(endpoint: &AuthnEndpoint) -> Option<&SamlEndpoint> {
    match &endpoint.protocol {
        AuthnProtocol::Saml2(saml) => Some(saml),
        AuthnProtocol::Oauth2(_) => None,
    }
}

/// How the provider learns which brand asks.
pub(crate) fn scoping(connection: &Connection) -> Scoping {
    match connection.sp_scoping.unwrap_or_default() {
        usher_registry::Scoping::Issuer => Scoping::Issuer,
        usher_registry::Scoping::RequesterId => Scoping::RequesterId,
        usher_registry::Scoping::Both => Scoping::Both,
        usher_registry::Scoping::None => Scoping::None,
    }
}

/// An answer that proves nothing.
fn unverified(code: &'static str, detail: impl Into<String>) -> SignInError {
    SignInError::Unverified { code, detail: detail.into() }
}
