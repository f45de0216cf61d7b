//! The address of a report, taken apart, so that links on its page can lead to its neighbours.

use std::fmt::Write as _;

use percent_encoding::{percent_decode_str, utf8_percent_encode};
use usher_reports::{QUERY_VALUE, Scope};

/// A path and the parameters that somebody chose; what is implicit is left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Here {
    /// Without extension.
    pub(super) path: String,
    pub(super) parts: Vec<Part>,
}

/// One parameter, decoded. `mvpd!=A` has the name `mvpd!`; an include has no value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) name: String,
    pub(super) value: String,
}

impl Part {
    pub(super) fn new(name: impl Into<String>, value: impl Into<String>) -> Self {
        Self { name: name.into(), value: value.into() }
    }

    fn parse(text: &str) -> Self {
        let decoded = |text| percent_decode_str(text).decode_utf8_lossy().into_owned();
        let (name, value) = text.split_once('=').unwrap_or((text, ""));
        Self { name: decoded(name), value: decoded(value) }
    }

    /// The dimension of a filter or an include.
    pub(super) fn dim(&self) -> Option<&str> {
        let is_reserved = matches!(self.name.as_str(), "start" | "end" | "limit" | "metrics");
        (!is_reserved).then(|| self.name.strip_suffix('!').unwrap_or(&self.name))
    }
}

impl Here {
    /// From a `self` link, and the query that was asked by a caller of this scope.
    pub(super) fn of(href: &str, asked: &str, scope: &Scope) -> Self {
        let (path, query) = href.split_once('?').unwrap_or((href, ""));
        let asked = asked.replace('+', " ");
        let asked: Vec<_> = asked.split('&').map(|part| Part::parse(part).name).collect();
        let is_chosen = |part: &Part| {
            let name = part.dim().unwrap_or(&part.name);
            let is_limited = scope.limits.iter().any(|(dim, _)| dim.as_str() == name);
            let is_free = part.dim().is_some() && !is_limited;
            is_free || asked.contains(&part.name)
        };
        let parts = query.split('&').filter(|part| !part.is_empty()).map(Part::parse);
        Self { path: path.to_owned(), parts: parts.filter(is_chosen).collect() }
    }

    /// A parameter of the `self` link, chosen or implicit.
    pub(super) fn implied(href: &str, name: &str) -> Option<String> {
        let (_, query) = href.split_once('?')?;
        query.split('&').map(Part::parse).find_map(|it| (it.name == name).then_some(it.value))
    }

    /// The same with the only value `value` for `name`.
    pub(super) fn with(&self, name: &str, value: &str) -> Self {
        let mut here = self.without(|part| part.name == name && !part.value.is_empty());
        here.parts.push(Part::new(name, value));
        here
    }

    /// The same without some parameters.
    pub(super) fn without(&self, unwanted: impl Fn(&Part) -> bool) -> Self {
        let parts = self.parts.iter().filter(|part| !unwanted(part)).cloned().collect();
        Self { path: self.path.clone(), parts }
    }

    /// The raw query string.
    pub(super) fn query(&self) -> String {
        let mut query = String::new();
        for Part { name, value } in &self.parts {
            let gap = if query.is_empty() { "" } else { "&" };
            let name = utf8_percent_encode(name, QUERY_VALUE);
            // Writing to a string cannot fail.
            let _ = write!(query, "{gap}{name}");
            if !value.is_empty() {
                let _ = write!(query, "={}", utf8_percent_encode(value, QUERY_VALUE));
            }
        }
        query
    }

    /// The address with an extension.
    pub(super) fn url(&self, extension: &str) -> String {
        let query = self.query();
        let gap = if query.is_empty() { "" } else { "?" };
        format!("{}.{extension}{gap}{query}", self.path)
    }

    /// The same parameters at another path, as far as they make sense there: each is kept if `fits`
    /// says so of it and what was kept before.
    pub(super) fn carried(&self, path: &str, fits: impl Fn(&str, &str) -> bool) -> Self {
        let mut there = Self { path: path.to_owned(), parts: Vec::new() };
        for part in &self.parts {
            there.parts.push(part.clone());
            if !fits(path, &there.query()) {
                there.parts.pop();
            }
        }
        there
    }
}
