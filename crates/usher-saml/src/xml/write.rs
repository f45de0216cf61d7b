//! Elements to be written. Everything that is not markup is escaped here and nowhere else.

/// An element with its prefix as it shall appear.
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
        escape(text, &mut self.content);
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
            escape(value, out);
            out.push('"');
        }
        if self.content.is_empty() {
            out.push_str("/>");
            return;
        }
        out.push('>');
        out.push_str(&self.content);
        out.push_str("</");
        out.push_str(self.tag);
        out.push('>');
    }
}

/// Appends `text` with markup escaped and characters XML cannot carry replaced.
fn escape(text: &str, out: &mut String) {
    let mut rest = 0;
    for (at, character) in text.char_indices() {
        let instead = match character {
            '&' => "&amp;",
            '<' => "&lt;",
            '>' => "&gt;",
            '"' => "&quot;",
            // A reader would turn these into spaces or line feeds (XML 1.0 §2.11, §3.3.3).
            '\r' => "&#13;",
            '\n' => "&#10;",
            '\t' => "&#9;",
            '\0'..='\u{1F}' | '\u{FFFE}' | '\u{FFFF}' => "\u{FFFD}",
            _ => continue,
        };
        out.push_str(text.get(rest..at).unwrap_or_default());
        out.push_str(instead);
        rest = at + character.len_utf8();
    }
    out.push_str(text.get(rest..).unwrap_or_default());
}

#[cfg(test)]
mod tests {
    use super::super::Xml;
    use super::*;

    #[test]
    fn what_is_written_reads_back_the_same() {
        let text = "a<b>&\"c'\u{e9} d";
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
