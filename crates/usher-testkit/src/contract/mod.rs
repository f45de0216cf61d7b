//! What every adapter of a port must do, as tests that the adapters run against themselves.

mod activity;
mod clients;
mod journal;
mod profiles;
mod sessions;
mod subjects;
mod trials;
mod warehouse;

pub use activity::{StreamHouse, activity};
pub use clients::clients;
pub use journal::journal;
pub use profiles::profiles;
pub use sessions::sessions;
pub use subjects::{EventHouse, subjects};
pub use trials::trials;
pub use warehouse::warehouse;
