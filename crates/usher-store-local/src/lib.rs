//! Stream activity in memory with its durable image; events on disk, and reports from them.

mod activity;
mod events;

pub use activity::LocalActivity;
pub use events::{Archive, EventSettings, LocalEvents, RollupSets};
