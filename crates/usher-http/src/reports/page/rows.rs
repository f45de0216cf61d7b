//! The rows of a page's table: the cells of the CSV, of which those that tell rows apart are links.

use std::sync::Arc;

use usher_reports::{Dim, Grain, Row};

use super::here::{Here, Part};
use super::{Desk, series};

/// One row.
pub(super) struct RowView {
    pub(super) labels: Vec<Cell>,
    pub(super) values: Vec<u64>,
    /// Where this row is looked at more closely.
    pub(super) deeper: Option<String>,
}

/// A label, and the report of it alone; no address where the row above says the same.
pub(super) struct Cell {
    pub(super) text: Arc<str>,
    pub(super) href: String,
}

/// What links of cells are made from.
pub(super) struct Cells<'a> {
    desk: &'a Desk<'a>,
    /// The path that rows are looked at more closely at, with the parameters that stay.
    deeper: Option<Here>,
    /// Per column, whether its value can be filtered at the deeper path.
    narrows: Vec<bool>,
}

impl<'a> Cells<'a> {
    pub(super) fn of(desk: &'a Desk<'a>) -> Self {
        let deeper = closer(&desk.report.drill_down).map(|path| {
            desk.at(path).without(|part| matches!(part.name.as_str(), "start" | "end"))
        });
        let fits = |dim: &Dim| {
            let Some(there) = &deeper else { return false };
            let is_limit = desk.asked.scope.limits.iter().any(|(limited, _)| limited == dim);
            let there = there.with(dim.as_str(), "x");
            let is_time = Grain::named(dim.as_str()).is_some();
            !is_time && !is_limit && desk.fits(&there.path, &there.query())
        };
        let narrows = desk.report.table.dims.iter().map(fits).collect();
        Self { desk, deeper, narrows }
    }

    /// The view of `row`; `above` is the row that was seen before.
    pub(super) fn row<'r>(&self, above: &mut Option<&'r Row>, row: &'r Row) -> RowView {
        let seen = above.replace(row);
        let mut is_same = seen.is_some();
        let cell = |(column, text): (usize, &Arc<str>)| {
            is_same = is_same && seen.and_then(|row| row.labels.get(column)) == Some(text);
            let href = if is_same { String::new() } else { self.alone(row, column) };
            Cell { text: Arc::clone(text), href }
        };
        let labels = row.labels.iter().enumerate().map(cell).collect();
        RowView { labels, values: row.values.clone(), deeper: self.closer(row) }
    }

    /// The report of what one cell says: a period for times, a filter for everything else.
    fn alone(&self, row: &Row, column: usize) -> String {
        let Desk { here, report, .. } = self.desk;
        let (Some(dim), Some(label)) = (report.table.dims.get(column), row.labels.get(column))
        else {
            return String::new();
        };
        if Grain::named(dim.as_str()).is_none() {
            return here.with(dim.as_str(), label).url("html");
        }
        self.during(here, row, column).map(|there| there.url("html")).unwrap_or_default()
    }

    /// `here` in the period that the times of a row name.
    fn during(&self, here: &Here, row: &Row, column: usize) -> Option<Here> {
        let (grain, start) = series::bucket(&self.desk.report.table, row, column)?;
        let end = series::after(grain, start)?;
        let written = |at: jiff::civil::DateTime| at.strftime("%Y-%m-%dT%H:%M:%S").to_string();
        Some(here.with("start", &written(start)).with("end", &written(end)))
    }

    fn closer(&self, row: &Row) -> Option<String> {
        let table = &self.desk.report.table;
        let mut there = self.deeper.clone()?;
        for ((dim, label), _) in
            table.dims.iter().zip(&row.labels).zip(&self.narrows).filter(|(_, narrows)| **narrows)
        {
            there = there.with(dim.as_str(), label);
        }
        let last = table.dims.len();
        let there = self.during(&there, row, last).unwrap_or_else(|| {
            let mut there = there.clone();
            let start = Here::implied(&self.desk.report.href, "start");
            there.parts.extend(start.map(|start| Part::new("start", start)));
            there
        });
        Some(there.url("html"))
    }
}

/// Where a row is looked at more closely: by finer time where there is any, else at the first child.
fn closer(children: &[usher_reports::Link]) -> Option<&str> {
    let is_time = |link: &&usher_reports::Link| {
        link.name.as_ref().is_some_and(|name| Grain::named(name.as_str()).is_some())
    };
    let child = children.iter().find(is_time).or_else(|| children.first());
    child.map(|link| link.href.as_str())
}
