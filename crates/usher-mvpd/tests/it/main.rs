//! The gateway against providers that answer badly, over real sockets.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "what a test cannot go on without ends it"
)]

mod authorization;
mod check;
mod demo;
mod peer;
mod sign_in;
mod world;
