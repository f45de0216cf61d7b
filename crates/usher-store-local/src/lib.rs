//! Stream activity in memory with its durable image; event journal and warehouse on disk.

mod activity;
mod journal;
mod warehouse;

pub use activity::{ActivitySettings, LocalActivity};
pub use journal::{JournalSettings, LocalJournal};
pub use warehouse::{LocalWarehouse, WarehouseSettings};
