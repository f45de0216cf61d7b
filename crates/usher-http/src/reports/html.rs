//! A plain page (`wolap.md` §13.4): the links and one table with the cells of the CSV.

use std::fmt::Write as _;

use usher_reports::{Dim, Link, Metric, Report};

use super::xml::escaped;

pub(super) fn write(report: &Report) -> String {
    let mut page = String::new();
    // Writing to a string cannot fail.
    let _ = document(&mut page, report);
    page
}

fn document(page: &mut String, report: &Report) -> std::fmt::Result {
    let title = escaped(&report.href);
    write!(
        page,
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<title>{title}</title>\n\
         </head>\n<body>\n<h1>{title}</h1>\n<ul>\n"
    )?;
    if let Some(parent) = &report.roll_up {
        link(page, "roll-up", parent)?;
    }
    for child in &report.drill_down {
        link(page, "drill-down", child)?;
    }
    page.push_str("</ul>\n<table>\n<thead>\n<tr>");
    let table = &report.table;
    let dims = table.dims.iter().map(Dim::as_str);
    for name in dims.chain(table.metrics.iter().map(Metric::as_str)) {
        write!(page, "<th>{name}</th>")?;
    }
    page.push_str("</tr>\n</thead>\n<tbody>\n");
    for row in &table.rows {
        page.push_str("<tr>");
        for label in &row.labels {
            write!(page, "<td>{}</td>", escaped(label))?;
        }
        for value in &row.values {
            write!(page, "<td>{value}</td>")?;
        }
        page.push_str("</tr>\n");
    }
    page.push_str("</tbody>\n</table>\n</body>\n</html>\n");
    Ok(())
}

fn link(page: &mut String, relation: &str, link: &Link) -> std::fmt::Result {
    let href = escaped(&link.href);
    let name = link.name.as_ref().map_or(link.href.as_str(), Dim::as_str);
    writeln!(page, "<li>{relation}: <a rel=\"{relation}\" href=\"{href}.html\">{name}</a></li>")
}
