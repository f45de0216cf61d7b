//! A report as a table for a terminal: columns of one width, numbers to the right.

use std::fmt;

use anyhow::{Context as _, Result};
use serde_json::Value;

/// The records of a report, as texts.
#[derive(Debug, PartialEq, Eq)]
pub struct ReportTable {
    header: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl ReportTable {
    /// From a report in JSON.
    pub fn read(json: &str) -> Result<Self> {
        let report: Value = serde_json::from_str(json).context("the answer is no report")?;
        let records = report.get("report").and_then(Value::as_array);
        let records = records.context("the answer is no report")?;
        let fields = |record: &Value| -> Vec<(String, String)> {
            let fields = record.as_object().into_iter().flatten();
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            fields.map(|(name, value)| (name.clone(), text(value))).collect()
        };
        let records: Vec<_> = records.iter().map(fields).collect();
        let header = records.first().into_iter().flatten().map(|(name, _)| name.clone()).collect();
        let rows = records.into_iter().map(|record| record.into_iter().map(|(_, it)| it).collect());
        Ok(Self { header, rows: rows.collect() })
    }

    fn width(&self, column: usize) -> usize {
        let cells = std::iter::once(&self.header).chain(&self.rows);
        cells.filter_map(|row| row.get(column)).map(|it| it.chars().count()).max().unwrap_or(0)
    }

    /// Whether a column holds nothing but numbers.
    fn is_numeric(&self, column: usize) -> bool {
        let mut cells = self.rows.iter().filter_map(|row| row.get(column));
        cells.all(|cell| !cell.is_empty() && cell.bytes().all(|it| it.is_ascii_digit()))
    }
}

impl fmt::Display for ReportTable {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.rows.is_empty() {
            return writeln!(out, "no rows");
        }
        let columns: Vec<_> = (0..self.header.len())
            .map(|column| (self.width(column), self.is_numeric(column)))
            .collect();
        for row in std::iter::once(&self.header).chain(&self.rows) {
            let mut line = String::new();
            for (cell, (width, is_numeric)) in row.iter().zip(&columns) {
                let blank = " ".repeat(width.saturating_sub(cell.chars().count()));
                let (before, after) =
                    if *is_numeric { (blank.as_str(), "") } else { ("", blank.as_str()) };
                line.push_str(before);
                // A terminal obeys control characters.
                line.extend(cell.chars().map(|it| if it.is_control() { '\u{fffd}' } else { it }));
                line.push_str(after);
                line.push_str("  ");
            }
            writeln!(out, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned_and_numbers_stand_on_the_right() {
        let report = r#"{"_links":{},"report":[
            {"mvpd":"OpCo","day":"5","media-tokens":"12"},
            {"mvpd":"Café \u001b[2J","day":"11","media-tokens":"3"}]}"#;
        let table = ReportTable::read(report).unwrap().to_string();
        assert_eq!(
            table,
            "mvpd       day  media-tokens\n\
             OpCo         5            12\n\
             Café \u{fffd}[2J   11             3\n"
        );
    }

    #[test]
    fn what_is_no_report_is_an_error_and_an_empty_one_says_so() {
        assert!(ReportTable::read("{}").is_err() && ReportTable::read("<html>").is_err());
        assert_eq!(ReportTable::read(r#"{"report":[]}"#).unwrap().to_string(), "no rows\n");
    }
}
