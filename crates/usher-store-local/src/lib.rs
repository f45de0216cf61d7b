//! Stream activity in memory with its durable image; event journal, warehouse and explanations on disk.

mod activity;
mod explanations;
mod journal;
mod warehouse;

pub use activity::{ActivitySettings, LocalActivity};
pub use explanations::{ExplanationSettings, LocalExplanations};
pub use journal::{JournalSettings, LocalJournal};
pub use warehouse::{LocalWarehouse, WarehouseSettings};
