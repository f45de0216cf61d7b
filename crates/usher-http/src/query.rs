//! Parameters of a query string.

use std::borrow::Cow;

/// The first value of the parameter `name`, decoded; nothing when there is none of this name.
pub(crate) fn first<'q>(query: &'q str, name: &str) -> Option<Cow<'q, str>> {
    form_urlencoded::parse(query.as_bytes()).find_map(|(it, value)| (it == name).then_some(value))
}
