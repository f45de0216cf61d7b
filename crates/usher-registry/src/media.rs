//! Media companies and their channels.

use serde::Deserialize;
use url::Url;
use usher_core::{MediaCompanyId, ServiceProviderId};

/// A media company (programmer): owns channels and registered applications.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MediaCompany {
    /// Its id, unique in the catalog.
    pub id: MediaCompanyId,
    /// The name people see.
    pub name: String,
    /// The organisation it belongs to in privacy requests (`access-variants` V1); its id when absent.
    #[serde(default)]
    pub organization: Option<String>,
    /// Custom URL schemes of all its channels, such as `adbe.acmedemo0000000000001`.
    #[serde(default)]
    pub custom_schemes: Vec<String>,
    /// PEM certificates that encrypt user metadata, the newest first.
    #[serde(default)]
    pub metadata_certificates: Vec<String>,
    /// How they do.
    #[serde(default)]
    pub metadata_encryption: MetadataEncryption,
}

/// How user metadata is encrypted (`mvpd` U5).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MetadataEncryption {
    /// RSA with PKCS#1 v1.5 padding, in Base64: what applications of this field expect. Values of more than
    /// some 240 bytes do not fit.
    #[default]
    Rsa,
    /// JSON Web Encryption in compact form, RSA-OAEP-256 and A256GCM: values of any length.
    Jwe,
}

impl MediaCompany {
    /// The organisation it belongs to.
    pub fn organization(&self) -> &str {
        self.organization.as_deref().unwrap_or(self.id.as_str())
    }
}

/// A service provider (channel, brand, requestor). Belongs to one media company.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServiceProvider {
    /// Its id, unique in the catalog; the `{serviceProvider}` of the paths.
    pub id: ServiceProviderId,
    /// The brand's name.
    pub name: String,
    /// The company that owns it.
    pub media_company: MediaCompanyId,
    /// Host names its applications may send users back to; each covers its sub-domains.
    pub domains: Vec<Domain>,
    /// Custom URL schemes of its own.
    #[serde(default)]
    pub custom_schemes: Vec<String>,
    /// Where users land when a call names no redirect URL.
    #[serde(default)]
    pub default_redirect_url: Option<Url>,
    /// PEM certificates that encrypt user metadata; they win over the company's.
    #[serde(default)]
    pub metadata_certificates: Vec<String>,
    /// How user metadata is encrypted; the company's way when absent.
    #[serde(default)]
    pub metadata_encryption: Option<MetadataEncryption>,
}

/// A host name of a channel.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Domain {
    /// Lower-case host name, without scheme, port or path.
    pub name: String,
    /// Whether sign-in may start at the MVPD (shown in the configuration answer).
    #[serde(default)]
    pub mvpd_initiated: bool,
}

impl Domain {
    /// Whether `host` is this domain or one of its sub-domains. Letter case does not matter.
    pub fn covers(&self, host: &str) -> bool {
        let host = host.to_ascii_lowercase();
        host == self.name
            || host
                .strip_suffix(&self.name)
                .is_some_and(|front| front.ends_with('.') && front.len() > 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_domain_covers_itself_and_its_sub_domains_only() {
        let domain = Domain { name: "acme.example".into(), mvpd_initiated: false };
        assert!(domain.covers("acme.example"));
        assert!(domain.covers("WWW.acme.example"));
        assert!(!domain.covers("notacme.example"));
        assert!(!domain.covers("acme.example.evil"));
        assert!(!domain.covers(".acme.example"));
    }
}
