//! What a framework's status allows.

use std::sync::Arc;

use usher_core::{MvpdId, Timestamp};
use usher_registry::Mvpd;

use super::{PlatformPartner, StatusDefect};
use crate::call::Call;
use crate::partner::Partner;
use crate::platform::DetectedPlatform;
use crate::profile::Profile;

impl PlatformPartner {
    /// The provider that the status of `call` names, whether integrated or not.
    pub(crate) fn named(self, call: &Call) -> Option<&Arc<Mvpd>> {
        let named = call.framework.as_ref()?.provider()?;
        let detected = DetectedPlatform::of(&call.origin.device_info).platform;
        let detected = detected.filter(|it| self.platforms().contains(it));
        let platforms = detected.as_slice().iter().chain(self.platforms());
        platforms.copied().find_map(|platform| call.snapshot.mvpd_at_partner(platform, named))
    }

    /// The provider that the status of `call` allows to act for; `addressed` is the one that the
    /// request is about, when it says so.
    pub(crate) fn allowed<'c>(
        self,
        call: &'c Call,
        addressed: Option<&MvpdId>,
        now: Timestamp,
    ) -> Result<&'c Arc<Mvpd>, StatusDefect> {
        let status = call.framework.as_ref().ok_or(StatusDefect::AccessNotPresent)?;
        let named = self.named(call);
        status.check(named.map(|mvpd| &mvpd.id), addressed, now)?;
        named.ok_or(StatusDefect::ProviderNotDetermined)
    }
}

/// Why `profile` must not be used by `call`, should that be so: the viewer's permission in the framework
/// it came from counts wherever the integration says so.
pub(crate) fn objection(
    call: &Call,
    partner: &Partner,
    profile: &Profile,
    now: Timestamp,
) -> Option<StatusDefect> {
    let framework = profile.framework?;
    let settings = call.settings(partner);
    settings.enforce_platform_permissions().filter(|enforced| *enforced)?;
    framework.allowed(call, Some(&partner.mvpd.id), now).err()
}
