//! What a resource says about itself: a plain id, or an MRSS document that names channel and item.
//!
//! Only for reports. Connectors convert resources for providers themselves; decisions treat them as
//! opaque.

/// The channel of `resource`: the channel title of an MRSS document, else the resource itself.
pub(crate) fn channel_of(resource: &str) -> String {
    mrss(resource)
        .and_then(|document| title_in(document.split_once("<item").map_or(document, |it| it.0)))
        .unwrap_or_else(|| resource.to_owned())
}

/// The item title of an MRSS document.
pub(crate) fn item_of(resource: &str) -> Option<String> {
    title_in(mrss(resource)?.split_once("<item")?.1)
}

fn mrss(resource: &str) -> Option<&str> {
    let document = resource.trim_start();
    document.starts_with('<').then(|| document.split_once("<channel").map(|it| it.1))?
}

fn title_in(xml: &str) -> Option<String> {
    let (title, _) = xml.split_once("<title>")?.1.split_once("</title>")?;
    let title = title.trim();
    let text = title
        .strip_prefix("<![CDATA[")
        .and_then(|inner| inner.strip_suffix("]]>"))
        .map_or_else(|| crate::xml_text::unescape(title), str::to_owned);
    (!text.is_empty()).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_id_is_its_own_channel() {
        assert_eq!(channel_of("acme-one"), "acme-one");
        assert_eq!(item_of("acme-one"), None);
    }

    #[test]
    fn an_mrss_document_names_channel_and_item() {
        let channel = "<rss version=\"2.0\"><channel><title>NEWS-1</title></channel></rss>";
        assert_eq!(channel_of(channel), "NEWS-1");
        assert_eq!(item_of(channel), None);
        let item = "<rss><channel><title>A &amp; B</title><item><title><![CDATA[Film <1>]]></title></item></channel></rss>";
        assert_eq!(channel_of(item), "A & B");
        assert_eq!(item_of(item).as_deref(), Some("Film <1>"));
    }

    #[test]
    fn a_broken_document_is_taken_as_an_id() {
        for broken in ["<", "<rss>", "<rss><channel><title>x", "<rss><channel><title></title>"] {
            assert_eq!(channel_of(broken), broken);
        }
    }
}
