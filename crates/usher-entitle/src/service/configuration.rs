//! The providers a channel offers, as a platform sees them (`pass-rest-v2` §6).

use std::sync::Arc;

use usher_core::Timestamp;
use usher_registry::{Integration, Kind, Mvpd, Platform, ServiceProvider};

use super::Entitlement;
use crate::call::Call;
use crate::platform::DetectedPlatform;

/// Everything a provider picker needs.
#[derive(Clone, Debug)]
pub struct Configuration {
    /// What the device was recognised as.
    pub platform: DetectedPlatform,
    /// The server's time.
    pub time: Timestamp,
    /// The channel.
    pub service_provider: Arc<ServiceProvider>,
    /// Its active integrations, in the catalog's order.
    pub mvpds: Vec<ConfiguredMvpd>,
}

/// One provider in the picker.
#[derive(Clone, Debug)]
pub struct ConfiguredMvpd {
    /// The provider.
    pub mvpd: Arc<Mvpd>,
    /// Whether every channel needs a sign-in of its own.
    pub auth_per_aggregator: Option<bool>,
    /// Whether every browser session does.
    pub auth_per_browser_session: Option<bool>,
    /// Whether passive authentication is supported.
    pub passive_authn_enabled: Option<bool>,
    /// How the platform's owner knows it; only on platforms with partner single sign-on.
    pub partner_sso: Option<PartnerSso>,
}

/// How a platform partner knows a provider.
#[derive(Clone, Debug)]
pub struct PartnerSso {
    /// `SUPPORTED` or `PICKER`.
    pub boarding_status: String,
    /// Its id at the partner.
    pub mapping_id: String,
    /// Whether single sign-on is on.
    pub enabled: bool,
    /// Whether the partner's picker lists it.
    pub display_in_picker: bool,
    /// Whether the viewer's permission is respected.
    pub enforce_permissions: bool,
}

impl ConfiguredMvpd {
    /// Whether it stands for temporary access.
    pub fn is_temp_pass(&self) -> bool {
        self.mvpd.kind == Kind::TempPass
    }

    /// Whether it is reached through a proxy.
    pub fn is_proxied(&self) -> bool {
        self.mvpd.kind == Kind::Proxied
    }
}

impl Entitlement {
    /// The configuration of the call's channel for the call's device.
    pub fn configuration(&self, call: &Call) -> Configuration {
        let platform = DetectedPlatform::of(&call.origin.device_info);
        let mvpds = call
            .snapshot
            .integrations_of(&call.service_provider.id)
            .map(|(integration, mvpd)| configured(call, &platform, integration, mvpd))
            .collect();
        Configuration {
            platform,
            time: self.clock.now(),
            service_provider: Arc::clone(&call.service_provider),
            mvpds,
        }
    }
}

fn configured(
    call: &Call,
    on: &DetectedPlatform,
    integration: &Integration,
    mvpd: &Arc<Mvpd>,
) -> ConfiguredMvpd {
    let settings = call.snapshot.settings(integration, on.category, on.platform);
    let partner = on.platform.filter(|it| matches!(it, Platform::Ios | Platform::TvOs));
    let partner_sso =
        partner.and_then(|platform| mvpd.partner.get(&platform)).map(|known| PartnerSso {
            boarding_status: known.boarding_status.clone(),
            mapping_id: known.mapping_id.clone(),
            enabled: settings.enable_single_sign_on().unwrap_or(false),
            display_in_picker: known.display_in_picker,
            enforce_permissions: settings.enforce_platform_permissions().unwrap_or(false),
        });
    ConfiguredMvpd {
        mvpd: Arc::clone(mvpd),
        auth_per_aggregator: settings.auth_per_aggregator(),
        auth_per_browser_session: settings.auth_per_browser_session(),
        passive_authn_enabled: settings.passive_authn_enabled(),
        partner_sso,
    }
}
