//! CSV (`wolap.md` §13.3, RFC 4180): a header and the rows, nothing else.

use std::borrow::Cow;

use usher_reports::Report;

pub(super) fn write(report: &Report) -> String {
    let table = &report.table;
    let dims = table.dims.iter().map(|dim| field(dim.as_str()));
    let mut csv = String::new();
    line(&mut csv, dims.chain(table.metrics.iter().map(|metric| field(metric.as_str()))));
    for row in &table.rows {
        let labels = row.labels.iter().map(|label| field(label));
        line(&mut csv, labels.chain(row.values.iter().map(|value| value.to_string().into())));
    }
    csv
}

fn line<'a>(csv: &mut String, fields: impl Iterator<Item = Cow<'a, str>>) {
    for (index, field) in fields.enumerate() {
        if index > 0 {
            csv.push(',');
        }
        csv.push_str(&field);
    }
    csv.push_str("\r\n");
}

/// Quotes only where they are needed.
fn field(text: &str) -> Cow<'_, str> {
    if text.contains([',', '"', '\r', '\n']) {
        format!("\"{}\"", text.replace('"', "\"\"")).into()
    } else {
        text.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_separators_and_quotes_need_quotes() {
        assert_eq!(field("REST V2"), "REST V2");
        assert_eq!(field("a,\"b\""), "\"a,\"\"b\"\"\"");
        assert_eq!(field("a\nb"), "\"a\nb\"");
    }
}
