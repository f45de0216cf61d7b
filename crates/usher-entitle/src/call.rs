//! Who calls, for which channel, from which device: what every operation starts from.

use std::sync::Arc;

use usher_core::{ClientId, DeviceId, MvpdId, Secret, TraceId};
use usher_registry::{EffectiveSettings, MediaCompany, Mvpd, ServiceProvider, Snapshot};

use crate::framework::FrameworkStatus;
use crate::partner::Partner;
use crate::platform::DetectedPlatform;
use crate::session::{Holder, Origin};
use crate::sso::SsoTokens;

/// One call of a proven application for one of its channels.
///
/// Carries the registry revision the whole operation works with.
#[derive(Clone, Debug)]
pub struct Call {
    /// The registry as of this call.
    pub snapshot: Arc<Snapshot>,
    /// The channel; the application acts for it.
    pub service_provider: Arc<ServiceProvider>,
    /// The request's name.
    pub trace: TraceId,
    /// The application's credentials.
    pub client: ClientId,
    /// Device, address, application and visitor.
    pub origin: Origin,
    /// Who the viewer is to platforms and identity services.
    pub sso: SsoTokens,
    /// What the platform partner's framework says, if the device has one.
    pub framework: Option<FrameworkStatus>,
    /// Who uses a promotional pass, as `AP-TempPass-Identity` says it. Possibly a clear address.
    pub pass_identity: Option<Secret<String>>,
}

/// Why a TV provider cannot be dealt with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PartnerError {
    /// Nobody has this id.
    #[error("there is no such MVPD")]
    UnknownMvpd,
    /// It has no active integration with the channel.
    #[error("the MVPD has no active integration with the channel")]
    NotIntegrated,
}

impl Call {
    /// The device of this call as a holder of sessions and profiles.
    pub(crate) fn holder(&self, device: DeviceId) -> Holder {
        let service_provider = self.service_provider.id.clone();
        Holder { service_provider, client: self.client.clone(), device }
    }

    /// The TV provider `id`, whether integrated or not.
    pub(crate) fn mvpd(&self, id: &str) -> Result<&Arc<Mvpd>, PartnerError> {
        self.snapshot.mvpd(id).ok_or(PartnerError::UnknownMvpd)
    }

    /// The active integration of the channel with the TV provider `id`.
    pub(crate) fn partner(&self, id: &str) -> Result<Partner, PartnerError> {
        let mvpd = self.mvpd(id)?;
        partner(&self.snapshot, &self.service_provider, &mvpd.id).ok_or(PartnerError::NotIntegrated)
    }

    /// The active integration with `mvpd`, if that is known yet.
    pub(crate) fn partner_at(
        &self,
        mvpd: Option<&MvpdId>,
    ) -> Result<Option<Partner>, PartnerError> {
        mvpd.map(|mvpd| self.partner(mvpd.as_str())).transpose()
    }

    /// The settings of an integration on the platform of this call.
    pub(crate) fn settings(&self, partner: &Partner) -> EffectiveSettings {
        settings(&self.snapshot, partner, &DetectedPlatform::of(&self.origin.device_info))
    }

    /// The company that owns the channel.
    pub(crate) fn company(&self) -> Option<&MediaCompany> {
        self.snapshot.media_company(&self.service_provider.media_company).map(Arc::as_ref)
    }
}

/// The active integration of `channel` with `mvpd`.
pub(crate) fn partner(
    snapshot: &Snapshot,
    channel: &ServiceProvider,
    mvpd: &MvpdId,
) -> Option<Partner> {
    let mvpd_id = mvpd;
    let mvpd = snapshot.mvpd(mvpd_id.as_str())?;
    let proxy = match &mvpd.proxy {
        Some(proxy) => Some(Arc::clone(snapshot.mvpd(proxy.as_str())?)),
        None => None,
    };
    Some(Partner {
        service_provider: channel.id.clone(),
        mvpd: Arc::clone(mvpd),
        proxy,
        integration: Arc::clone(snapshot.integration(&channel.id, mvpd_id)?),
    })
}

/// The settings of an integration on `platform`.
pub(crate) fn settings(
    snapshot: &Snapshot,
    partner: &Partner,
    platform: &DetectedPlatform,
) -> EffectiveSettings {
    snapshot.settings(&partner.integration, platform.category, platform.platform)
}
