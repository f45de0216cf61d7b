//! usher, put together: the command line, the wiring of ports to adapters, and the life of a process.
//!
//! This is the composition root. Nothing here decides anything about viewers, streams or reports; it
//! chooses which adapter stands behind which port, and starts and stops them in order.

pub mod catalog;
mod chores;
pub mod clock;
pub mod demo;
pub mod events;
pub mod explain;
pub mod fetch;
pub mod files;
pub mod keys;
pub mod lifecycle;
pub mod providers;
pub mod report_table;
pub mod saml_keys;
pub mod serve;
mod up_to_date;
pub mod wiring;
