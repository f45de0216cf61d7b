//! What stands on the page of a report.

/// Where its links lead.
pub(crate) fn hrefs(page: &str) -> Vec<String> {
    let links = page.split("<a ").skip(1);
    let hrefs = links
        .filter_map(|link| crate::support::attribute(link, "", "href").or_else(|| first(link)));
    hrefs.collect()
}

/// The address of a link whose first attribute it is.
fn first(link: &str) -> Option<String> {
    let (href, _) = link.strip_prefix("href=\"")?.split_once('"')?;
    Some(href.replace("&#38;", "&").replace("&amp;", "&"))
}

/// The texts of the table's cells, row by row, the header first.
pub(crate) fn table(page: &str) -> Vec<Vec<String>> {
    let (_, table) = page.split_once("<table>").expect("a table");
    let (table, _) = table.split_once("</table>").expect("an end of the table");
    let rows = table.split("<tr>").skip(1);
    rows.map(|row| {
        let cells = row.split("<t").filter(|cell| cell.starts_with("h ") || cell.starts_with('d'));
        cells.map(|cell| text(&format!("<t{cell}"))).collect()
    })
    .collect()
}

/// The text between tags.
fn text(html: &str) -> String {
    let pieces = html.split('<').map(|piece| piece.split_once('>').map_or("", |(_, text)| text));
    let text: String = pieces.collect();
    let text = [("&#60;", "<"), ("&#62;", ">"), ("&#34;", "\""), ("&#39;", "'"), ("&#38;", "&")]
        .into_iter()
        .fold(text, |text, (from, to)| text.replace(from, to));
    text.trim().to_owned()
}
