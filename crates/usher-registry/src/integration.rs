//! Integrations: which channel works with which TV provider, and how.

use indexmap::IndexMap;
use serde::Deserialize;
use usher_core::{MvpdId, Secret, ServiceProviderId};

use crate::connection::Connection;
use crate::mvpd::{ChosenEndpoints, TempPassSettings};
use crate::settings::SettingsTable;

/// A channel's agreement with an MVPD (`mvpd` §1.1).
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Integration {
    /// The channel.
    pub service_provider: ServiceProviderId,
    /// The TV provider.
    pub mvpd: MvpdId,
    /// Disabled integrations are invisible and refuse every call (`mvpd` D3).
    #[serde(default = "enabled")]
    pub enabled: bool,
    /// OAuth client id at the MVPD.
    #[serde(default)]
    pub client_id: Option<String>,
    /// OAuth client secret at the MVPD.
    #[serde(default)]
    pub client_secret: Option<Secret<String>>,
    /// Which of the MVPD's endpoints are used; its defaults where nothing is chosen (`mvpd` D2).
    #[serde(default)]
    pub endpoints: ChosenEndpoints,
    /// Properties of the connections to the MVPD; they win over the MVPD's.
    #[serde(default)]
    pub connection: Connection,
    /// Sent to the MVPD instead of the channel's id (co-branding).
    #[serde(default)]
    pub partner_id: Option<String>,
    /// Permit everything without asking the MVPD (`source: dummy`).
    #[serde(default)]
    pub dummy: bool,
    /// Limits of a temporary pass on this channel; they win over the MVPD's as a whole.
    #[serde(default)]
    pub temp_pass: Option<TempPassSettings>,
    /// Settings of this integration; they win over the MVPD's.
    #[serde(default)]
    pub settings: SettingsTable,
    /// What happens to each metadata key; keys without an entry follow the MVPD's table.
    #[serde(default)]
    pub metadata: IndexMap<String, MetadataRule>,
}

const fn enabled() -> bool {
    true
}

/// What happens to one user metadata key (`mvpd` §11.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MetadataRule {
    /// Shown to applications.
    #[serde(default = "enabled")]
    pub enabled: bool,
    /// Shown encrypted with the programmer's certificate.
    #[serde(default)]
    pub encrypted: bool,
}
