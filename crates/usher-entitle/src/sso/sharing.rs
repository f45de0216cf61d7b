//! Which profiles a subject opens for another application (`pass-rest-v2` §13, `access-variants` S2, S6).

use usher_core::Timestamp;
use usher_registry::{Platform, SsoScope};

use super::SsoMethod;
use crate::call::{self, Call};
use crate::partner::Partner;
use crate::platform::DetectedPlatform;
use crate::profile::Profile;

/// Whether `profile`, which carries the subject of the call, counts for `call` at `partner`.
///
/// Both integrations have to agree: the one it was made under and the one it would be used under.
pub(crate) fn is_shared(
    call: &Call,
    partner: &Partner,
    (profile, method): (&Profile, SsoMethod),
    now: Timestamp,
) -> bool {
    let at_home = profile.key.mvpd == partner.mvpd.id && profile.framework.is_none();
    if !at_home || !profile.is_active(now) {
        return false;
    }
    let Some(made_under) = origin(call, profile) else { return false };
    let platform = DetectedPlatform::of(&call.origin.device_info);
    let allows = |partner: &Partner| {
        let settings = call::settings(&call.snapshot, partner, &platform);
        let switched_on = match method {
            SsoMethod::Platform => {
                has_switch(platform.platform) && settings.enable_single_sign_on() == Some(true)
            }
            SsoMethod::ServiceToken => true,
        };
        switched_on && settings.auth_per_aggregator() != Some(true)
    };
    allows(partner) && allows(&made_under) && is_in_scope(call, partner, (profile, method))
}

/// The channel and integration that `profile` was made under, as they are now.
pub(crate) fn origin(call: &Call, profile: &Profile) -> Option<Partner> {
    let channel = call.snapshot.service_provider(profile.key.holder.service_provider.as_str())?;
    call::partner(&call.snapshot, channel, &profile.key.mvpd)
}

/// Platforms for which single sign-on can be switched on at all.
const fn has_switch(platform: Option<Platform>) -> bool {
    match platform {
        Some(Platform::Ios | Platform::TvOs | Platform::Roku | Platform::FireTv) => true,
        Some(Platform::Android) | None => false,
    }
}

fn is_in_scope(call: &Call, partner: &Partner, (profile, method): (&Profile, SsoMethod)) -> bool {
    let scope = partner.mvpd.sso_scope.unwrap_or(match method {
        SsoMethod::Platform => SsoScope::Global,
        SsoMethod::ServiceToken => SsoScope::MediaCompany,
    });
    match scope {
        SsoScope::Global => true,
        SsoScope::MediaCompany => call
            .snapshot
            .service_provider(profile.key.holder.service_provider.as_str())
            .is_some_and(|made| made.media_company == call.service_provider.media_company),
        SsoScope::None => false,
    }
}
