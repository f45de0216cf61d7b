//! What every adapter of a port must do, as tests that the adapters run against themselves.

mod activity;
mod assertions;
mod changes;
mod clients;
mod degradation;
mod frameworks;
mod journal;
mod privacy;
mod profiles;
mod proxied;
mod sessions;
mod sso;
mod subjects;
mod trials;
mod warehouse;

pub use activity::{StreamHouse, activity};
pub use assertions::assertions;
pub use changes::changes;
pub use clients::clients;
pub use degradation::degradation;
pub use frameworks::frameworks;
pub use journal::journal;
pub use privacy::privacy_jobs;
pub use profiles::profiles;
pub use proxied::proxied_lists;
pub use sessions::sessions;
pub use sso::sso;
pub use subjects::{EventHouse, subjects};
pub use trials::trials;
pub use warehouse::warehouse;
