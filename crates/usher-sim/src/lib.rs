//! Stream limiting under simulated crashes, clocks and crowds.
//!
//! [`simulate`] runs the real service over a store, a disk, a journal and a clock that do one step at a
//! time. A seed decides which, so a history that goes wrong goes wrong again. Every decision is held
//! against [`Reference`], a plain model of the contract that is asked at the same instant and in the
//! same order: what clients are told is linearizable by construction of the check, limits included. At
//! the end the events must balance. For tests only: nothing here is part of the product.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a broken expectation ends the simulation"
)]

mod books;
mod call;
mod crowd;
mod evening;
mod reference;
mod store;
mod witness;
mod world;

pub use books::most_at_once;
pub use call::{Ask, Call, Denial, Killer, Said, Shown};
pub use evening::evening;
pub use reference::{Limit, Reference, Settings, code};
pub use world::{CATALOG, Outcome, Weather, simulate};
