//! Words every usher crate shares: identifiers, time, randomness, secrets and store errors.
//!
//! Nothing here performs I/O, knows a runtime or reads a clock: time and randomness are traits whose
//! implementations are handed in by the composition root (or by a test).

mod ids;
mod random;
mod secret;
mod store;
mod time;
mod trace;

pub use ids::{
    ApplicationId, ClientId, DeviceId, MediaCompanyId, MvpdId, ServiceProviderId, SoftwareId,
    TenantId,
};
pub use random::{Entropy, EntropyExt};
pub use secret::Secret;
pub use store::StoreError;
pub use time::{Clock, Timestamp};
pub use trace::TraceId;
