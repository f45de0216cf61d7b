//! Resources as applications name them: a plain id, or an MRSS document (`mvpd` §10).

use roxmltree::{Document, Node, ParsingOptions};

/// The longest MRSS document, in bytes.
const BYTES_MAX: usize = 16 * 1024;

/// Both spellings are in use (`mvpd` §10.2).
const MEDIA_NAMESPACES: [&str; 2] =
    ["http://search.yahoo.com/mrss/", "http://video.search.yahoo.com/mrss/"];

/// What a viewer wants to watch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resource {
    /// The document as RSS: the application's own, or made from the plain id.
    pub mrss: String,
    /// The channel: the plain id, or the document's `/rss/channel/title`.
    pub channel: String,
    /// Title of the document's item.
    pub title: Option<String>,
    /// `guid` of the document's item.
    pub guid: Option<String>,
    /// Rating of the item, else of the channel.
    pub rating: Option<Rating>,
}

/// A rating in some scheme.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rating {
    /// Such as `urn:v-chip`.
    pub scheme: Option<String>,
    /// Such as `TV-PG`.
    pub label: String,
}

/// Why a text names no resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ResourceError {
    /// Empty, or holds characters no XML document may hold.
    #[error("the resource id holds characters that cannot be sent to the provider")]
    Characters,
    /// Longer than 16 KiB.
    #[error("the resource is too long")]
    TooLong,
    /// Starts like a document but is none, or declares a document type.
    #[error("the resource is not well-formed XML without a document type")]
    Malformed,
    /// Not RSS 2.0 with one channel, a channel title and at most one item.
    #[error("the resource is not an RSS 2.0 document with one titled channel and at most one item")]
    NotMrss,
}

impl Resource {
    /// Reads what an application sent. A text that starts with `<` is meant as a document.
    pub fn parse(text: &str) -> Result<Self, ResourceError> {
        if text.len() > BYTES_MAX {
            return Err(ResourceError::TooLong);
        }
        if text.trim_start().starts_with('<') { Self::document(text) } else { Self::plain(text) }
    }

    fn plain(id: &str) -> Result<Self, ResourceError> {
        if id.trim().is_empty() || id.chars().any(|character| !is_xml(character)) {
            return Err(ResourceError::Characters);
        }
        let title = escaped(id);
        Ok(Self {
            mrss: format!(
                "<rss version=\"2.0\" xmlns:media=\"{}\"><channel><title>{title}</title></channel></rss>",
                MEDIA_NAMESPACES[0]
            ),
            channel: id.to_owned(),
            title: None,
            guid: None,
            rating: None,
        })
    }

    fn document(text: &str) -> Result<Self, ResourceError> {
        // A node costs at least four bytes (`<a/>`), so the limit follows from the text's length.
        let options = ParsingOptions { allow_dtd: false, ..ParsingOptions::default() };
        let document = Document::parse_with_options(text.trim(), options)
            .map_err(|_| ResourceError::Malformed)?;
        let rss = document.root_element();
        if rss.tag_name().name() != "rss" || rss.attribute("version") != Some("2.0") {
            return Err(ResourceError::NotMrss);
        }
        let channel = only_child(rss, "channel")?.ok_or(ResourceError::NotMrss)?;
        let item = only_child(channel, "item")?;
        let rating = item.and_then(rating).or_else(|| rating(channel));
        Ok(Self {
            mrss: text.to_owned(),
            channel: child_text(channel, "title").ok_or(ResourceError::NotMrss)?,
            title: item.and_then(|item| child_text(item, "title")),
            guid: item.and_then(|item| child_text(item, "guid")),
            rating,
        })
    }
}

/// The child called `name`, which must not occur twice.
fn only_child<'a, 'i>(
    parent: Node<'a, 'i>,
    name: &'static str,
) -> Result<Option<Node<'a, 'i>>, ResourceError> {
    let mut children = children(parent, name);
    let first = children.next();
    if children.next().is_some() { Err(ResourceError::NotMrss) } else { Ok(first) }
}

/// RSS elements have no namespace.
fn children<'a, 'i: 'a>(
    parent: Node<'a, 'i>,
    name: &'static str,
) -> impl Iterator<Item = Node<'a, 'i>> {
    parent.children().filter(move |child| {
        child.is_element()
            && child.tag_name().name() == name
            && child.tag_name().namespace().is_none()
    })
}

fn child_text(parent: Node<'_, '_>, name: &'static str) -> Option<String> {
    children(parent, name).next().and_then(text)
}

/// All text nodes together, so that a comment inside cannot shorten it (`mvpd` §5.5).
fn text(node: Node<'_, '_>) -> Option<String> {
    let text: String =
        node.children().filter(Node::is_text).filter_map(|child| child.text()).collect();
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

fn rating(parent: Node<'_, '_>) -> Option<Rating> {
    let element = parent.children().find(|child| {
        child.is_element()
            && child.tag_name().name() == "rating"
            && child.tag_name().namespace().is_some_and(|uri| MEDIA_NAMESPACES.contains(&uri))
    })?;
    Some(Rating { scheme: element.attribute("scheme").map(str::to_owned), label: text(element)? })
}

/// Characters of XML 1.0 (production 2).
const fn is_xml(character: char) -> bool {
    matches!(character, '\t' | '\n' | '\r' | '\u{20}'..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..)
}

fn escaped(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut out, character| {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&apos;"),
            // A bare carriage return would come back as a line feed (XML 1.0 §2.11).
            '\r' => out.push_str("&#13;"),
            other => out.push(other),
        }
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ITEM: &str = r#"<rss version="2.0" xmlns:media="http://search.yahoo.com/mrss/"><channel>
        <title>NEWSCH</title><media:rating scheme="urn:mpaa">pg</media:rating>
        <item><title>Morning <!-- no -->Brief 17</title><guid>nc-ep-000917</guid>
        <media:rating scheme="urn:v-chip">TV-PG</media:rating></item></channel></rss>"#;

    #[test]
    fn a_plain_id_becomes_a_document_with_the_id_as_channel_title() {
        let resource = Resource::parse("News & \"Weather\" <24>").unwrap();
        assert_eq!(
            resource.mrss,
            "<rss version=\"2.0\" xmlns:media=\"http://search.yahoo.com/mrss/\"><channel>\
             <title>News &amp; &quot;Weather&quot; &lt;24&gt;</title></channel></rss>"
        );
        assert_eq!(Resource::parse(&resource.mrss).unwrap().channel, "News & \"Weather\" <24>");
    }

    #[test]
    fn a_document_gives_channel_item_and_the_items_rating() {
        let resource = Resource::parse(ITEM).unwrap();
        assert_eq!(resource.mrss, ITEM);
        assert_eq!(resource.channel, "NEWSCH");
        assert_eq!(resource.title.as_deref(), Some("Morning Brief 17"));
        assert_eq!(resource.guid.as_deref(), Some("nc-ep-000917"));
        let rating = Rating { scheme: Some("urn:v-chip".into()), label: "TV-PG".into() };
        assert_eq!(resource.rating, Some(rating));
    }

    #[test]
    fn the_deepest_document_is_read_without_harm() {
        let depth = BYTES_MAX / 8;
        let nested = format!("{}{}", "<a>".repeat(depth), "</a>".repeat(depth));
        assert_eq!(Resource::parse(&nested), Err(ResourceError::NotMrss));
    }

    #[test]
    fn what_is_no_resource_says_why() {
        let titled = |inside: &str| format!(r#"<rss version="2.0">{inside}</rss>"#);
        let channel = "<channel><title>A</title></channel>";
        for (text, reason) in [
            (String::new(), ResourceError::Characters),
            ("acme\u{1}".into(), ResourceError::Characters),
            ("x".repeat(BYTES_MAX + 1), ResourceError::TooLong),
            ("<rss".into(), ResourceError::Malformed),
            (format!("<!DOCTYPE rss>{}", titled(channel)), ResourceError::Malformed),
            (titled(&channel.repeat(2)), ResourceError::NotMrss),
            (titled("<channel><title> </title></channel>"), ResourceError::NotMrss),
            (titled("<channel><title>A</title><item/><item/></channel>"), ResourceError::NotMrss),
            (format!("<rss>{channel}</rss>"), ResourceError::NotMrss),
        ] {
            assert_eq!(Resource::parse(&text), Err(reason), "{text:.60}");
        }
    }
}
