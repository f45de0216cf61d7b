//! TV providers and how to talk to them (`mvpd` §3).

mod authn;
mod authz;
mod check;
mod endpoints;
mod logout;
mod mapping;
mod meaning;

use std::time::Duration;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use url::Url;
use usher_core::{MvpdId, ServiceProviderId};

use crate::connection::Connection;
use crate::daily::Daily;
use crate::duration;
use crate::integration::MetadataRule;
use crate::settings::{Platform, SettingsTable};
use crate::sso::SsoScope;

pub use authn::{
    AuthnEndpoint, AuthnProtocol, Binding, ClientAuthentication, OAuthEndpoint, ProxyIssuer,
    SamlEndpoint, SignedPart,
};
pub use authz::{
    AuthzEndpoint, AuthzProtocol, RatingStyle, ResourceFormat, RestAuthz, Transport, XacmlAuthz,
    XacmlSubject,
};
pub(crate) use check::platforms;
pub use endpoints::{ChosenEndpoints, Endpoint, Endpoints, Protocol};
pub use logout::{LogoutEndpoint, LogoutMode, RedirectLogout, ReturnedState, SingleLogout};
pub use mapping::{Mapping, Pattern, Transform};
pub use meaning::Meaning;

/// A pay-TV provider.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mvpd {
    /// Its id, unique in the catalog.
    pub id: MvpdId,
    /// The name viewers see.
    pub display_name: String,
    /// Its logo, 112×33 pixels.
    pub logo_url: Url,
    /// Direct, proxy, proxied or a temporary pass.
    #[serde(default)]
    pub kind: Kind,
    /// The proxy that stands between (for [`Kind::Proxied`]).
    #[serde(default)]
    pub proxy: Option<MvpdId>,
    /// Its id at the proxy, when different.
    #[serde(default)]
    pub provider_id: Option<String>,
    /// Its entity id, for a proxied MVPD that answers under another name than its id (`mvpd` §12.1).
    #[serde(default)]
    pub entity_id: Option<String>,
    /// The channels a proxied MVPD is meant for; every channel of its proxy when absent (`mvpd` X4).
    #[serde(default)]
    pub service_providers: Option<Vec<ServiceProviderId>>,
    /// Show its sign-in page inside a frame of this size; full pages when absent.
    #[serde(default)]
    pub iframe: Option<IFrame>,
    /// How its viewers sign in; a proxied MVPD uses its proxy's ways.
    #[serde(default)]
    pub authn: Endpoints<AuthnProtocol>,
    /// How it is asked whether they may watch; a proxied MVPD uses its proxy's ways.
    #[serde(default)]
    pub authz: Endpoints<AuthzProtocol>,
    /// How several resources are asked for at once; as the proxy's when absent.
    #[serde(default)]
    pub preflight: Option<Preflight>,
    /// How viewers sign out; a proxied MVPD uses its proxy's ways.
    #[serde(default)]
    pub logout: Endpoints<LogoutMode>,
    /// How it is spared from repeated questions.
    #[serde(default)]
    pub protection: Protection,
    /// Properties of the connections to it.
    #[serde(default)]
    pub connection: Connection,
    /// For temporary passes.
    #[serde(default)]
    pub temp_pass: Option<TempPassSettings>,
    /// Settings integrations inherit.
    #[serde(default)]
    pub settings: SettingsTable,
    /// The metadata keys it delivers.
    #[serde(default)]
    pub metadata: IndexMap<String, MetadataRule>,
    /// How far its sign-ins are shared; by default between all channels by platform identity, and within
    /// a media company by service token.
    #[serde(default)]
    pub sso_scope: Option<SsoScope>,
    /// How platform partners know it.
    #[serde(default)]
    pub partner: IndexMap<Platform, PartnerPlatform>,
}

impl Mvpd {
    /// What the proxy in front of this provider calls it.
    pub fn name_at_proxy(&self) -> &str {
        self.provider_id.as_deref().unwrap_or_else(|| self.id.as_str())
    }

    /// The settings that hold where these endpoints are used, the most general first (`mvpd` §4, levels
    /// 1 and 2).
    pub(crate) fn settings_at<'m>(
        &'m self,
        chosen: &ChosenEndpoints,
    ) -> impl Iterator<Item = &'m SettingsTable> + use<'m> {
        let signing_in = self.authn.chosen(chosen.authn.as_deref()).map(|it| &it.settings);
        let asking = self.authz.chosen(chosen.authz.as_deref()).map(|it| &it.settings);
        [Some(&self.settings), signing_in, asking].into_iter().flatten()
    }
}

/// What stands behind an MVPD id.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A provider we talk to ourselves.
    #[default]
    Direct,
    /// A provider that speaks for others.
    Proxy,
    /// A provider behind a proxy.
    Proxied,
    /// No provider at all: temporary access.
    TempPass,
}

/// Size of a frame, in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "named for what they are")]
pub struct IFrame {
    pub width: u32,
    pub height: u32,
}

/// How several resources are asked for at once (`mvpd` §8).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Preflight {
    /// The algorithm.
    #[serde(default)]
    pub mode: PreflightMode,
    /// Time for all of them together; that of a decision when absent.
    #[serde(default, deserialize_with = "duration::optional")]
    pub timeout: Option<Duration>,
}

/// What keeps denied viewers from hammering a provider (`mvpd` §3 "protection").
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Protection {
    /// How long a denial is held against the same question; never when zero.
    #[serde(deserialize_with = "duration::required")]
    pub deny_replay_window: Duration,
    /// Denials within that time after which the question is answered without the provider.
    pub deny_replay_max: u32,
}

impl Default for Protection {
    fn default() -> Self {
        Self { deny_replay_window: Duration::from_secs(10), deny_replay_max: 3 }
    }
}

/// Preauthorization algorithms.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PreflightMode {
    /// One call per resource, in parallel.
    #[default]
    ForkJoin,
    /// One call with all resources.
    MultiChannel,
    /// From the line-up delivered at sign-in.
    Lineup,
    /// Permit everything.
    None,
}

/// Limits of a temporary pass (`access-variants` §2). Checked when used, not when loaded: a broken
/// set-up answers `invalid_configuration_temporary_access`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TempPassSettings {
    /// How long a trial lasts from the first authorization.
    #[serde(default, deserialize_with = "duration::optional")]
    pub ttl: Option<Duration>,
    /// Distinct resources of a promotional pass.
    #[serde(default)]
    pub resources_max: Option<u32>,
    /// Member of `AP-TempPass-Identity` that identifies the viewer of a promotional pass.
    #[serde(default)]
    pub identity_key: Option<String>,
    /// When all trials start anew, every day; never by itself when absent.
    #[serde(default)]
    pub reset_daily: Option<Daily>,
}

/// How a platform partner knows an MVPD.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PartnerPlatform {
    /// `SUPPORTED` or `PICKER`.
    pub boarding_status: String,
    /// Its id at the partner.
    pub mapping_id: String,
    /// Whether the partner's picker lists it.
    #[serde(default)]
    pub display_in_picker: bool,
    /// SAML attributes to ask for.
    #[serde(default)]
    pub attributes: Vec<String>,
    /// Accept answers of the partner that nobody asked for (`mvpd` §5.9).
    #[serde(default)]
    pub allow_unsolicited: bool,
}
