//! XML, bounded: one reader with one tree, one writer that escapes.
//!
//! A text is scanned for its size and shape before it is parsed, so that no message of a stranger costs
//! more than a bounded amount of work. Document types, entities other than the five of XML itself and
//! processing instructions are refused. Names are compared as expanded names, never by prefix.

mod read;
mod scan;
mod write;

pub(crate) use read::{Node, Xml};
pub(crate) use scan::Limits;
pub use scan::{BYTES_MAX, XmlError};
pub(crate) use write::Element;
