//! The web-OLAP engine, without I/O: drill-down trees, the URL grammar, plans and the columnar executor.
//!
//! A request goes [`Address`] + [`Query`] → [`Model::find`] → [`plan()`] → [`execute()`] → [`Table`].
//! Everything that can be wrong with a request is decided before a fact is read (`wolap.md` §7, rule
//! 10), except that a selection may turn out too wide. The crate does not know what an event is:
//! whoever pushes [`Fact`]s says through a [`Schema`] what each metric counts.

mod address;
mod calendar;
mod execute;
mod facts;
mod levels;
mod model;
mod plan;
mod projection;
mod query;
mod schema;
mod spans;
mod table;
mod words;
mod yaml;

pub use address::{Address, AddressError, Base};
pub use calendar::{Grain, Range, Zone, ZoneError};
pub use execute::{TooBroad, execute};
pub use facts::{Fact, Facts};
pub use model::{Api, Audience, FindError, Model, ModelError, Resource, Switches};
pub use plan::{Filter, Invalid, Plan, PlanError, Planned, Rules, Scope, plan};
pub use query::{Query, Term};
pub use schema::{Marks, Measure, Schema};
pub use spans::Step;
pub use table::{Row, Table};
pub use words::{Dim, Metric};
