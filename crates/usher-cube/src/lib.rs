//! The web-OLAP engine, without I/O: drill-down trees, the URL grammar, plans and the columnar executor.
//!
//! A request goes [`Address`] + [`Query`] → [`Model::find`] → [`plan()`] → [`execute()`] → [`Table`].
//! Everything that can be wrong with a request is decided before a fact is read (`wolap.md` §7, rule
//! 10), except that a selection may turn out too wide. Facts lie on a [`Shelf`], day by day; when a day
//! is over it is closed ([`Evening::close`]): rolled up along the trees, so that reports read few rows.
//! The crate does not know what an event is: whoever books facts says through a [`Schema`] what each
//! metric counts.

mod address;
mod block;
mod calendar;
mod close;
mod execute;
mod facts;
mod identity;
mod labels;
mod memory;
mod model;
mod plan;
mod projection;
mod query;
mod schema;
mod shelf;
mod table;
mod words;
mod yaml;

pub use address::{Address, AddressError, Base};
pub use block::{Block, NO_AMOUNT, NOBODY, Rows, Shapes, Step};
pub use calendar::{Grain, LocalTime, Range, Zone, ZoneError};
pub use close::{Closed, EachBlock, Evening, Rollup, RollupSet};
pub use execute::{TooBroad, execute};
pub use facts::{BlockBuilder, Fact};
pub use identity::Fingerprints;
pub use labels::{LabelColumn, Labels};
pub use memory::MemoryShelf;
pub use model::{Api, Audience, FindError, Model, ModelError, Resource, Switches};
pub use plan::{Filter, Invalid, Plan, PlanError, Planned, QUERY_VALUE, Rules, Scope, plan};
pub use query::{Query, Term};
pub use schema::{DimSet, Marks, Measure, Schema, Streams};
pub use shelf::{
    Ending, Keys, NO_HOUR, Outline, Peaks, Piece, Pieces, Shelf, Sketch, Stretch, Viewers, Wanted,
};
pub use table::{Row, Table};
pub use words::{Dim, Metric};
