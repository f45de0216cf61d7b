//! The query string of a request, exactly as `wolap.md` §2 takes it apart.

use percent_encoding::percent_decode_str;

use crate::plan::Invalid;
use crate::{Dim, Metric};

/// One dimension parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Term {
    /// `dim` or `dim=`: adds the dimension to the output.
    Include(Dim),
    /// `dim=value`. Repeated: any of the values.
    Equal(Dim, String),
    /// `dim!=value`. Repeated: none of the values.
    NotEqual(Dim, String),
}

impl Term {
    /// The dimension it is about.
    pub const fn dim(&self) -> &Dim {
        match self {
            Self::Include(dim) | Self::Equal(dim, _) | Self::NotEqual(dim, _) => dim,
        }
    }
}

/// A parsed query string. Values of reserved parameters are not checked yet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query {
    /// Includes and filters, in request order.
    pub terms: Vec<Term>,
    /// Start of the report.
    pub start: Option<String>,
    /// End of the report.
    pub end: Option<String>,
    /// Maximum number of rows.
    pub limit: Option<String>,
    /// Wanted format.
    pub format: Option<String>,
    /// Selected metrics, in request order, each once. Empty: all of the projection.
    pub metrics: Vec<Metric>,
}

/// Parameters that are never dimensions (`wolap.md` §9).
const RESERVED: [&str; 6] = ["access_token", "start", "end", "format", "limit", "metrics"];

/// Filters, included dimensions and metrics of one query; people do not choose more.
const TERMS_MAX: usize = 500;

impl Query {
    /// Takes `raw` apart. `canonical` turns an old dimension name into the current one.
    pub fn parse(raw: &str, canonical: impl Fn(&str) -> Dim) -> Result<Self, Invalid> {
        let mut query = Self::default();
        for part in raw.split('&').filter(|part| !part.is_empty()) {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            let (name, value) = (decode(name)?, decode(value)?);
            let value = value.trim_matches(' ');
            if RESERVED.contains(&name.trim_end_matches('!')) {
                query.reserve(&name, value)?;
            } else {
                query.terms.push(term(&name, value, &canonical)?);
            }
            if query.terms.len() + query.metrics.len() > TERMS_MAX {
                return Err(Invalid::TooManyTerms { max: TERMS_MAX });
            }
        }
        Ok(query)
    }

    /// The parameter `format` alone, for negotiation that must happen before the rest is judged.
    pub fn format_of(raw: &str) -> Option<String> {
        raw.split('&').find_map(|part| {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            let format = decode(name).is_ok_and(|name| name == "format");
            format.then(|| decode(value).unwrap_or_default().trim_matches(' ').to_owned())
        })
    }

    /// Keeps a reserved parameter; all but `metrics` and the token may be given once.
    fn reserve(&mut self, name: &str, value: &str) -> Result<(), Invalid> {
        let slot = match name {
            "start" => &mut self.start,
            "end" => &mut self.end,
            "limit" => &mut self.limit,
            "format" => &mut self.format,
            "metrics" => {
                self.select(value);
                return Ok(());
            }
            "access_token" => return Ok(()),
            _ => return Err(Invalid::NegatedParameter(name.to_owned())),
        };
        if slot.replace(value.to_owned()).is_some() {
            return Err(Invalid::Repeated(name.to_owned()));
        }
        Ok(())
    }

    /// Adds a comma-separated list of metrics.
    fn select(&mut self, list: &str) {
        // One more than may be is refused by whoever counts.
        for name in list.split(',').take(TERMS_MAX + 1) {
            let metric = Metric::from(name.trim_matches(' '));
            if !self.metrics.contains(&metric) {
                self.metrics.push(metric);
            }
        }
    }
}

/// Reads a dimension parameter. `dim%21=` is `dim!=`: the name is decoded before it is looked at.
fn term(name: &str, value: &str, canonical: impl Fn(&str) -> Dim) -> Result<Term, Invalid> {
    match (name.strip_suffix('!'), value) {
        (Some(_), "") => Err(Invalid::NegationWithoutValue(name.to_owned())),
        (Some(name), value) => Ok(Term::NotEqual(canonical(name), value.to_owned())),
        (None, "") => Ok(Term::Include(canonical(name))),
        (None, value) => Ok(Term::Equal(canonical(name), value.to_owned())),
    }
}

/// Undoes form encoding: `+` is a space, then percent escapes.
fn decode(text: &str) -> Result<String, Invalid> {
    let spaced = text.replace('+', " ");
    let decoded = percent_decode_str(&spaced).decode_utf8().map_err(|_| Invalid::NotText)?;
    Ok(decoded.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(raw: &str) -> Result<Query, Invalid> {
        Query::parse(raw, |name| Dim::from(name))
    }

    fn terms(raw: &str) -> Result<Vec<Term>, Invalid> {
        parse(raw).map(|query| query.terms)
    }

    #[test]
    fn dimensions_include_equal_or_exclude() {
        let expected = vec![
            Term::Include("mvpd".into()),
            Term::Include("dc".into()),
            Term::Equal("mvpd".into(), "A=B".into()),
            Term::NotEqual("mvpd".into(), "C".into()),
            Term::NotEqual("proxy".into(), "D E".into()),
        ];
        assert_eq!(terms("mvpd&&dc=&mvpd=A=B&mvpd%21=C&proxy!=+D%20E+"), Ok(expected));
    }

    #[test]
    fn a_negation_needs_a_value() {
        assert!(matches!(terms("mvpd!"), Err(Invalid::NegationWithoutValue(_))));
        assert!(matches!(terms("mvpd!="), Err(Invalid::NegationWithoutValue(_))));
        assert!(matches!(terms("start!=2024"), Err(Invalid::NegatedParameter(_))));
    }

    #[test]
    fn metrics_are_a_union_in_request_order() {
        let one = parse("metrics=b,a&metrics=a,c").map(|query| query.metrics);
        assert_eq!(one, parse("metrics=b&metrics=a&metrics=c").map(|query| query.metrics));
    }

    #[test]
    fn other_reserved_parameters_may_not_repeat() {
        assert_eq!(parse("limit=1&limit=1"), Err(Invalid::Repeated("limit".into())));
        assert_eq!(parse("format=csv&format=csv"), Err(Invalid::Repeated("format".into())));
    }

    #[test]
    fn lists_have_an_end() {
        let many = |of: usize| (0..of).map(|nth| format!("mvpd={nth}&")).collect::<String>();
        assert_eq!(terms(&many(500)).map(|terms| terms.len()), Ok(500));
        assert_eq!(terms(&many(501)), Err(Invalid::TooManyTerms { max: 500 }));
        let metrics =
            format!("metrics={}", (0..501).map(|nth| format!("m{nth},")).collect::<String>());
        assert_eq!(terms(&metrics), Err(Invalid::TooManyTerms { max: 500 }));
    }

    #[test]
    fn invalid_utf8_is_refused() {
        assert_eq!(parse("mvpd=%FF"), Err(Invalid::NotText));
    }

    #[test]
    fn the_format_is_found_before_the_rest_is_judged() {
        assert_eq!(Query::format_of("x!&format=csv").as_deref(), Some("csv"));
        assert_eq!(Query::format_of("x=1"), None);
    }
}
