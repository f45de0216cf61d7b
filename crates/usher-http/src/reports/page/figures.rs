//! Which charts a report gets: one per metric, drawn alike, so that shapes can be compared while scales differ.

use usher_reports::{Api, Layout, Metric, Report};

use super::chart::{self, LARGE, SMALL, grouped};
use super::series::{LATENCY, Shape, Timeline, written};

/// Charts of one page.
const FIGURES_MAX: usize = 12;

/// A chart with its title.
pub(super) struct Figure {
    pub(super) metric: String,
    /// The number that matters: a sum, or a highest value.
    pub(super) note: String,
    pub(super) svg: String,
    /// The same for wide screens, when it is the only one.
    pub(super) wide: Option<String>,
}

/// A number that speaks for itself.
pub(super) struct Number {
    pub(super) name: String,
    pub(super) value: String,
}

/// Which line is whose.
pub(super) struct Legend {
    pub(super) name: String,
    /// Its style.
    pub(super) class: String,
}

/// Everything that is drawn of a report.
#[derive(Default)]
pub(super) struct Drawn {
    pub(super) numbers: Vec<Number>,
    pub(super) figures: Vec<Figure>,
    pub(super) legend: Vec<Legend>,
    /// Lines that are not drawn.
    pub(super) hidden: usize,
    /// Metrics that are nothing but zeros.
    pub(super) silent: String,
}

pub(super) fn of(report: &Report, api: Api) -> Drawn {
    let table = &report.table;
    if table.rows.is_empty() {
        return Drawn::default();
    }
    let shape = Shape::of(report);
    let is_silent = |metric: usize| {
        table.rows.iter().all(|row| row.values.get(metric).is_none_or(|value| *value == 0))
    };
    let (silent, heard): (Vec<_>, Vec<_>) =
        (0..table.metrics.len()).partition(|metric| is_silent(*metric));
    let name = |metric: &usize| table.metrics.get(*metric).map_or("", Metric::as_str);
    let silent: Vec<_> = silent.iter().map(name).collect();
    let mut drawn = Drawn { silent: silent.join(", "), ..Drawn::default() };
    drawn.numbers = ratios(report);
    let room = if heard.len() == 1 { Room::Alone } else { Room::Shared };
    for metric in heard.into_iter().take(FIGURES_MAX) {
        let figure = Figured { report, metric, is_additive: is_additive(api, name(&metric)) };
        match &shape {
            Shape::Time(timeline) => drawn.figures.push(figure.over_time(timeline, room)),
            Shape::Bars(bars) => drawn.figures.push(figure.side_by_side(bars)),
            Shape::Numbers => drawn.numbers.push(figure.number()),
        }
    }
    if let Shape::Time(timeline) = shape {
        drawn.hidden = timeline.hidden;
        let names = timeline.names.into_iter().enumerate().filter(|(_, name)| !name.is_empty());
        drawn.legend = names.map(|(nth, name)| Legend { name, class: format!("s{nth}") }).collect();
    }
    drawn
}

fn is_additive(api: Api, metric: &str) -> bool {
    // Users at a level are users, too.
    let is_of_users = metric == "users";
    let measure = Layout::of(api).schema.measure(metric);
    !is_of_users && measure.is_some_and(|measure| !measure.is_distinct())
}

/// How much of the page a chart has.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Room {
    Shared,
    Alone,
}

/// One metric of a report.
struct Figured<'a> {
    report: &'a Report,
    metric: usize,
    is_additive: bool,
}

impl Figured<'_> {
    fn name(&self) -> String {
        self.report.table.metrics.get(self.metric).map_or_else(String::new, ToString::to_string)
    }

    fn values(&self) -> impl Iterator<Item = u64> {
        self.report.table.rows.iter().filter_map(|row| row.values.get(self.metric)).copied()
    }

    fn over_time(&self, timeline: &Timeline, room: Room) -> Figure {
        let lines = timeline.values(&self.report.table, self.metric);
        let metric = self.name();
        let title = format!("{metric} over time");
        let draw = |canvas| chart::lines(canvas, timeline, &lines, &title);
        let wide = (room == Room::Alone).then(|| draw(LARGE));
        Figure { note: self.note(timeline, &lines), svg: draw(SMALL), wide, metric }
    }

    fn note(&self, timeline: &Timeline, lines: &[Vec<u64>]) -> String {
        let sum: u64 = self.values().sum();
        let sum = if self.is_additive { format!("{} · ", grouped(sum)) } else { String::new() };
        let points = lines.iter().flat_map(|line| line.iter().zip(&timeline.buckets));
        let peak = points.max_by(|(left, left_at), (right, right_at)| {
            left.cmp(right).then_with(|| right_at.cmp(left_at))
        });
        peak.map_or_else(String::new, |(value, at)| {
            format!("{sum}peak {} on {}", grouped(*value), written(timeline.grain, *at))
        })
    }

    fn side_by_side(&self, bars: &[(String, usize)]) -> Figure {
        let rows = &self.report.table.rows;
        let value =
            |row: &usize| rows.get(*row).and_then(|row| row.values.get(self.metric)).copied();
        let mut shown: Vec<_> =
            bars.iter().map(|(name, row)| (name.as_str(), value(row).unwrap_or(0))).collect();
        shown.sort_by_key(|(_, value)| std::cmp::Reverse(*value));
        let metric = self.name();
        let of = if rows.len() > bars.len() {
            format!("the greatest {} of {} rows", bars.len(), rows.len())
        } else if self.is_additive {
            grouped(self.values().sum())
        } else {
            String::new()
        };
        let svg = chart::bars(SMALL, &shown, &metric);
        Figure { note: of, svg, wide: None, metric }
    }

    fn number(&self) -> Number {
        Number { name: self.name(), value: grouped(self.values().sum()) }
    }
}

/// What `wolap.md` §19 derives, over all rows.
fn ratios(report: &Report) -> Vec<Number> {
    let sum = |name: &str| {
        let at = report.table.metrics.iter().position(|metric| metric.as_str() == name)?;
        Some(report.table.rows.iter().filter_map(|row| row.values.get(at)).sum::<u64>())
    };
    let share = |name: &str, part: &str, of: &str| {
        let (part, of) = (sum(part)?, sum(of).filter(|of| *of > 0)?);
        let tenths = part.saturating_mul(1_000) / of;
        let value = format!("{}.{} %", tenths / 10, tenths % 10);
        Some(Number { name: name.to_owned(), value })
    };
    let latency = || {
        let (sum, of) = (sum(LATENCY)?, sum("authz-attempts").filter(|of| *of > 0)?);
        let value = format!("{} ms", sum / of);
        Some(Number { name: "average authorization latency".to_owned(), value })
    };
    [
        share("authentication conversion", "authn-successful", "authn-attempts"),
        share("authorization conversion", "authz-successful", "authz-attempts"),
        latency(),
    ]
    .into_iter()
    .flatten()
    .collect()
}
