//! Resources as applications name them: a plain id, or an MRSS document (`mvpd` §10).

use crate::xml::{Element, Node, Xml};

/// The longest MRSS document, in bytes.
const LENGTH_MAX: usize = 16 * 1024;

/// Both spellings are in use (`mvpd` §10.2).
const MEDIA: [&str; 2] = ["http://search.yahoo.com/mrss/", "http://video.search.yahoo.com/mrss/"];

/// What a viewer wants to watch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resource {
    /// The document as RSS: the application's own, or made from the plain id.
    pub mrss: String,
    /// Did the application send a document?
    pub is_document: bool,
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
        if text.len() > LENGTH_MAX {
            return Err(ResourceError::TooLong);
        }
        if text.trim_start().starts_with('<') { Self::document(text) } else { Self::plain(text) }
    }

    fn plain(id: &str) -> Result<Self, ResourceError> {
        if id.trim().is_empty() || id.chars().any(|character| !is_xml(character)) {
            return Err(ResourceError::Characters);
        }
        let title = Element::new("title").text(id);
        let mrss = Element::new("rss")
            .attr("version", "2.0")
            .attr("xmlns:media", MEDIA[0])
            .child(&Element::new("channel").child(&title))
            .render();
        let channel = id.to_owned();
        Ok(Self { mrss, is_document: false, channel, title: None, guid: None, rating: None })
    }

    fn document(text: &str) -> Result<Self, ResourceError> {
        let xml = Xml::parse(text.trim()).map_err(|_| ResourceError::Malformed)?;
        let rss = xml.root().ok_or(ResourceError::Malformed)?;
        if !is_rss(rss, "rss") || rss.attribute("version") != Some("2.0") {
            return Err(ResourceError::NotMrss);
        }
        let channel = at_most_one(rss, "channel")?.ok_or(ResourceError::NotMrss)?;
        let item = at_most_one(channel, "item")?;
        Ok(Self {
            mrss: text.to_owned(),
            is_document: true,
            channel: child_text(channel, "title").ok_or(ResourceError::NotMrss)?,
            title: item.and_then(|item| child_text(item, "title")),
            guid: item.and_then(|item| child_text(item, "guid")),
            rating: item.and_then(rating).or_else(|| rating(channel)),
        })
    }
}

/// RSS elements are in no namespace.
fn is_rss(node: Node<'_>, name: &str) -> bool {
    node.namespace().is_none() && node.is_called(name)
}

fn at_most_one<'d>(
    parent: Node<'d>,
    name: &'static str,
) -> Result<Option<Node<'d>>, ResourceError> {
    let mut children = parent.elements().filter(|child| is_rss(*child, name));
    let first = children.next();
    if children.next().is_some() { Err(ResourceError::NotMrss) } else { Ok(first) }
}

fn child_text(parent: Node<'_>, name: &str) -> Option<String> {
    let child = parent.elements().find(|child| is_rss(*child, name))?;
    Some(child.text()).filter(|text| !text.is_empty())
}

fn rating(parent: Node<'_>) -> Option<Rating> {
    let node = MEDIA.iter().find_map(|namespace| parent.child(namespace, "rating"))?;
    let label = node.text();
    let scheme = node.attribute("scheme").map(str::to_owned);
    (!label.is_empty()).then_some(Rating { scheme, label })
}

/// Characters of XML 1.0 (production 2).
const fn is_xml(character: char) -> bool {
    matches!(character, '\t' | '\n' | '\r' | '\u{20}'..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::authz::{RatingStyle, ResourceFormat, ResourceNames};

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
             <title>News &amp; \"Weather\" &lt;24&gt;</title></channel></rss>"
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
    fn a_document_maps_to_five_attributes_with_the_spelling_of_the_wire() {
        let resource = Resource::parse(ITEM).unwrap();
        let mut names =
            ResourceNames { format: ResourceFormat::Structured, ..ResourceNames::default() };
        let written = |names: &ResourceNames| -> Vec<(String, String)> {
            names.attributes(&resource).into_iter().map(|a| (a.id, a.value)).collect()
        };
        let content = |name: &str| format!("urn:cablelabs:ocla:1.0:attribute:content:{name}");
        let expected = |scheme: &str| {
            vec![
                (content("tv-network"), "NEWSCH".to_owned()),
                ("urn:oasis:names:tc:xacml:1.0:resource:resource-id".into(), "nc-ep-000917".into()),
                (content("id:namespace"), "NEWSCH".into()),
                (content(&format!("rating:{scheme}")), "TV-PG".into()),
                (content("title"), "Morning Brief 17".into()),
            ]
        };
        assert_eq!(written(&names), expected("vchip"));
        names.rating_style = RatingStyle::Urn;
        assert_eq!(written(&names), expected("urn:v-chip"));
    }

    #[test]
    fn a_channel_only_provider_receives_the_channel_title_alone() {
        let names = ResourceNames::default();
        let attributes = names.attributes(&Resource::parse(ITEM).unwrap());
        let [only] = attributes.as_slice() else { panic!("{attributes:?}") };
        assert_eq!(only.value, "NEWSCH");
    }

    #[test]
    fn a_structured_provider_given_a_plain_id_receives_it_as_id_and_network() {
        let names =
            ResourceNames { format: ResourceFormat::Structured, ..ResourceNames::default() };
        let attributes = names.attributes(&Resource::parse("SPORTCH").unwrap());
        assert_eq!(attributes.len(), 2);
        assert!(attributes.iter().all(|attribute| attribute.value == "SPORTCH"));
    }

    #[test]
    fn what_is_no_resource_says_why() {
        let titled = |inside: &str| format!(r#"<rss version="2.0">{inside}</rss>"#);
        let channel = "<channel><title>A</title></channel>";
        for (text, reason) in [
            (String::new(), ResourceError::Characters),
            ("acme\u{1}".into(), ResourceError::Characters),
            ("x".repeat(LENGTH_MAX + 1), ResourceError::TooLong),
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
