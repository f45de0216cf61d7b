//! Whether an integration can be used through a framework.

use usher_registry::{Platform, PlatformCategory};

use super::PlatformPartner;
use crate::call::Call;
use crate::partner::Partner;
use crate::platform::DetectedPlatform;

/// The boarding status of providers that sign in through a framework.
const FULLY_ONBOARDED: &str = "SUPPORTED";

/// What keeps an integration from being used through a framework (`mvpd` §4 S4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigurationDefect {
    /// The device cannot even be told to be of some category.
    #[error("the category of the device is unknown")]
    PlatformCategoryTrait,
    /// The device's platform is not recognised.
    #[error("the platform of the device is unknown")]
    PlatformId,
    /// There are no settings for the device's platform.
    #[error("there are no settings for the platform")]
    Platform,
    /// The device's platform does not have the framework.
    #[error("the platform does not have the framework")]
    PlatformTrait,
    /// Single sign-on is off for the integration on this platform.
    #[error("single sign-on is switched off")]
    PlatformServices,
    /// The partner does not know the provider on this platform.
    #[error("the partner does not know the MVPD")]
    MvpdPlatform,
    /// The provider is only listed by the partner.
    #[error("the MVPD is not fully onboarded at the partner")]
    BoardingStatus,
    /// The provider's sign-in does not work through a framework.
    #[error("the MVPD does not sign in by SAML")]
    ProfileExchange,
}

/// The platform of the call, when everything about it is set up for `framework`.
pub(crate) fn onboarded(
    call: &Call,
    framework: PlatformPartner,
    partner: &Partner,
) -> Result<Platform, ConfigurationDefect> {
    use ConfigurationDefect as Defect;
    let detected = DetectedPlatform::of(&call.origin.device_info);
    let platform = detected.platform.ok_or(match (detected.name, detected.category) {
        (Some(_), _) => Defect::Platform,
        (None, PlatformCategory::Unidentified) => Defect::PlatformCategoryTrait,
        (None, _) => Defect::PlatformId,
    })?;
    if PlatformPartner::of(platform) != Some(framework) {
        return Err(Defect::PlatformTrait);
    }
    let settings = call.settings(partner);
    let shared = settings.auth_per_aggregator() != Some(true);
    if !shared || settings.enable_single_sign_on() != Some(true) {
        return Err(Defect::PlatformServices);
    }
    let known = partner.mvpd.partner.get(&platform).ok_or(Defect::MvpdPlatform)?;
    if known.boarding_status == FULLY_ONBOARDED {
        Ok(platform)
    } else {
        Err(Defect::BoardingStatus)
    }
}
