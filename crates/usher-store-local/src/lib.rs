//! Stream activity in memory with its durable image; events on disk, and reports from them; explanations.

mod activity;
mod events;
mod explanations;
mod side_by_side;

pub use activity::{ActivitySettings, LocalActivity};
pub use events::{Archive, EventSettings, LocalEvents, RollupSets};
pub use explanations::{ExplanationSettings, LocalExplanations};
