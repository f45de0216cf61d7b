//! Clocks, fixtures and the contract suites every adapter passes.
//!
//! For tests only: nothing here is part of the product.

mod clients;
mod clock;
pub mod contract;
pub mod scenarios;

pub use clients::MemoryClients;
pub use clock::ManualClock;
