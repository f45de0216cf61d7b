//! Registered applications: what a software statement stands for.

use std::net::IpAddr;

use ipnet::IpNet;
use serde::Deserialize;
use usher_core::{MediaCompanyId, MvpdId, ServiceProviderId, SoftwareId, TenantId};

/// A registered application (`dcr` §2). Immutable but for its status.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RegisteredApplication {
    /// A UUID; travels as `sub` of the software statement.
    pub id: SoftwareId,
    /// The name people see, unique in the catalog.
    pub name: String,
    /// Its version.
    #[serde(default = "first_version")]
    pub version: String,
    /// The media company, tenant, MVPD or channels it acts for.
    pub assigned: Assigned,
    /// What its clients may do.
    pub scopes: Vec<Scope>,
    /// Host names its redirect URIs may point to; empty: those of its channels.
    #[serde(default)]
    pub domains: Vec<String>,
    /// Networks from which its clients may call management APIs (`mvpd` N4); empty: only this machine.
    #[serde(default)]
    pub ip_allow_list: Vec<IpNet>,
    /// How its clients may obtain tokens.
    #[serde(default = "client_credentials_only")]
    pub grant_types: Vec<GrantType>,
    /// Whether it may be used at all.
    #[serde(default)]
    pub status: Status,
}

impl RegisteredApplication {
    /// Whether a management API may be called from `address`.
    pub fn may_manage_from(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        if self.ip_allow_list.is_empty() {
            return address.is_loopback();
        }
        self.ip_allow_list.iter().any(|network| network.contains(&address))
    }
}

fn first_version() -> String {
    "1.0.0".to_owned()
}

fn client_credentials_only() -> Vec<GrantType> {
    vec![GrantType::ClientCredentials]
}

/// For whom an application acts; this is also what its reports are narrowed to.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub enum Assigned {
    /// Every channel of a media company, now and later.
    MediaCompany(MediaCompanyId),
    /// These channels of one media company.
    ServiceProviders(Vec<ServiceProviderId>),
    /// One MVPD; with [`Scope::ProxiedMvpds`] the proxy it manages.
    Mvpd {
        /// The MVPD whose numbers it may see.
        id: MvpdId,
        /// The proxy whose list of MVPDs it may push.
        #[serde(default)]
        proxy: Option<MvpdId>,
    },
    /// One tenant of the stream-limiting service.
    Tenant(TenantId),
}

/// What a token may be used for (`dcr` §7.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
pub enum Scope {
    /// REST API V2.
    #[serde(rename = "api:client:v2")]
    Api,
    /// Entitlement reports.
    #[serde(rename = "analytics:client")]
    Analytics,
    /// Stream usage reports.
    #[serde(rename = "cmu:analytics:client")]
    StreamAnalytics,
    /// The billing alias of the stream usage reports.
    #[serde(rename = "cmu:billing:client")]
    StreamBilling,
    /// Degradation rules.
    #[serde(rename = "decisions:owner")]
    Decisions,
    /// Resetting temporary passes.
    #[serde(rename = "temporary:passes:owner")]
    TemporaryPasses,
    /// Privacy requests.
    #[serde(rename = "privacy:owner")]
    Privacy,
    /// Pushing the list of proxied MVPDs.
    #[serde(rename = "idp:owner")]
    ProxiedMvpds,
    /// MVPD status.
    #[serde(rename = "mvpd_status:client")]
    MvpdStatus,
    /// Older API generations; no endpoint here accepts them.
    #[serde(rename = "config:client")]
    LegacyConfig,
    /// Older API generations.
    #[serde(rename = "decisions:client")]
    LegacyDecisions,
    /// Older API generations.
    #[serde(rename = "platform:sso")]
    LegacyPlatformSso,
    /// Older API generations.
    #[serde(rename = "profile:client")]
    LegacyProfile,
    /// Older API generations.
    #[serde(rename = "tokens:client")]
    LegacyTokens,
}

impl Scope {
    /// The scope as it stands in tokens.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Api => "api:client:v2",
            Self::Analytics => "analytics:client",
            Self::StreamAnalytics => "cmu:analytics:client",
            Self::StreamBilling => "cmu:billing:client",
            Self::Decisions => "decisions:owner",
            Self::TemporaryPasses => "temporary:passes:owner",
            Self::Privacy => "privacy:owner",
            Self::ProxiedMvpds => "idp:owner",
            Self::MvpdStatus => "mvpd_status:client",
            Self::LegacyConfig => "config:client",
            Self::LegacyDecisions => "decisions:client",
            Self::LegacyPlatformSso => "platform:sso",
            Self::LegacyProfile => "profile:client",
            Self::LegacyTokens => "tokens:client",
        }
    }
}

/// How a client may obtain a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GrantType {
    /// RFC 6749 §4.4.
    ClientCredentials,
}

/// Whether an application may be used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// In use.
    #[default]
    Active,
    /// Withdrawn for good (`dcr` SS-7).
    Revoked,
    /// Switched off for a while.
    Disabled,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn managed_from(networks: &[&str], address: &str) -> bool {
        let application = RegisteredApplication {
            id: "app".into(),
            name: "app".to_owned(),
            version: first_version(),
            assigned: Assigned::Tenant("acme".into()),
            scopes: vec![],
            domains: vec![],
            ip_allow_list: networks.iter().map(|network| network.parse().unwrap()).collect(),
            grant_types: client_credentials_only(),
            status: Status::Active,
        };
        application.may_manage_from(address.parse().unwrap())
    }

    #[test]
    fn without_a_list_only_this_machine_may_manage() {
        assert!(managed_from(&[], "127.0.0.1"));
        assert!(managed_from(&[], "::1"));
        assert!(managed_from(&[], "::ffff:127.0.0.1"));
        assert!(!managed_from(&[], "10.0.0.1"));
    }

    #[test]
    fn a_list_names_the_networks_that_may() {
        let list = ["203.0.113.0/24", "2001:db8::/32"];
        assert!(managed_from(&list, "203.0.113.9"));
        assert!(managed_from(&list, "2001:db8::1"));
        assert!(!managed_from(&list, "203.0.114.9"));
        assert!(!managed_from(&list, "127.0.0.1"), "the list is complete");
    }
}
