//! The tree of a checked text, read by expanded names.

use uppsala::{Document, NodeId, NodeKind, Parser};

use super::scan::{Limits, XmlError, check};

/// A parsed document together with the text it came from.
pub(crate) struct Xml<'t> {
    document: Document<'t>,
    source: &'t str,
}

impl<'t> Xml<'t> {
    /// Parses `source`, which may be anything at all, as a message.
    pub(crate) fn parse(source: &'t str) -> Result<Self, XmlError> {
        Self::parse_within(source, Limits::MESSAGE)
    }

    /// Parses `source`, which may be anything at all.
    pub(crate) fn parse_within(source: &'t str, limits: Limits) -> Result<Self, XmlError> {
        check(source, limits)?;
        let parser = Parser::new().with_forbid_dtd(true).with_forbid_entities(true);
        let document = parser.parse(source).map_err(|_| XmlError::Malformed)?;
        let xml = Self { document, source };
        let root = xml.root().ok_or(XmlError::Malformed)?;
        let instruction =
            |id| matches!(xml.document.node_kind(id), Some(NodeKind::ProcessingInstruction(_)));
        if xml.document.doctype.is_some() {
            Err(XmlError::DocumentType)
        } else if xml.document.descendants(root.id).into_iter().any(instruction) {
            Err(XmlError::Instruction)
        } else {
            Ok(xml)
        }
    }

    /// The document element.
    pub(crate) fn root(&self) -> Option<Node<'_>> {
        let id = self.document.document_element()?;
        Some(Node { document: &self.document, id })
    }

    /// The tree, for the library that verifies signatures on it.
    pub(crate) const fn document(&self) -> &Document<'t> {
        &self.document
    }

    /// The text the tree was parsed from.
    pub(crate) const fn source(&self) -> &'t str {
        self.source
    }
}

/// An element of a document.
#[derive(Clone, Copy)]
pub(crate) struct Node<'d> {
    document: &'d Document<'d>,
    id: NodeId,
}

impl<'d> Node<'d> {
    /// The element's place in its document; equal only for the same element.
    pub(crate) const fn id(self) -> NodeId {
        self.id
    }

    /// Is its expanded name `local` in `namespace`?
    pub(crate) fn is(self, namespace: &str, local: &str) -> bool {
        self.document
            .element(self.id)
            .is_some_and(|element| element.matches_name_ns(namespace, local))
    }

    /// Is its name `local`, in whatever namespace or none?
    pub(crate) fn is_called(self, local: &str) -> bool {
        self.document.element(self.id).is_some_and(|element| *element.name.local_name == *local)
    }

    /// Its namespace.
    pub(crate) fn namespace(self) -> Option<&'d str> {
        self.document.element(self.id)?.name.namespace_uri.as_deref()
    }

    /// The attribute called `local` that is in no namespace.
    pub(crate) fn attribute(self, local: &str) -> Option<&'d str> {
        let attributes = &self.document.element(self.id)?.attributes;
        let found = attributes.iter().find(|attribute| {
            attribute.name.namespace_uri.is_none() && *attribute.name.local_name == *local
        })?;
        Some(&*found.value)
    }

    /// Its child elements.
    pub(crate) fn elements(self) -> impl Iterator<Item = Node<'d>> {
        let document = self.document;
        document
            .children_iter(self.id)
            .filter(|id| document.element(*id).is_some())
            .map(move |id| Self { document, id })
    }

    /// Its child elements of one name.
    pub(crate) fn children(self, namespace: &str, local: &str) -> impl Iterator<Item = Node<'d>> {
        self.elements().filter(move |child| child.is(namespace, local))
    }

    /// Its first child element of one name.
    pub(crate) fn child(self, namespace: &str, local: &str) -> Option<Node<'d>> {
        self.children(namespace, local).next()
    }

    /// Its child element of one name, if there is exactly one.
    pub(crate) fn only_child(self, namespace: &str, local: &str) -> Option<Node<'d>> {
        let mut children = self.children(namespace, local);
        let first = children.next()?;
        children.next().is_none().then_some(first)
    }

    /// The element it is a child of.
    pub(crate) fn parent(self) -> Option<Node<'d>> {
        let id = self.document.parent(self.id)?;
        self.document.element(id)?;
        Some(Self { document: self.document, id })
    }

    /// Every element below it, in document order, and itself.
    pub(crate) fn and_below(self) -> impl Iterator<Item = Node<'d>> {
        let document = self.document;
        let below = document.descendants(self.id).into_iter().filter(move |id| *id != self.id);
        std::iter::once(self.id)
            .chain(below)
            .filter(|id| document.element(*id).is_some())
            .map(move |id| Self { document, id })
    }

    /// All its text, comments left out, without the white space around it (`mvpd` §5.5).
    pub(crate) fn text(self) -> String {
        trim(&self.document.text_content_deep(self.id)).to_owned()
    }

    /// The text of its first child element of one name.
    pub(crate) fn child_text(self, namespace: &str, local: &str) -> Option<String> {
        self.child(namespace, local).map(Node::text)
    }

    /// Has it nothing but elements, white space and plain text below it: no comment, no CDATA?
    pub(crate) fn is_plain(self) -> bool {
        let plain = |id| {
            matches!(self.document.node_kind(id), Some(NodeKind::Element(_) | NodeKind::Text(_)))
        };
        self.document.descendants(self.id).into_iter().all(plain)
    }
}

/// Without the white space of XML at both ends.
fn trim(text: &str) -> &str {
    text.trim_matches([' ', '\t', '\r', '\n'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_expanded_and_text_survives_comments() {
        let xml = Xml::parse("<p:a xmlns:p='u' xmlns:q='v' q:i='1' i='2'> x<!-- y -->z <b/></p:a>")
            .unwrap();
        let root = xml.root().unwrap();
        assert!(root.is("u", "a") && !root.is("v", "a"));
        assert_eq!(root.attribute("i"), Some("2"));
        assert_eq!(root.text(), "xz");
        assert!(!root.is_plain());
        assert!(root.child("u", "b").is_none());
    }

    #[test]
    fn foreign_entities_are_refused_and_the_five_own_ones_read() {
        assert!(Xml::parse("<a>&xxe;</a>").is_err());
        let xml = Xml::parse("<a>&lt;&amp;&#65;</a>").unwrap();
        assert_eq!(xml.root().unwrap().text(), "<&A");
    }
}
