//! Elements to be written. Everything that is not markup is escaped here and nowhere else.
//!
//! What is written is its own canonical form (exclusive XML canonicalization) where whoever composes it
//! declares each prefix at the first element that needs it, and names attributes in alphabetical order after
//! the declarations: then it can be digested as it is.

/// An element with its prefix as it shall appear.
#[derive(Clone)]
pub(crate) struct Element {
    tag: &'static str,
    attributes: Vec<(&'static str, String)>,
    content: String,
}

impl Element {
    /// An empty element.
    pub(crate) const fn new(tag: &'static str) -> Self {
        Self { tag, attributes: Vec::new(), content: String::new() }
    }

    /// With an attribute or namespace declaration more.
    pub(crate) fn attr(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.attributes.push((name, value.into()));
        self
    }

    /// With an attribute more, if there is a value for it.
    pub(crate) fn maybe_attr(self, name: &'static str, value: Option<impl Into<String>>) -> Self {
        match value {
            Some(value) => self.attr(name, value),
            None => self,
        }
    }

    /// With text more.
    pub(crate) fn text(mut self, text: &str) -> Self {
        escape(text, &mut self.content, in_text);
        self
    }

    /// With a child more.
    pub(crate) fn child(mut self, child: &Self) -> Self {
        child.write(&mut self.content);
        self
    }

    /// With more children.
    pub(crate) fn children(self, children: impl IntoIterator<Item = Self>) -> Self {
        children.into_iter().fold(self, |parent, child| parent.child(&child))
    }

    /// With a piece of finished XML more, such as a signed element.
    pub(crate) fn raw(mut self, xml: &str) -> Self {
        self.content.push_str(xml);
        self
    }

    /// As text.
    pub(crate) fn render(&self) -> String {
        let mut out = String::with_capacity(self.content.len() + 256);
        self.write(&mut out);
        out
    }

    fn write(&self, out: &mut String) {
        out.push('<');
        out.push_str(self.tag);
        for (name, value) in &self.attributes {
            out.push(' ');
            out.push_str(name);
            out.push_str("=\"");
            escape(value, out, in_attribute);
            out.push('"');
        }
        out.push('>');
        out.push_str(&self.content);
        out.push_str("</");
        out.push_str(self.tag);
        out.push('>');
    }
}

/// Appends `text` with what has to be written otherwise, and with characters XML cannot carry replaced.
fn escape(text: &str, out: &mut String, otherwise: fn(char) -> Option<&'static str>) {
    let mut rest = 0;
    for (at, character) in text.char_indices() {
        let instead = match character {
            '&' => "&amp;",
            '<' => "&lt;",
            // A reader would turn it into a line feed (XML 1.0 §2.11).
            '\r' => "&#xD;",
            '\0'..='\u{8}' | '\u{B}' | '\u{C}' | '\u{E}'..='\u{1F}' | '\u{FFFE}' | '\u{FFFF}' => {
                "\u{FFFD}"
            }
            _ => match otherwise(character) {
                Some(instead) => instead,
                None => continue,
            },
        };
        out.push_str(text.get(rest..at).unwrap_or_default());
        out.push_str(instead);
        rest = at + character.len_utf8();
    }
    out.push_str(text.get(rest..).unwrap_or_default());
}

fn in_text(character: char) -> Option<&'static str> {
    (character == '>').then_some("&gt;")
}

/// A reader would turn white space into spaces (XML 1.0 §3.3.3).
fn in_attribute(character: char) -> Option<&'static str> {
    match character {
        '"' => Some("&quot;"),
        '\n' => Some("&#xA;"),
        '\t' => Some("&#x9;"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::Xml;
    use super::*;

    #[test]
    fn what_is_written_reads_back_the_same() {
        let text = "a<b>&\"c'\u{e9}\r\n\td";
        let xml = Element::new("x")
            .attr("y", format!("{text}\n\t"))
            .child(&Element::new("z").text(text))
            .render();
        let read = Xml::parse(&xml).unwrap();
        let root = read.root().unwrap();
        assert_eq!(root.attribute("y"), Some(format!("{text}\n\t").as_str()));
        assert_eq!(root.text(), text);
    }

    #[test]
    fn characters_xml_cannot_carry_are_replaced() {
        assert_eq!(Element::new("x").text("a\u{1}b").render(), "<x>a\u{FFFD}b</x>");
    }
}
