//! Partner single sign-on (`pass-rest-v2` §12): checked like every call, and not available yet.

use super::call::DeviceCall;
use super::problem::{INVALID_PARTNER, Problem, RESOURCE_NOT_FOUND};

/// Refuses partners nobody supports, and owns up to what is not built for the one that is.
pub(super) async fn post(DeviceCall { path, .. }: DeviceCall) -> Problem {
    if path.get("partner").eq_ignore_ascii_case("apple") {
        Problem::from(&RESOURCE_NOT_FOUND)
            .explained("Partner single sign-on is not available in this version.")
    } else {
        Problem::from(&INVALID_PARTNER)
    }
}
