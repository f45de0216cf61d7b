//! Authentication sessions, sign-outs, profiles, used assertions, trials of temporary passes, rules of
//! degradation, and viewers of our own single-sign-on service.

mod assertions;
mod degradation;
mod frameworks;
mod metadata;
mod profiles;
mod sessions;
mod sso;
mod trials;

pub use assertions::SqlAssertions;
pub use degradation::SqlDegradation;
pub use frameworks::SqlFrameworkSignIns;
pub use profiles::SqlProfiles;
pub use sessions::SqlSessions;
pub use sso::SqlSso;
pub use trials::SqlTrials;

use usher_core::{DeviceId, StoreError};
use usher_entitle::Holder;

use crate::row::Record;

/// The holder in the three columns that name it.
fn holder(record: &Record<'_>) -> Result<Holder, StoreError> {
    let device: Vec<u8> = record.get("device")?;
    Ok(Holder {
        service_provider: record.get::<String>("service_provider")?.as_str().into(),
        client: record.get::<String>("client")?.as_str().into(),
        device: DeviceId::new(&device).ok_or_else(|| record.corrupt())?,
    })
}
