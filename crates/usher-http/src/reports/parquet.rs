//! A report as a Parquet file, for notebooks: the columns of the CSV, typed. Beyond the contract.

use std::collections::HashMap;

use usher_parquet::{Column, Field, ParquetError, TableWriter};
use usher_reports::{Dim, Grain, Report, Table};

/// The file. The `self` link stands in its footer.
pub(super) fn write(report: &Report) -> Result<Vec<u8>, ParquetError> {
    let table = &report.table;
    let dims = table.dims.iter().map(|dim| {
        let field = if is_number(dim) { Field::number } else { Field::text };
        field(dim.as_str())
    });
    let metrics = table.metrics.iter().map(|metric| Field::number(metric.as_str()));
    let fields: Vec<_> = dims.chain(metrics).collect();
    let cells: Vec<_> = cells(table).collect();
    let columns: Vec<_> = cells.iter().map(Cells::column).collect();
    let mut writer = TableWriter::new(Vec::new(), &fields)?;
    writer.write(&columns, &[])?;
    writer.remark("self", report.href.clone());
    writer.finish()
}

/// Times and levels are numbers.
fn is_number(dim: &Dim) -> bool {
    Grain::named(dim.as_str()).is_some() || dim.is_level()
}

/// One column.
enum Cells<'a> {
    Numbers(Vec<i64>),
    Texts { dictionary: Vec<&'a str>, codes: Vec<u32> },
}

impl<'a> Cells<'a> {
    fn numbers(values: impl Iterator<Item = i64>) -> Self {
        Self::Numbers(values.collect())
    }

    fn texts(labels: impl Iterator<Item = &'a str>) -> Self {
        let mut known = HashMap::new();
        let mut dictionary = Vec::new();
        let codes = labels.map(|label| {
            *known.entry(label).or_insert_with(|| {
                dictionary.push(label);
                u32::try_from(dictionary.len() - 1).unwrap_or(u32::MAX)
            })
        });
        let codes = codes.collect();
        Self::Texts { dictionary, codes }
    }

    fn column(&self) -> Column<'_> {
        match self {
            Self::Numbers(values) => Column::Numbers(values),
            Self::Texts { dictionary, codes } => Column::Texts { dictionary, codes },
        }
    }
}

fn cells(table: &Table) -> impl Iterator<Item = Cells<'_>> {
    let dims = table.dims.iter().enumerate().map(|(column, dim)| {
        let labels = table.rows.iter().filter_map(move |row| row.labels.get(column));
        if is_number(dim) {
            Cells::numbers(labels.map(|label| label.parse().unwrap_or(usher_parquet::NULL_NUMBER)))
        } else {
            Cells::texts(labels.map(|label| &**label))
        }
    });
    let metrics = (0..table.metrics.len()).map(|column| {
        let values = table.rows.iter().filter_map(move |row| row.values.get(column));
        Cells::numbers(values.map(|value| i64::try_from(*value).unwrap_or(i64::MAX)))
    });
    dims.chain(metrics)
}
