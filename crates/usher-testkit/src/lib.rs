//! Clocks, fixtures and the contract suites every adapter passes.
//!
//! For tests only: nothing here is part of the product.

mod clients;
mod clock;
pub mod contract;
pub mod scenarios;
mod streams;

pub use clients::MemoryClients;
pub use clock::ManualClock;
pub use streams::{copy_as_crashed, registry, unthrottled};
