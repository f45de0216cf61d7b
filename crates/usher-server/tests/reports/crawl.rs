//! Every report of both trees in every format: reached through links only, and all formats say the same.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::page;
use crate::world::World;

#[tokio::test]
async fn formats_agree_on_every_report_that_links_lead_to() {
    let world = World::open().await;
    world.house.close_days().await;
    let files = tempfile::tempdir().expect("a directory");
    let (mut number, mut all_rows) = (0, 0);
    for (caller, root, reports) in
        [("acme", "/esm/v3", 300), ("OpCo", "/esm/v3", 39), ("tenant acme", "/cmu/v2", 60)]
    {
        let mut ahead = vec![root.to_owned()];
        let (mut seen, mut rows) = (0, 0);
        while let Some(path) = ahead.pop() {
            let report = Report { world: &world, caller, path: &path };
            rows += report.check(&files.path().join(number.to_string())).await;
            number += 1;
            ahead.extend(report.children().await);
            seen += 1;
        }
        assert!(seen >= reports && rows > seen, "{root} of {caller}: {seen} reports, {rows} rows");
        all_rows += rows;
    }
    assert_eq!(compare_with_parquet(files.path()), format!("{all_rows} rows are the same\n"));
}

/// Somebody else reads the Parquet files.
fn compare_with_parquet(files: &Path) -> String {
    let python = std::env::var_os("USHER_TEST_PYTHON")
        .expect("USHER_TEST_PYTHON is not set: run the tests with `cargo xtask test`");
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/python/parquet_reports.py");
    let output = Command::new(python).arg(script).arg(files).output().expect("Python starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// Rows of texts below their header.
type Rows = Vec<Vec<String>>;

struct Report<'a> {
    world: &'a World,
    caller: &'a str,
    path: &'a str,
}

impl Report<'_> {
    async fn get(&self, extension: &str) -> Vec<u8> {
        // A month with events; more would be too wide by the minute.
        let month = if self.path.starts_with("/esm") { "03" } else { "05" };
        let (start, end) = (format!("2024-{month}-03"), format!("2024-{month}-31"));
        let url = format!("{}{extension}?start={start}&end={end}", self.path);
        let answer = self.world.ask(self.caller, &url).await;
        assert_eq!(answer.status, 200, "{url}: {}", answer.text());
        answer.body
    }

    async fn json(&self) -> Value {
        serde_json::from_slice(&self.get(".json").await).expect("JSON")
    }

    async fn children(&self) -> Vec<String> {
        let report = self.json().await;
        let links = match &report["_links"]["drill-down"] {
            Value::Array(links) => links.clone(),
            Value::Null => Vec::new(),
            link => vec![link.clone()],
        };
        links.iter().map(|link| link["href"].as_str().expect("text").to_owned()).collect()
    }

    /// Compares the formats, and leaves `file` as CSV and Parquet; returns how many rows there are.
    async fn check(&self, file: &Path) -> usize {
        let text = self.get(".csv").await;
        std::fs::write(file.with_extension("csv"), &text).expect("a file");
        std::fs::write(file.with_extension("parquet"), self.get(".parquet").await).expect("a file");
        let csv = csv(&String::from_utf8(text).expect("UTF-8"));
        assert_eq!(json(&self.json().await, &csv[0]), csv, "{} as JSON", self.path);
        let xml = String::from_utf8(self.get(".xml").await).expect("UTF-8");
        assert_eq!(xml_rows(&xml, &csv[0]), csv, "{} as XML", self.path);
        let page = String::from_utf8(self.get(".html").await).expect("UTF-8");
        assert_eq!(page::table(&page), csv, "{} as HTML", self.path);
        csv.len() - 1
    }
}

/// The contract's events need no quotes.
fn csv(text: &str) -> Rows {
    assert!(!text.contains('"'));
    text.lines().map(|line| line.split(',').map(str::to_owned).collect()).collect()
}

fn json(report: &Value, header: &[String]) -> Rows {
    let record = |record: &Value| {
        let fields = record.as_object().expect("an object");
        assert!(fields.keys().eq(header), "{fields:?}");
        fields.values().map(|value| value.as_str().expect("text").to_owned()).collect()
    };
    let records = report["report"].as_array().expect("records").iter().map(record);
    std::iter::once(header.to_vec()).chain(records).collect()
}

fn xml_rows(text: &str, header: &[String]) -> Rows {
    let document = roxmltree::Document::parse(text).expect("XML");
    let records = document.descendants().filter(|node| node.has_tag_name("record"));
    let record = |record: roxmltree::Node<'_, '_>| {
        let fields: BTreeMap<_, _> =
            record.attributes().map(|it| (it.name(), it.value())).collect();
        header.iter().map(|name| fields[name.as_str()].to_owned()).collect()
    };
    std::iter::once(header.to_vec()).chain(records.map(record)).collect()
}
