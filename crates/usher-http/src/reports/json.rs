//! HAL in JSON (`wolap.md` §13.1). Every value is a string.

use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};
use usher_reports::{Dim, Link, Report, Row, Table};

pub(super) fn write(report: &Report) -> String {
    serde_json::to_string_pretty(&Hal(report)).unwrap_or_default()
}

struct Hal<'a>(&'a Report);

impl Serialize for Hal<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut members = serializer.serialize_map(Some(2))?;
        members.serialize_entry("_links", &Links(self.0))?;
        members.serialize_entry("report", &Records(&self.0.table))?;
        members.end()
    }
}

struct Links<'a>(&'a Report);

impl Serialize for Links<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Report { href, roll_up, drill_down, .. } = self.0;
        let mut links = serializer.serialize_map(None)?;
        links.serialize_entry("self", &Object { href, name: None })?;
        if let Some(parent) = roll_up {
            links.serialize_entry("roll-up", &object(parent))?;
        }
        match drill_down.as_slice() {
            [] => {}
            [only] => links.serialize_entry("drill-down", &object(only))?,
            several => {
                let objects: Vec<_> = several.iter().map(object).collect();
                links.serialize_entry("drill-down", &objects)?;
            }
        }
        links.end()
    }
}

#[derive(serde::Serialize)]
struct Object<'a> {
    href: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
}

fn object(link: &Link) -> Object<'_> {
    Object { href: &link.href, name: link.name.as_ref().map(Dim::as_str) }
}

struct Records<'a>(&'a Table);

impl Serialize for Records<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut records = serializer.serialize_seq(Some(self.0.rows.len()))?;
        for row in &self.0.rows {
            records.serialize_element(&Record(self.0, row))?;
        }
        records.end()
    }
}

struct Record<'a>(&'a Table, &'a Row);

impl Serialize for Record<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(table, row) = self;
        let mut fields = serializer.serialize_map(None)?;
        for (dim, label) in table.dims.iter().zip(&row.labels) {
            fields.serialize_entry(dim.as_str(), &**label)?;
        }
        for (metric, value) in table.metrics.iter().zip(&row.values) {
            fields.serialize_entry(metric.as_str(), &value.to_string())?;
        }
        fields.end()
    }
}
