//! Records on SQLite and, with the same statements, PostgreSQL.
//!
//! [`Database`] is the connection; each port of the domain has one adapter on top of it, in one file.
//! Statements keep to what both databases understand: `$1` placeholders, `ON CONFLICT`, `RETURNING`,
//! the types `TEXT`, `BIGINT` (epoch milliseconds, counts) and `BLOB`. What differs is in `dialect`.
//! Every method of an adapter is one transaction, and has returned only when the disk has it.

mod changes;
mod clients;
mod database;
mod dialect;
mod entitlement;
mod group;
mod migrations;
mod privacy;
mod proxied;
mod row;

pub use changes::SqlChanges;
pub use clients::SqlClients;
pub use database::{Database, OpenError};
pub use entitlement::{
    SqlAssertions, SqlDegradation, SqlFrameworkSignIns, SqlProfiles, SqlSessions, SqlSso, SqlTrials,
};
pub use privacy::SqlPrivacyJobs;
pub use proxied::SqlProxiedLists;
