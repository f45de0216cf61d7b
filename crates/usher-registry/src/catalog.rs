//! The catalog as a document.

use serde::Deserialize;

use crate::{
    Integration, MediaCompany, Mvpd, PlatformIdentity, Policy, RegisteredApplication,
    ServiceProvider, ServiceTokenIssuer, StreamApplication, Tenant,
};

/// Everything configured, as people write it (TOML). Unknown keys are errors.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[expect(missing_docs, reason = "the lists are named for what they hold")]
pub struct Catalog {
    pub media_companies: Vec<MediaCompany>,
    pub service_providers: Vec<ServiceProvider>,
    pub mvpds: Vec<Mvpd>,
    pub integrations: Vec<Integration>,
    pub applications: Vec<RegisteredApplication>,
    pub tenants: Vec<Tenant>,
    pub stream_applications: Vec<StreamApplication>,
    pub policies: Vec<Policy>,
    pub platform_identities: Vec<PlatformIdentity>,
    pub service_token_issuers: Vec<ServiceTokenIssuer>,
}

impl Catalog {
    /// Reads a catalog written in TOML.
    pub fn from_toml(text: &str) -> Result<Self, CatalogError> {
        toml::from_str(text).map_err(|error| CatalogError::Syntax(Box::new(error)))
    }

    /// Adds everything of `other`; double ids are found by [`crate::Snapshot::check`].
    pub fn extend(&mut self, other: Self) {
        self.media_companies.extend(other.media_companies);
        self.service_providers.extend(other.service_providers);
        self.mvpds.extend(other.mvpds);
        self.integrations.extend(other.integrations);
        self.applications.extend(other.applications);
        self.tenants.extend(other.tenants);
        self.stream_applications.extend(other.stream_applications);
        self.policies.extend(other.policies);
        self.platform_identities.extend(other.platform_identities);
        self.service_token_issuers.extend(other.service_token_issuers);
    }
}

/// Why a catalog cannot be used. The message says what to change.
#[derive(Debug, thiserror::Error)]
pub enum CatalogError {
    /// Not TOML, or a key, type or value nobody knows.
    #[error("the catalog cannot be read: {0}")]
    Syntax(Box<toml::de::Error>),
    /// An id is used twice.
    #[error("{kind} `{id}` is defined twice: remove or rename one")]
    Duplicate {
        /// The kind of entity.
        kind: &'static str,
        /// The id.
        id: String,
    },
    /// Something refers to an entity that is not there.
    #[error("{from} refers to {kind} `{id}`, which is not defined")]
    Dangling {
        /// Who refers.
        from: String,
        /// To what kind of entity.
        kind: &'static str,
        /// Which one.
        id: String,
    },
    /// A value that cannot work.
    #[error("{entity}: {problem}")]
    Invalid {
        /// Which entity.
        entity: String,
        /// What is wrong and what to write instead.
        problem: String,
    },
}
