//! The answer to a plan.

use std::cmp::Ordering;
use std::sync::Arc;

use crate::{Dim, Grain, Metric, Plan};

/// Rows of a report, sorted and cut to the limit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// Names of the labels of every row.
    pub dims: Vec<Dim>,
    /// Names of the values of every row.
    pub metrics: Vec<Metric>,
    /// The rows.
    pub rows: Vec<Row>,
}

/// One row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Dimension values, as many as the table has dimensions.
    pub labels: Vec<Arc<str>>,
    /// Metric values, as many as the table has metrics.
    pub values: Vec<u64>,
}

impl Table {
    /// Sorts `rows` by the plan's dimensions, cuts them to its limit, and gives the root its one record.
    pub(crate) fn finish(plan: &Plan, mut rows: Vec<Row>) -> Self {
        let numeric: Vec<bool> = plan.dims.iter().map(sorts_as_number).collect();
        rows.sort_unstable_by(|left, right| compare(&numeric, left, right));
        rows.truncate(plan.limit);
        if plan.dims.is_empty() && rows.is_empty() {
            rows.push(Row { labels: Vec::new(), values: vec![0; plan.metrics.len()] });
        }
        Self { dims: plan.dims.clone(), metrics: plan.metrics.clone(), rows }
    }
}

fn sorts_as_number(dim: &Dim) -> bool {
    Grain::named(dim.as_str()).is_some() || dim.is_level()
}

/// Left to right: time and levels as numbers, everything else by code point (`wolap.md` §12).
fn compare(numeric: &[bool], left: &Row, right: &Row) -> Ordering {
    let labels = left.labels.iter().zip(&right.labels).zip(numeric);
    labels
        .map(
            |((left, right), numeric)| {
                if *numeric { by_number(left, right) } else { left.cmp(right) }
            },
        )
        .find(|order| order.is_ne())
        .unwrap_or(Ordering::Equal)
}

/// Decimal numbers without padding: the longer one is the greater one.
fn by_number(left: &str, right: &str) -> Ordering {
    left.len().cmp(&right.len()).then_with(|| left.cmp(right))
}
