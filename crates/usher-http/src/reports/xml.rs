//! HAL in XML (`wolap.md` §13.2), and escaping for markup.

use std::fmt::Write as _;

use usher_reports::{Link, Report};

pub(super) fn write(report: &Report) -> String {
    let mut xml = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    // Writing to a string cannot fail.
    let _ = resource(&mut xml, report);
    xml
}

fn resource(xml: &mut String, report: &Report) -> std::fmt::Result {
    writeln!(xml, "<resource href=\"{}\">", escaped(&report.href))?;
    let parent = report.roll_up.iter().map(|link| ("roll-up", link));
    let links: Vec<_> =
        parent.chain(report.drill_down.iter().map(|link| ("drill-down", link))).collect();
    element(xml, "links", &links, |xml, (relation, link)| write_link(xml, relation, link))?;
    let table = &report.table;
    element(xml, "report", &table.rows, |xml, row| {
        xml.push_str("    <record");
        for (dim, label) in table.dims.iter().zip(&row.labels) {
            write!(xml, " {dim}=\"{}\"", escaped(label))?;
        }
        for (metric, value) in table.metrics.iter().zip(&row.values) {
            write!(xml, " {metric}=\"{value}\"")?;
        }
        xml.push_str("/>\n");
        Ok(())
    })?;
    xml.push_str("</resource>\n");
    Ok(())
}

fn write_link(xml: &mut String, relation: &str, link: &Link) -> std::fmt::Result {
    write!(xml, "    <link rel=\"{relation}\" href=\"{}\"", escaped(&link.href))?;
    if let Some(name) = &link.name {
        write!(xml, " name=\"{name}\"")?;
    }
    xml.push_str("/>\n");
    Ok(())
}

/// An element with one child per item; without items it has no content.
fn element<T>(
    xml: &mut String,
    name: &str,
    items: &[T],
    mut write_item: impl FnMut(&mut String, &T) -> std::fmt::Result,
) -> std::fmt::Result {
    if items.is_empty() {
        return writeln!(xml, "  <{name}/>");
    }
    writeln!(xml, "  <{name}>")?;
    for item in items {
        write_item(xml, item)?;
    }
    writeln!(xml, "  </{name}>")
}

/// `text` for an attribute or for content, in XML 1.0 and in HTML. Characters that XML cannot carry
/// become U+FFFD.
pub(super) fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            '\t' => safe.push_str("&#9;"),
            '\n' => safe.push_str("&#10;"),
            '\r' => safe.push_str("&#13;"),
            '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => safe.push('\u{fffd}'),
            other => safe.push(other),
        }
    }
    safe
}
