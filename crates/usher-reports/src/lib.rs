//! What happened: the event vocabulary every service writes, the two ports behind it, and the reports.
//!
//! A service notes what it did as an [`Event`] in an [`EventJournal`]; reports are answered by
//! [`Reports`] from a [`Warehouse`] of what the journal received. The vocabulary is `wolap.md` §17;
//! attribute names on disk and in event files are exactly the contract's. What each event counts for is
//! declared here, once, for every warehouse ([`Layout`]); how a question becomes a plan is `usher-cube`.

mod batch;
mod cmu;
mod esm;
mod event;
mod journal;
mod layout;
mod ledger;
#[doc(hidden)]
pub mod probe;
mod reports;
mod subject;
mod viewer;
mod warehouse;

pub use batch::{BadLine, EventBatch, LineError};
pub use event::{
    EntitlementEvent, EntitlementEventName, Event, StreamEvent, StreamEventName, Text,
};
pub use journal::{EventJournal, MemoryJournal};
pub use layout::{CMU, ESM, Layout, Meaning, Numbered, OWN, PERSON, Record, SESSION};
pub use ledger::Ledger;
pub use reports::{Link, Report, ReportError, ReportSettings, Reports};
pub use subject::{Subject, SubjectRecords, Trace};
pub use usher_cube::{
    Address, AddressError, Api, Dim, FindError, Grain, Invalid, Metric, ModelError, Plan,
    QUERY_VALUE, Query, Resource, Row, Rules, Scope, Switches, Table, Zone, ZoneError,
};
pub use viewer::Viewer;
pub use warehouse::{Answer, AnswerError, Warehouse};
