//! A report as a page for people (`wolap.md` §13.4): charts, the table with the cells of the CSV, and links
//! and forms that lead to every neighbouring report. Needs no script.
//!
//! What a link may carry along is asked of [`Reports`]; nothing about reports is decided here.

mod chart;
mod figures;
mod here;
mod rows;
mod series;

use askama::Template;
use axum::http::HeaderValue;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::sync::LazyLock;
use url::Url;
use usher_reports::{Api, Dim, Link, Report, Reports, Resource, Scope};

use figures::{Figure, Legend, Number};
use here::{Here, Part};
use rows::{Cells, RowView};

const STYLE: &str = include_str!("../../../templates/reports/style.css");

/// What a page may load: nothing but its own style sheet.
pub(super) static POLICY: LazyLock<HeaderValue> = LazyLock::new(|| {
    let digest = STANDARD.encode(usher_jose::sha256(STYLE.as_bytes()));
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{digest}'; form-action 'self'; base-uri 'none'; \
         frame-ancestors 'none'"
    );
    HeaderValue::try_from(policy).unwrap_or(HeaderValue::from_static("default-src 'none'"))
});

/// What was asked, and by whom.
#[derive(Clone, Copy)]
pub(super) struct Asked<'a> {
    pub(super) reports: &'a Reports,
    pub(super) resource: &'a Resource,
    pub(super) scope: &'a Scope,
    /// The raw query string.
    pub(super) query: &'a str,
    /// Where clients reach this server.
    pub(super) base: &'a Url,
}

#[derive(Template)]
#[template(path = "reports/page.html")]
struct Page<'a> {
    style: &'static str,
    report: &'a Report,
    path: &'a str,
    what: &'static str,
    crumbs: Vec<Anchor>,
    roll_up: Option<Anchor>,
    drill_down: Vec<Anchor>,
    splits: Vec<Anchor>,
    chosen: Vec<Anchor>,
    periods: Vec<Anchor>,
    form: Form,
    numbers: Vec<Number>,
    figures: Vec<Figure>,
    legend: Vec<Legend>,
    hidden: usize,
    silent: String,
    metrics: Vec<Anchor>,
    rows: Vec<RowView>,
    more: Option<String>,
    range: Option<(String, String)>,
    address: String,
    formats: Vec<Anchor>,
}

/// A link, or a plain text where there is no address.
struct Anchor {
    text: String,
    href: String,
}

impl Anchor {
    fn new(text: impl Into<String>, href: impl Into<String>) -> Self {
        Self { text: text.into(), href: href.into() }
    }
}

/// What can be chosen on the page.
struct Form {
    action: String,
    /// Parameters that stay as they are.
    kept: Vec<Part>,
    start: String,
    end: String,
    has_range: bool,
    limit: String,
    filters: Vec<Filter>,
    metrics: Vec<Choice>,
}

/// Values of a dimension.
struct Filter {
    name: String,
    values: Vec<Choice>,
}

struct Choice {
    value: String,
    is_chosen: bool,
}

/// The page of a report.
pub(super) fn write(report: &Report, asked: Asked<'_>) -> String {
    let here = Here::of(&report.href, asked.query, asked.scope);
    let desk = Desk { report, asked, here };
    desk.page().render().unwrap_or_else(|error| {
        tracing::error!(%error, "a report cannot be rendered as a page");
        String::new()
    })
}

/// What a page is about, in words.
const fn title(api: Api) -> &'static str {
    match api {
        Api::Esm => "Entitlement",
        Api::Cmu => "Streams",
    }
}

/// Where a page is put together.
struct Desk<'a> {
    report: &'a Report,
    asked: Asked<'a>,
    /// The address as it was chosen.
    here: Here,
}

/// Periods that are one click away: a text, and how far back they reach in days.
const PERIODS: [(&str, i32); 5] =
    [("1 day", 1), ("7 days", 7), ("30 days", 30), ("90 days", 90), ("1 year", 365)];

/// Values of one dimension that are offered as filters.
const VALUES_MAX: usize = 40;

impl Desk<'_> {
    fn page(&self) -> Page<'_> {
        let Self { report, asked, here } = self;
        let drawn = figures::of(report, asked.resource.base.api());
        let fetched = report.href.replacen(&here.path, "", 1);
        let format = |name: &str, extension: &str| {
            Anchor::new(name, format!("{}.{extension}{fetched}", here.path))
        };
        let cells = Cells::of(self);
        Page {
            style: STYLE,
            report,
            path: &here.path,
            what: title(asked.resource.base.api()),
            crumbs: self.crumbs(),
            roll_up: report.roll_up.as_ref().map(|link| self.neighbour(link)),
            drill_down: report.drill_down.iter().map(|link| self.neighbour(link)).collect(),
            splits: self.splits(),
            chosen: self.chosen(),
            periods: self.periods(),
            form: self.form(),
            numbers: drawn.numbers,
            figures: drawn.figures,
            legend: drawn.legend,
            hidden: drawn.hidden,
            silent: drawn.silent,
            metrics: self.metric_links(),
            rows: report
                .table
                .rows
                .iter()
                .scan(None, |above, row| Some(cells.row(above, row)))
                .collect(),
            more: self.more(),
            range: Here::implied(&report.href, "start").zip(Here::implied(&report.href, "end")),
            address: format!("{}{}", asked.base.as_str().trim_end_matches('/'), report.href),
            formats: vec![
                format("JSON", "json"),
                format("XML", "xml"),
                format("CSV", "csv"),
                format("Parquet", "parquet"),
            ],
        }
    }

    /// Whether there is a report for a query at a path.
    fn fits(&self, path: &str, query: &str) -> bool {
        self.asked.reports.has(path, query, self.asked.scope)
    }

    /// The parameters of this page at another path. Who drills down wants to see the same period.
    fn at(&self, path: &str) -> Here {
        let mut here = self.here.without(|part| part.name == "limit");
        if !here.parts.iter().any(|part| part.name == "start")
            && let Some(start) = Here::implied(&self.report.href, "start")
        {
            here.parts.push(Part::new("start", start));
        }
        here.carried(path, |path, query| self.fits(path, query))
    }

    fn neighbour(&self, link: &Link) -> Anchor {
        let name = link.name.as_ref().map_or("everything", Dim::as_str);
        Anchor::new(name, self.at(&link.href).url("html"))
    }

    /// The way from the root to here.
    fn crumbs(&self) -> Vec<Anchor> {
        let Resource { base, path, .. } = self.asked.resource;
        let mut href = base.href().to_owned();
        let mut crumbs = vec![Anchor::new(base.href(), self.at(&href).url("html"))];
        for (depth, dim) in path.iter().enumerate() {
            href = format!("{href}/{dim}");
            let is_here = depth + 1 == path.len();
            let url = if is_here { String::new() } else { self.at(&href).url("html") };
            crumbs.push(Anchor::new(dim.as_str(), url));
        }
        crumbs
    }

    /// Dimensions that can be added to the table without leaving this path.
    fn splits(&self) -> Vec<Anchor> {
        let Resource { base, path, .. } = self.asked.resource;
        let ways = self.asked.reports.model(base.api()).paths(self.asked.scope.audience);
        let below = ways.iter().filter(|way| way.starts_with(path));
        let mut dims: Vec<_> = below.flat_map(|way| way.iter().skip(path.len())).collect();
        dims.sort();
        dims.dedup();
        let added = |dim: &&Dim| {
            let mut there = self.here.clone();
            there.parts.push(Part::new(dim.as_str(), ""));
            let fits = self.fits(&there.path, &there.query());
            fits.then(|| Anchor::new(dim.as_str(), there.url("html")))
        };
        let shown = |dim: &&Dim| self.report.table.dims.contains(dim);
        dims.iter().filter(|dim| !shown(dim)).filter_map(added).collect()
    }

    /// Filters and added dimensions, each with the address without it.
    fn chosen(&self) -> Vec<Anchor> {
        let parts = self.here.parts.iter().filter_map(|part| Some((part.dim()?, part)));
        parts
            .map(|(dim, part)| {
                let text = match (part.name.ends_with('!'), part.value.is_empty()) {
                    (_, true) => format!("by {dim}"),
                    (true, false) => format!("{dim} ≠ {}", part.value),
                    (false, false) => format!("{dim} = {}", part.value),
                };
                Anchor::new(text, self.here.without(|other| other == part).url("html"))
            })
            .collect()
    }

    fn periods(&self) -> Vec<Anchor> {
        let Some(end) = Here::implied(&self.report.href, "end") else { return Vec::new() };
        let Ok(end) = end.parse::<jiff::civil::DateTime>() else { return Vec::new() };
        let period = |(text, days): (&str, i32)| {
            let start = end.date().checked_sub(jiff::Span::new().days(days - 1)).ok()?;
            let there = self.here.with("start", &start.to_string());
            let fits = self.fits(&there.path, &there.query());
            fits.then(|| Anchor::new(text, there.url("html")))
        };
        PERIODS.into_iter().filter_map(period).collect()
    }

    /// One per metric: to the report of it alone, or back to all.
    fn metric_links(&self) -> Vec<Anchor> {
        let all = self.here.without(|part| part.name == "metrics");
        let metrics = &self.report.table.metrics;
        let link = |name: &str| {
            let there = if metrics.len() == 1 { all.clone() } else { all.with("metrics", name) };
            Anchor::new(name, there.url("html"))
        };
        metrics.iter().map(|metric| link(metric.as_str())).collect()
    }

    /// The address with the highest limit, when rows may have been cut off.
    fn more(&self) -> Option<String> {
        let limit: usize = Here::implied(&self.report.href, "limit")?.parse().ok()?;
        let highest = self.asked.reports.limit_max();
        let is_cut = self.report.table.rows.len() >= limit && limit < highest;
        is_cut.then(|| self.here.with("limit", &highest.to_string()).url("html"))
    }

    fn form(&self) -> Form {
        let Self { report, here, .. } = self;
        let implied = |name| Here::implied(&report.href, name).unwrap_or_default();
        let filters = self.filters();
        let is_offered = |part: &Part| {
            matches!(part.name.as_str(), "start" | "end" | "limit" | "metrics")
                || !part.value.is_empty() && filters.iter().any(|filter| filter.name == part.name)
        };
        Form {
            action: format!("{}.html", here.path),
            kept: here.without(is_offered).parts,
            has_range: report.href.contains("start="),
            start: implied("start"),
            end: implied("end"),
            limit: implied("limit"),
            metrics: self.metric_choices(),
            filters,
        }
    }

    fn metric_choices(&self) -> Vec<Choice> {
        let all = self.here.without(|part| part.name == "metrics");
        let is_chosen = all != self.here;
        let shown = &self.report.table.metrics;
        let metrics = self.asked.reports.metrics(&all.path, &all.query(), self.asked.scope);
        let choice = |name: &str| Choice {
            value: name.to_owned(),
            is_chosen: is_chosen && shown.iter().any(|metric| metric.as_str() == name),
        };
        metrics.iter().map(|metric| choice(metric.as_str())).collect()
    }

    /// For each dimension of the table, the values that are there, and those that were chosen.
    fn filters(&self) -> Vec<Filter> {
        let table = &self.report.table;
        let is_time = |dim: &Dim| usher_reports::Grain::named(dim.as_str()).is_some();
        let columns = table.dims.iter().enumerate().filter(|(_, dim)| !is_time(dim));
        let filter = |(column, dim): (usize, &Dim)| {
            let chosen: Vec<_> = (self.here.parts.iter())
                .filter(|part| part.name == dim.as_str() && !part.value.is_empty())
                .map(|part| part.value.as_str())
                .collect();
            let labels = table.rows.iter().filter_map(|row| row.labels.get(column));
            let mut values: Vec<_> = labels.map(|label| &**label).chain(chosen.clone()).collect();
            values.sort_unstable();
            values.dedup();
            values.truncate(VALUES_MAX);
            let choice = |value: &str| Choice {
                value: value.to_owned(),
                is_chosen: chosen.contains(&value),
            };
            let is_choice = values.len() > 1 || !chosen.is_empty();
            let values = values.iter().map(|value| choice(value)).collect();
            is_choice.then(|| Filter { name: dim.to_string(), values })
        };
        columns.filter_map(filter).collect()
    }
}
