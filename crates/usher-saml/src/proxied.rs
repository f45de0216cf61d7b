//! The lists in which a proxy names the providers behind it (`mvpd` §12.2).

use crate::xml::{Element, Limits, Node, Xml, XmlError};

/// The namespace of the published schema, which no published sample uses.
const NAMESPACE: &str = "http://tve.adobe.com/data/proxiedmvpd";

/// A provider behind a proxy, as the document describes it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProxiedEntry {
    /// Its id.
    pub id: String,
    /// Its id at the proxy, when different.
    pub provider_id: Option<String>,
    /// The name viewers see.
    pub display_name: String,
    /// Its logo.
    pub logo_url: Option<String>,
    /// Width and height of the frame its sign-in page wants to be in.
    pub iframe: Option<(u32, u32)>,
    /// The channels it is meant for.
    pub requestor_ids: Option<Vec<String>>,
}

/// Why a document is no such list.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ListError {
    /// It is no XML that is read here.
    #[error(transparent)]
    Xml(#[from] XmlError),
    /// The document element is another one.
    #[error("the document is no `proxiedMvpds`")]
    Root,
    /// An element that has no place there, is missing, or stands there twice.
    #[error("entry {0}: `{1}` is missing, misplaced or not what it should be")]
    Element(usize, &'static str),
}

/// Reads a list, in the namespace of the schema or in none.
pub fn read(document: &str) -> Result<Vec<ProxiedEntry>, ListError> {
    let xml = Xml::parse_within(document, Limits::LIST)?;
    let root = xml.root().ok_or(ListError::Root)?;
    if !is(root, "proxiedMvpds") {
        return Err(ListError::Root);
    }
    root.elements().enumerate().map(|(at, node)| Reader(at + 1).entry(node)).collect()
}

/// Reads the entry of this number.
struct Reader(usize);

impl Reader {
    fn entry(&self, node: Node<'_>) -> Result<ProxiedEntry, ListError> {
        if !is(node, "proxiedMvpd") {
            return Err(self.wrong("proxiedMvpd"));
        }
        self.only(
            node,
            "proxiedMvpd",
            &["id", "displayName", "logoURL", "iframeSize", "requestorIds"],
        )?;
        let id = self.one(node, "id")?.ok_or_else(|| self.wrong("id"))?;
        let provider_id = id.attribute("ProviderID").map(str::to_owned);
        let name = self.one(node, "displayName")?.ok_or_else(|| self.wrong("displayName"))?;
        let logo_url = self.one(node, "logoURL")?.ok_or_else(|| self.wrong("logoURL"))?.text();
        let iframe = self.one(node, "iframeSize")?.map(|size| self.size(size)).transpose()?;
        let requestors = self.one(node, "requestorIds")?;
        Ok(ProxiedEntry {
            id: id.text(),
            provider_id,
            display_name: name.text(),
            logo_url: Some(logo_url).filter(|url| !url.is_empty()),
            iframe,
            requestor_ids: requestors.map(|ids| self.requestors(ids)).transpose()?,
        })
    }

    fn size(&self, node: Node<'_>) -> Result<(u32, u32), ListError> {
        let wrong = || self.wrong("iframeSize");
        self.only(node, "iframeSize", &["iframeHeight", "iframeWidth"])?;
        let pixels = |local| {
            let text = self.one(node, local)?.ok_or_else(wrong)?.text();
            text.parse().map_err(|_| wrong())
        };
        Ok((pixels("iframeWidth")?, pixels("iframeHeight")?))
    }

    fn requestors(&self, node: Node<'_>) -> Result<Vec<String>, ListError> {
        self.only(node, "requestorIds", &["requestorId"])?;
        let ids: Vec<String> = node.elements().map(Node::text).collect();
        if ids.is_empty() { Err(self.wrong("requestorIds")) } else { Ok(ids) }
    }

    /// Are all children of `node` among these?
    fn only(&self, node: Node<'_>, name: &'static str, children: &[&str]) -> Result<(), ListError> {
        let fits = |child: Node<'_>| children.iter().any(|local| is(child, local));
        if node.elements().all(fits) { Ok(()) } else { Err(self.wrong(name)) }
    }

    /// The child of this name, which may not stand there twice.
    fn one<'d>(&self, node: Node<'d>, local: &'static str) -> Result<Option<Node<'d>>, ListError> {
        let mut children = node.elements().filter(|child| is(*child, local));
        let first = children.next();
        if children.next().is_some() { Err(self.wrong(local)) } else { Ok(first) }
    }

    const fn wrong(&self, element: &'static str) -> ListError {
        ListError::Element(self.0, element)
    }
}

fn is(node: Node<'_>, local: &str) -> bool {
    node.is_called(local) && node.namespace().is_none_or(|namespace| namespace == NAMESPACE)
}

/// Writes a list, in no namespace, as published samples are.
pub fn write(entries: &[ProxiedEntry]) -> String {
    let list = Element::new("proxiedMvpds").children(entries.iter().map(written));
    format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{}\n", list.render())
}

fn written(entry: &ProxiedEntry) -> Element {
    let text = |tag, text: &str| Element::new(tag).text(text);
    let id = text("id", &entry.id).maybe_attr("ProviderID", entry.provider_id.as_deref());
    let iframe = entry.iframe.map(|(width, height)| {
        Element::new("iframeSize")
            .child(&text("iframeHeight", &height.to_string()))
            .child(&text("iframeWidth", &width.to_string()))
    });
    let requestors = entry.requestor_ids.as_ref().map(|ids| {
        Element::new("requestorIds").children(ids.iter().map(|id| text("requestorId", id)))
    });
    Element::new("proxiedMvpd")
        .child(&id)
        .child(&text("displayName", &entry.display_name))
        .child(&text("logoURL", entry.logo_url.as_deref().unwrap_or_default()))
        .children(iframe)
        .children(requestors)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAMPLE: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
        <proxiedMvpds>
          <proxiedMvpd><id>HillCable</id><displayName>Hill Cable</displayName><logoURL></logoURL></proxiedMvpd>
          <proxiedMvpd><displayName>Lake &amp; Fiber</displayName><id ProviderID="urn:hub:lake-17">LakeFiber</id>
            <logoURL>https://img.hub.example/lake.png</logoURL>
            <iframeSize><iframeHeight>420</iframeHeight><iframeWidth>360</iframeWidth></iframeSize>
            <requestorIds><requestorId>NEWSCH</requestorId><requestorId>SPORTCH</requestorId></requestorIds>
          </proxiedMvpd>
        </proxiedMvpds>"#;

    fn entries() -> Vec<ProxiedEntry> {
        let hill = ProxiedEntry {
            id: "HillCable".into(),
            display_name: "Hill Cable".into(),
            ..ProxiedEntry::default()
        };
        let lake = ProxiedEntry {
            id: "LakeFiber".into(),
            provider_id: Some("urn:hub:lake-17".into()),
            display_name: "Lake & Fiber".into(),
            logo_url: Some("https://img.hub.example/lake.png".into()),
            iframe: Some((360, 420)),
            requestor_ids: Some(vec!["NEWSCH".into(), "SPORTCH".into()]),
        };
        vec![hill, lake]
    }

    #[test]
    fn a_list_is_read_with_and_without_namespace_and_written_without() {
        assert_eq!(read(SAMPLE), Ok(entries()));
        let root = format!("<proxiedMvpds xmlns='{NAMESPACE}'>");
        assert_eq!(read(&SAMPLE.replace("<proxiedMvpds>", &root)), Ok(entries()));
        let written = write(&entries());
        assert!(!written.contains("xmlns"), "{written}");
        assert_eq!(read(&written), Ok(entries()));
        assert_eq!(read("<proxiedMvpds/>"), Ok(vec![]));
    }

    #[test]
    fn thousands_of_providers_are_read() {
        let many: Vec<_> = entries().into_iter().cycle().take(5_000).collect();
        assert_eq!(read(&write(&many)).map(|entries| entries.len()), Ok(5_000));
    }

    #[test]
    fn what_the_schema_does_not_know_is_refused() {
        use ListError::{Element, Root};
        for (from, to, error) in [
            ("proxiedMvpds>", "proxied>", Root),
            ("<proxiedMvpds>", "<proxiedMvpds xmlns='urn:other'>", Root),
            ("<id>HillCable</id>", "", Element(1, "id")),
            ("<id>HillCable</id>", "<id>a</id><id>b</id>", Element(1, "id")),
            ("<logoURL></logoURL>", "", Element(1, "logoURL")),
            ("<logoURL></logoURL>", "<logoURL/><more/>", Element(1, "proxiedMvpd")),
            ("<iframeWidth>360</iframeWidth>", "", Element(2, "iframeSize")),
            ("360", "wide", Element(2, "iframeSize")),
            (
                "<requestorId>NEWSCH</requestorId><requestorId>SPORTCH</requestorId>",
                "",
                Element(2, "requestorIds"),
            ),
            ("<proxiedMvpds>", "<proxiedMvpds><x/>", Element(1, "proxiedMvpd")),
        ] {
            assert_eq!(read(&SAMPLE.replace(from, to)), Err(error), "{from} {to}");
        }
        let declared = SAMPLE.replace("<proxiedMvpds>", "<!DOCTYPE x><proxiedMvpds>");
        assert_eq!(read(&declared), Err(ListError::Xml(XmlError::DocumentType)));
    }
}
