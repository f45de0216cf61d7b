//! The look at a text before it is parsed: is its shape affordable?
//!
//! The scan is no parser. It over-counts where it is unsure; the parser has the last word on whether
//! the text is XML at all.

/// The longest document, in bytes, after base64 and DEFLATE are undone (`mvpd` §5.5 row 1).
pub const BYTES_MAX: usize = 256 * 1024;

/// How much of everything a document may hold.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    bytes: usize,
    /// Attributes and namespace declarations, of all elements together.
    attributes: usize,
    /// Tags, comments and CDATA sections.
    markup: usize,
}

impl Limits {
    /// For a message. What is checked costs work again: by signature, by query.
    pub(crate) const MESSAGE: Self = Self { bytes: BYTES_MAX, attributes: 4_096, markup: 4_096 };
    /// For a list of thousands of providers, which is read and no more.
    pub(crate) const LIST: Self =
        Self { bytes: 4 * 1024 * 1024, attributes: 16_384, markup: 262_144 };
}

/// The deepest nesting of elements. SAML needs about 12.
const DEPTH_MAX: usize = 48;

/// The most attributes and namespace declarations on one element.
const ATTRIBUTES_MAX: usize = 40;

/// The most namespace declarations in a document: canonicalization looks through those in scope.
const NAMESPACES_MAX: usize = 1_024;

/// Why a text is not read as XML.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum XmlError {
    /// Longer than [`BYTES_MAX`], or than a list may be.
    #[error("the message is too long")]
    TooLong,
    /// Not base64, not DEFLATE, or not UTF-8.
    #[error("the message is not encoded as its binding demands")]
    Encoding,
    /// Declares a document type or an entity.
    #[error("the message declares a document type")]
    DocumentType,
    /// Holds a processing instruction.
    #[error("the message holds a processing instruction")]
    Instruction,
    /// Nested too deep.
    #[error("the message is nested too deep")]
    TooDeep,
    /// Too many elements, or too many attributes on one of them.
    #[error("the message has too many elements or attributes")]
    TooMany,
    /// Not well-formed.
    #[error("the message is not well-formed XML")]
    Malformed,
}

/// Refuses a text whose parsing could cost more than a bounded amount of work.
///
/// One pass over the bytes; it ends at the first bound that is crossed.
pub(super) fn check(text: &str, limits: Limits) -> Result<(), XmlError> {
    if text.len() > limits.bytes {
        return Err(XmlError::TooLong);
    }
    let mut scan = Scan { limits, depth: 0, markup: 0, attributes: 0, namespaces: 0 };
    let mut rest = text.strip_prefix('\u{FEFF}').unwrap_or(text);
    if rest.starts_with("<?xml ") {
        rest = after(rest, "?>")?;
    }
    while let Some((_, markup)) = rest.split_once('<') {
        rest = scan.markup(markup)?;
    }
    Ok(())
}

struct Scan {
    limits: Limits,
    depth: usize,
    markup: usize,
    attributes: usize,
    namespaces: usize,
}

impl Scan {
    /// Reads one piece of markup, without its `<`; returns what follows it.
    fn markup<'t>(&mut self, text: &'t str) -> Result<&'t str, XmlError> {
        self.markup += 1;
        if self.markup > self.limits.markup {
            return Err(XmlError::TooMany);
        }
        if let Some(comment) = text.strip_prefix("!--") {
            return after(comment, "-->");
        }
        if let Some(section) = text.strip_prefix("![CDATA[") {
            return after(section, "]]>");
        }
        match text.as_bytes().first() {
            Some(b'!') => Err(XmlError::DocumentType),
            Some(b'?') => Err(XmlError::Instruction),
            Some(b'/') => {
                self.depth = self.depth.saturating_sub(1);
                after(text, ">")
            }
            _ => self.tag(text),
        }
    }

    const fn is_over(&self) -> bool {
        self.attributes > self.limits.attributes || self.namespaces > NAMESPACES_MAX
    }

    /// Reads a start tag; counts its attributes by their quoted values.
    fn tag<'t>(&mut self, text: &'t str) -> Result<&'t str, XmlError> {
        let mut attributes = 0;
        let mut rest = text;
        loop {
            let (at, end) =
                rest.match_indices(['"', '\'', '>']).next().ok_or(XmlError::Malformed)?;
            let (before, after_mark) = split(rest, at, end.len())?;
            self.namespaces += usize::from(before.trim_start().starts_with("xmlns"));
            if end == ">" {
                self.depth += usize::from(!before.ends_with('/'));
                break rest = after_mark;
            }
            attributes += 1;
            self.attributes += 1;
            if attributes > ATTRIBUTES_MAX || self.is_over() {
                return Err(XmlError::TooMany);
            }
            rest = after(after_mark, end)?;
        }
        if self.depth > DEPTH_MAX { Err(XmlError::TooDeep) } else { Ok(rest) }
    }
}

fn split(text: &str, at: usize, length: usize) -> Result<(&str, &str), XmlError> {
    let (before, from_mark) = text.split_at_checked(at).ok_or(XmlError::Malformed)?;
    let (_, after) = from_mark.split_at_checked(length).ok_or(XmlError::Malformed)?;
    Ok((before, after))
}

fn after<'t>(text: &'t str, mark: &str) -> Result<&'t str, XmlError> {
    text.split_once(mark).map(|(_, rest)| rest).ok_or(XmlError::Malformed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ordinary_document_passes() {
        let text =
            "<?xml version=\"1.0\"?>\n<a xmlns='u' b=\"x > y\"><!-- <c> --><d/><![CDATA[<<<]]></a>";
        assert_eq!(check(text, Limits::MESSAGE), Ok(()));
    }

    #[test]
    fn every_bound_has_its_refusal() {
        let attributes = (0..80_000).map(|i| format!(" a{i}=''")).collect::<Vec<_>>().concat();
        for (text, refusal) in [
            (" ".repeat(BYTES_MAX + 1), XmlError::TooLong),
            (format!("<a{}/>", attributes.get(..200_000).unwrap()), XmlError::TooMany),
            ("<a>".repeat(60), XmlError::TooDeep),
            ("<a/>".repeat(9_000), XmlError::TooMany),
            ("<a b='' c=''/>".repeat(2_500), XmlError::TooMany),
            ("<!DOCTYPE a><a/>".into(), XmlError::DocumentType),
            ("<a><!ENTITY b 'c'></a>".into(), XmlError::DocumentType),
            ("<a><?php x?></a>".into(), XmlError::Instruction),
            ("<a b='".into(), XmlError::Malformed),
        ] {
            assert_eq!(check(&text, Limits::MESSAGE), Err(refusal), "{text:.40}");
        }
    }

    #[test]
    fn many_namespaces_are_refused_even_when_spread_over_elements() {
        let element = (0..30).map(|i| format!(" xmlns:n{i}='u'")).collect::<Vec<_>>().concat();
        let text = format!("<a{element}/>").repeat(40);
        assert_eq!(check(&text, Limits::MESSAGE), Err(XmlError::TooMany));
        assert_eq!(check(&text, Limits::LIST), Err(XmlError::TooMany));
    }
}
