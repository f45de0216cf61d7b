//! From a question to a plan: scope, filters, time range, limit and the `self` link.

use std::fmt::Write as _;

use jiff::civil::DateTime;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::calendar::{DAY, to_local, whole_seconds};
use crate::model::grain;
use crate::projection::{Projection, Wish};
use crate::{Api, Audience, Dim, Grain, Metric, Model, Query, Range, Resource, Term, Zone};

/// How reports are counted and bounded here.
#[derive(Clone, Debug)]
pub struct Rules {
    /// The report zone.
    pub zone: Zone,
    /// Refuse filters on time dimensions instead of ignoring them.
    pub strict_time_filters: bool,
    /// Rows without a `limit`.
    pub limit_default: usize,
    /// The highest accepted `limit`.
    pub limit_max: usize,
    /// Most cells (time buckets × groups) a selection may span.
    pub cells_max: u64,
    /// Most facts that may be read for one report, where roll-ups do not help.
    pub facts_max: u64,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            zone: Zone::default(),
            strict_time_filters: false,
            limit_default: 1000,
            limit_max: 10_000,
            cells_max: 1_000_000,
            facts_max: 100_000_000,
        }
    }
}

/// What a caller may see: whose trees, and the values every report is narrowed to (`wolap.md` §16).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    /// Whose trees.
    pub audience: Audience,
    /// Per dimension, the values that exist for this caller. Empty: no narrowing.
    pub limits: Vec<(Dim, Vec<String>)>,
}

/// One condition on rows. All conditions of a plan hold together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Filter {
    /// The value is one of these.
    In(Dim, Vec<String>),
    /// The value is none of these.
    NotIn(Dim, Vec<String>),
}

impl Filter {
    /// The dimension it is about.
    pub const fn dim(&self) -> &Dim {
        match self {
            Self::In(dim, _) | Self::NotIn(dim, _) => dim,
        }
    }

    /// Whether `value` passes.
    pub fn admits(&self, value: &str) -> bool {
        match self {
            Self::In(_, values) => values.iter().any(|allowed| allowed == value),
            Self::NotIn(_, values) => values.iter().all(|refused| refused != value),
        }
    }
}

/// Everything a warehouse must know to answer; nothing of it is wrong.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Which API's facts.
    pub api: Api,
    /// Output dimensions, time included, in order; rows are grouped and sorted by them.
    pub dims: Vec<Dim>,
    /// Conditions, the caller's scope included.
    pub filters: Vec<Filter>,
    /// Output metrics, in order.
    pub metrics: Vec<Metric>,
    /// A group is a row when one of these counted something.
    pub counted: Vec<Metric>,
    /// Dimensions of the chosen cube.
    pub cube: Vec<Dim>,
    /// The finest time dimension of the output.
    pub grain: Option<Grain>,
    /// Applied exactly when there is a grain: whole buckets from `start`'s to before `end`.
    pub range: Option<Range>,
    /// The report zone.
    pub zone: Zone,
    /// Most rows, after sorting.
    pub limit: usize,
    /// Most cells before the selection is too wide.
    pub cells_max: u64,
    /// Most facts that may be read before it is.
    pub facts_max: u64,
}

/// A plan and what the answer says about the question.
#[derive(Clone, Debug)]
pub struct Planned {
    /// What to compute.
    pub plan: Plan,
    /// The `self` link (`wolap.md` §14).
    pub href: String,
    /// The file name of the CSV form (`wolap.md` §13.3), without its extension.
    pub file_stem: String,
}

/// What is wrong with a question. The text is the answer's body.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Invalid {
    /// Percent escapes that are no UTF-8.
    #[error("the query string is not valid UTF-8")]
    NotText,
    /// A reserved parameter given twice.
    #[error("the parameter `{0}` may be given only once")]
    Repeated(String),
    /// `limit!=3`.
    #[error("`{0}` is not a dimension and cannot be negated")]
    NegatedParameter(String),
    /// `mvpd!` or `mvpd!=`.
    #[error("the negative filter `{0}` needs a value")]
    NegationWithoutValue(String),
    /// More filters than anybody needs.
    #[error("a query may have at most {max} filters, included dimensions and metrics")]
    TooManyTerms {
        /// How many it may have.
        max: usize,
    },
    /// A name that is neither a dimension nor reserved.
    #[error("Cannot filter on a dimension that does not exist: [{0}]")]
    UnknownDimension(Dim),
    /// A dimension that no report below this path has.
    #[error("Cannot filter on a dimension that is not available in the hierarchy: [{0}]")]
    NotInHierarchy(Dim),
    /// A filter on a time dimension, where the server is strict about them.
    #[error("Cannot filter on the time dimension [{0}]: use start and end")]
    TimeFilter(Dim),
    /// No cube has all of the dimensions.
    #[error("no report has all of the requested dimensions")]
    NoProjection,
    /// No such metric.
    #[error("unknown metric: [{0}]")]
    UnknownMetric(Metric),
    /// Metrics that no cube counts for these dimensions.
    #[error("these metrics are not available for the requested dimensions: {0:?}")]
    MetricsUnavailable(Vec<Metric>),
    /// A time that cannot be read.
    #[error("`{parameter}` is not a valid date: `{value}`")]
    Moment {
        /// Which parameter.
        parameter: &'static str,
        /// What it said.
        value: String,
    },
    /// The report would end before it starts.
    #[error("`start` is after `end`")]
    StartAfterEnd,
    /// Not a number of rows.
    #[error("`limit` must be a whole number from 1 to {max}")]
    Limit {
        /// The highest accepted limit.
        max: usize,
    },
    /// More than a server should compute.
    #[error("The requested selection is too wide to be processed")]
    TooWide,
}

/// Why there is no plan.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// The question makes no sense.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// The question makes sense and is about somebody else's data.
    #[error("you may not see this value of [{0}]")]
    Foreign(Dim),
}

/// Plans the report of `resource` that `query` asks for, narrowed to `scope`, at report time `now`.
pub fn plan(
    (model, rules): (&Model, &Rules),
    resource: &Resource,
    query: &Query,
    scope: &Scope,
    now: DateTime,
) -> Result<Planned, PlanError> {
    let terms = spatial_terms(query, rules)?;
    let wanted = if query.metrics.is_empty() { &resource.preset } else { &query.metrics };
    let projection = Wish {
        audience: scope.audience,
        path: &resource.path,
        included: &pick(&terms, |term| matches!(term, Term::Include(_))),
        filtered: &pick(&terms, |term| is_filter(term) && !repeats_scope(term, scope)),
        metrics: wanted,
    }
    .choose(model)?;
    let grain = grain(&projection.dims);
    let range = range(query, rules, grain, whole_seconds(now))?;
    let limit = limit(query, rules)?;
    let limits = narrowed(scope, &terms)?;

    let href = href(resource, (&limits, &terms), range, limit, wanted);
    let telling: Vec<_> =
        terms.iter().filter(|term| tells(term, scope, &limits)).copied().collect();
    let file_stem = file_stem(model.api(), &telling, range, limit);
    let Projection { dims, metrics, counted, cube } = projection;
    let filters = filters(limits, &terms, scope);
    let (zone, cells_max, facts_max) = (rules.zone.clone(), rules.cells_max, rules.facts_max);
    let plan = Plan {
        api: model.api(),
        dims,
        filters,
        metrics,
        counted,
        cube,
        grain,
        range,
        zone,
        limit,
        cells_max,
        facts_max,
    };
    Ok(Planned { plan, href, file_stem })
}

/// The terms that mean something: filters on time dimensions do not (`wolap.md` OP-9).
fn spatial_terms<'q>(query: &'q Query, rules: &Rules) -> Result<Vec<&'q Term>, Invalid> {
    let mut terms: Vec<&Term> = Vec::with_capacity(query.terms.len());
    for term in &query.terms {
        let temporal = Grain::named(term.dim().as_str()).is_some() && is_filter(term);
        if temporal && rules.strict_time_filters {
            return Err(Invalid::TimeFilter(term.dim().clone()));
        }
        if !temporal && !terms.contains(&term) {
            terms.push(term);
        }
    }
    Ok(terms)
}

fn pick(terms: &[&Term], wanted: impl Fn(&Term) -> bool) -> Vec<Dim> {
    terms.iter().filter(|term| wanted(term)).map(|term| term.dim().clone()).collect()
}

const fn is_filter(term: &Term) -> bool {
    matches!(term, Term::Equal(..) | Term::NotEqual(..))
}

/// `=` on the caller's own scope dimension: always accepted, so that `self` links can be fetched.
fn repeats_scope(term: &Term, scope: &Scope) -> bool {
    matches!(term, Term::Equal(dim, _) if scope.limits.iter().any(|(limited, _)| limited == dim))
}

/// The caller's limits, narrowed further by explicit filters on the same dimensions.
fn narrowed(scope: &Scope, terms: &[&Term]) -> Result<Vec<(Dim, Vec<String>)>, PlanError> {
    let mut limits = scope.limits.clone();
    for (dim, allowed) in &mut limits {
        let asked: Vec<_> = terms
            .iter()
            .filter_map(|term| match term {
                Term::Equal(about, value) if about == dim => Some(value),
                Term::Equal(..) | Term::NotEqual(..) | Term::Include(_) => None,
            })
            .collect();
        if asked.iter().any(|value| !allowed.contains(value)) {
            return Err(PlanError::Foreign(dim.clone()));
        }
        if !asked.is_empty() {
            *allowed = asked.into_iter().cloned().collect();
        }
    }
    Ok(limits)
}

/// Whether a term asks for less than the caller's scope; repeating the whole scope does not.
fn tells(term: &Term, scope: &Scope, limits: &[(Dim, Vec<String>)]) -> bool {
    let same = |dim: &Dim| {
        let values = |of: &[(Dim, Vec<String>)]| {
            of.iter().find_map(|(limited, values)| (limited == dim).then_some(values.len()))
        };
        values(&scope.limits) == values(limits)
    };
    !repeats_scope(term, scope) || !same(term.dim())
}

/// Scope and explicit filters as conditions, one per dimension and kind.
fn filters(limits: Vec<(Dim, Vec<String>)>, terms: &[&Term], scope: &Scope) -> Vec<Filter> {
    let mut filters: Vec<_> =
        limits.into_iter().map(|(dim, values)| Filter::In(dim, values)).collect();
    for term in terms.iter().filter(|term| !repeats_scope(term, scope)) {
        let (dim, value) = match term {
            Term::Include(_) => continue,
            Term::Equal(dim, value) | Term::NotEqual(dim, value) => (dim, value),
        };
        let negative = matches!(term, Term::NotEqual(..));
        let known = filters.iter_mut().find_map(|filter| match filter {
            Filter::In(about, values) if about == dim && !negative => Some(values),
            Filter::NotIn(about, values) if about == dim && negative => Some(values),
            Filter::In(..) | Filter::NotIn(..) => None,
        });
        match known {
            Some(values) => values.push(value.clone()),
            None if negative => filters.push(Filter::NotIn(dim.clone(), vec![value.clone()])),
            None => filters.push(Filter::In(dim.clone(), vec![value.clone()])),
        }
    }
    filters
}

/// The time range (`wolap.md` §10): always checked, applied when there is a grain.
fn range(
    query: &Query,
    rules: &Rules,
    grain: Option<Grain>,
    now: DateTime,
) -> Result<Option<Range>, Invalid> {
    let read = |parameter, value: &Option<String>| match value {
        None => Ok(None),
        Some(value) => rules
            .zone
            .moment(value)
            .map(Some)
            .ok_or_else(|| Invalid::Moment { parameter, value: value.clone() }),
    };
    let (start, end) = (read("start", &query.start)?, read("end", &query.end)?);
    let Some(grain) = grain else {
        return Ok(None);
    };
    let end = end.unwrap_or(now);
    let start = start.unwrap_or_else(|| grain.default_start(end));
    if start > end {
        return Err(Invalid::StartAfterEnd);
    }
    let days_max = match grain {
        Grain::Minute => 31,
        Grain::Hour => 400,
        Grain::Year | Grain::Month | Grain::Day => i64::MAX / DAY,
    };
    if to_local(end).saturating_sub(to_local(start)) > days_max * DAY {
        return Err(Invalid::TooWide);
    }
    Ok(Some(Range { start, end }))
}

fn limit(query: &Query, rules: &Rules) -> Result<usize, Invalid> {
    let Some(text) = &query.limit else {
        return Ok(rules.limit_default);
    };
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let limit = digits.then(|| text.parse().ok()).flatten();
    limit
        .filter(|limit| (1..=rules.limit_max).contains(limit))
        .ok_or(Invalid::Limit { max: rules.limit_max })
}

/// What query values keep unescaped (`wolap.md` §14): unreserved characters and `: , ! / @`.
pub const QUERY_VALUE: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b':')
    .remove(b',')
    .remove(b'!')
    .remove(b'/')
    .remove(b'@');

/// The `self` link: the path, then scope, filters and includes, range, limit, selected metrics.
fn href(
    resource: &Resource,
    (limits, terms): (&[(Dim, Vec<String>)], &[&Term]),
    range: Option<Range>,
    limit: usize,
    metrics: &[Metric],
) -> String {
    let mut parts = Vec::new();
    for (dim, values) in limits {
        parts.extend(values.iter().map(|value| pair(dim, "=", value)));
    }
    for term in terms {
        match term {
            Term::Include(dim) => parts.push(dim.to_string()),
            Term::Equal(dim, _) if limits.iter().any(|(limited, _)| limited == dim) => {}
            Term::Equal(dim, value) => parts.push(pair(dim, "=", value)),
            Term::NotEqual(dim, value) => parts.push(pair(dim, "!=", value)),
        }
    }
    if let Some(Range { start, end }) = range {
        parts.push(format!("start={start}"));
        parts.push(format!("end={end}"));
    }
    parts.push(format!("limit={limit}"));
    parts.extend(metrics.iter().map(|metric| format!("metrics={metric}")));
    format!("{}?{}", resource.href(), parts.join("&"))
}

fn pair(dim: &Dim, operator: &str, value: &str) -> String {
    format!("{dim}{operator}{}", utf8_percent_encode(value, QUERY_VALUE))
}

impl Resource {
    /// The path of this resource, without query and extension.
    pub fn href(&self) -> String {
        self.path.iter().fold(self.base.href().to_owned(), |href, dim| format!("{href}/{dim}"))
    }
}

/// `esm__<start>_<end>_<filter values>,<limit>` (`wolap.md` §13.3).
fn file_stem(api: Api, terms: &[&Term], range: Option<Range>, limit: usize) -> String {
    let mut stem = match api {
        Api::Esm => "esm__".to_owned(),
        Api::Cmu => "report__".to_owned(),
    };
    if let Some(Range { start, end }) = range {
        let _ = write!(stem, "{}_{}_", start.date(), end.date());
    }
    for term in terms {
        let _ = match term {
            Term::Include(_) => Ok(()),
            Term::Equal(_, value) => write!(stem, "{value},"),
            Term::NotEqual(_, value) => write!(stem, "!{value},"),
        };
    }
    let _ = write!(stem, "{limit}");
    let tame = |character: char| match character {
        'A'..='Z' | 'a'..='z' | '0'..='9' | '.' | '_' | ',' | '!' | '-' => character,
        _ => '-',
    };
    stem.chars().map(tame).collect()
}
