//! What a report's charts show: numbers over time, or numbers side by side.

use jiff::Span;
use jiff::civil::{DateTime, Time, date};
use usher_reports::{Dim, Grain, Report, Row, Table};

/// Series that are drawn; more would not be told apart.
pub(super) const SERIES_MAX: usize = 6;

/// Bars of one chart.
const BARS_MAX: usize = 12;

/// Buckets on a time axis; a finer report is drawn as bars.
const BUCKETS_MAX: usize = 5_000;

/// How a report is drawn.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// Over time.
    Time(Timeline),
    /// Side by side: a name for each of these rows.
    Bars(Vec<(String, usize)>),
    /// One record.
    Numbers,
}

/// Numbers over time.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Timeline {
    pub(super) grain: Grain,
    /// The start of each bucket, without gaps.
    pub(super) buckets: Vec<DateTime>,
    /// Names of what has a line of its own, the greatest first; one without a name if there is only one.
    pub(super) names: Vec<String>,
    /// How many have none.
    pub(super) hidden: usize,
    /// Per row, its bucket and its line.
    places: Vec<(usize, usize)>,
}

impl Timeline {
    /// The values of a metric, line by line. Buckets without a row have none of anything.
    pub(super) fn values(&self, table: &Table, metric: usize) -> Vec<Vec<u64>> {
        let mut lines = vec![vec![0; self.buckets.len()]; self.names.len()];
        for (row, (bucket, line)) in table.rows.iter().zip(&self.places) {
            let value = lines.get_mut(*line).and_then(|line| line.get_mut(*bucket));
            if let (Some(value), Some(more)) = (value, row.values.get(metric)) {
                *value += more;
            }
        }
        lines
    }
}

impl Shape {
    pub(super) fn of(report: &Report) -> Self {
        let table = &report.table;
        if table.dims.is_empty() {
            return Self::Numbers;
        }
        timeline(table).map_or_else(|| Self::Bars(bars(table)), Self::Time)
    }
}

/// The bucket that the time labels of a row name, read up to the column `until`.
pub(super) fn bucket(table: &Table, row: &Row, until: usize) -> Option<(Grain, DateTime)> {
    let mut grain = None;
    let [mut year, mut month, mut day, mut hour, mut minute] = [0, 1, 1, 0, 0];
    for (dim, label) in table.dims.iter().zip(&row.labels).take(until + 1) {
        let Some(found) = Grain::named(dim.as_str()) else { continue };
        let number: i16 = label.parse().ok()?;
        match found {
            Grain::Year => year = number,
            Grain::Month => month = number,
            Grain::Day => day = number,
            Grain::Hour => hour = number,
            Grain::Minute => minute = number,
        }
        grain = grain.max(Some(found));
    }
    let small = |number: i16| i8::try_from(number).ok();
    let time = Time::new(small(hour)?, small(minute)?, 0, 0).ok()?;
    let day = jiff::civil::Date::new(year, small(month)?, small(day)?).ok()?;
    Some((grain?, day.to_datetime(time)))
}

/// The start of the bucket after the one that starts at `start`.
pub(super) fn after(grain: Grain, start: DateTime) -> Option<DateTime> {
    let step = match grain {
        Grain::Year => Span::new().years(1),
        Grain::Month => Span::new().months(1),
        Grain::Day => Span::new().days(1),
        Grain::Hour => Span::new().hours(1),
        Grain::Minute => Span::new().minutes(1),
    };
    start.checked_add(step).ok()
}

/// The columns of a table whose values differ from row to row, time excluded.
fn differing(table: &Table) -> Vec<usize> {
    let is_time = |dim: &Dim| Grain::named(dim.as_str()).is_some();
    let differs = |column: usize| {
        let mut labels = table.rows.iter().map(|row| row.labels.get(column));
        let first = labels.next();
        labels.any(|label| Some(label) != first)
    };
    let columns = table.dims.iter().enumerate().filter(|(_, dim)| !is_time(dim));
    columns.map(|(column, _)| column).filter(|column| differs(*column)).collect()
}

/// The labels of a row that tell it from others.
fn name(row: &Row, columns: &[usize]) -> String {
    let labels: Vec<_> =
        columns.iter().filter_map(|it| row.labels.get(*it)).map(|it| &**it).collect();
    labels.join(" · ")
}

/// Nothing when the rows say no complete time, or are too far apart.
fn timeline(table: &Table) -> Option<Timeline> {
    // A month without its year is a name like any other.
    let grains: Vec<_> = table.dims.iter().filter_map(|dim| Grain::named(dim.as_str())).collect();
    let finest = *grains.iter().max()?;
    let all = [Grain::Year, Grain::Month, Grain::Day, Grain::Hour, Grain::Minute];
    if !all.iter().filter(|grain| **grain <= finest).all(|grain| grains.contains(grain)) {
        return None;
    }
    let last_column = table.dims.len();
    let starts: Option<Vec<_>> =
        table.rows.iter().map(|row| bucket(table, row, last_column).map(|(_, at)| at)).collect();
    let starts = starts?;
    let (first, last) = (*starts.iter().min()?, *starts.iter().max()?);
    let buckets = without_gaps(finest, first, last)?;
    let (names, lines) = lines(table);
    let place = |start: &DateTime| buckets.binary_search(start).ok();
    let places: Option<Vec<_>> =
        starts.iter().zip(lines).map(|(start, line)| Some((place(start)?, line))).collect();
    let hidden = names.len().saturating_sub(SERIES_MAX);
    let names = names.into_iter().take(SERIES_MAX).collect();
    Some(Timeline { grain: finest, places: places?, buckets, names, hidden })
}

fn without_gaps(grain: Grain, first: DateTime, last: DateTime) -> Option<Vec<DateTime>> {
    let mut buckets = vec![first];
    let mut at = first;
    while at < last {
        at = after(grain, at)?;
        if buckets.len() >= BUCKETS_MAX {
            return None;
        }
        buckets.push(at);
    }
    Some(buckets)
}

/// Names of the lines, the greatest first, and the line of each row.
fn lines(table: &Table) -> (Vec<String>, Vec<usize>) {
    let columns = differing(table);
    let mut sums: indexmap::IndexMap<String, u64> = indexmap::IndexMap::new();
    for row in &table.rows {
        *sums.entry(name(row, &columns)).or_default() += weight(table, row);
    }
    sums.sort_by(|left_name, left, right_name, right| {
        right.cmp(left).then_with(|| left_name.cmp(right_name))
    });
    let line = |row| sums.get_index_of(&name(row, &columns)).unwrap_or(0);
    let of_rows = table.rows.iter().map(line).collect();
    (sums.into_keys().collect(), of_rows)
}

/// How much there is in a row. Milliseconds are not as many events.
fn weight(table: &Table, row: &Row) -> u64 {
    let counted = table.metrics.iter().zip(&row.values);
    counted.filter(|(metric, _)| metric.as_str() != LATENCY).map(|(_, value)| value).sum()
}

/// The metric that is milliseconds.
pub(super) const LATENCY: &str = "authz-latency";

/// The greatest rows, by name.
fn bars(table: &Table) -> Vec<(String, usize)> {
    let mut columns = differing(table);
    let is_time = |(_, dim): &(usize, &Dim)| Grain::named(dim.as_str()).is_some();
    columns.extend(table.dims.iter().enumerate().filter(is_time).map(|(column, _)| column));
    columns.sort_unstable();
    if columns.is_empty() {
        columns = (0..table.dims.len()).collect();
    }
    let mut rows: Vec<_> = table.rows.iter().enumerate().collect();
    rows.sort_by_key(|(_, row)| std::cmp::Reverse(weight(table, row)));
    rows.truncate(BARS_MAX);
    rows.into_iter().map(|(index, row)| (name(row, &columns), index)).collect()
}

/// How people write the start of a bucket.
pub(super) fn written(grain: Grain, at: DateTime) -> String {
    let pattern = match grain {
        Grain::Year => "%Y",
        Grain::Month => "%b %Y",
        Grain::Day => "%-d %b %Y",
        Grain::Hour | Grain::Minute => "%-d %b %Y, %H:%M",
    };
    at.strftime(pattern).to_string()
}

/// Marks on a time axis, at most `most`: places and texts.
pub(super) fn ticks(timeline: &Timeline, most: usize) -> Vec<(usize, String)> {
    let Timeline { grain, buckets, .. } = timeline;
    let many = buckets.len() > 3 * most;
    let (is_round, pattern): (fn(&DateTime) -> bool, _) = match grain {
        Grain::Year => (|_| true, "%Y"),
        Grain::Month => (|at| at.month() == 1, if many { "%Y" } else { "%b %Y" }),
        Grain::Day => (|at| at.day() == 1, if many { "%b %Y" } else { "%-d %b" }),
        Grain::Hour if buckets.len() > 36 => (|at| at.hour() == 0, "%-d %b"),
        Grain::Hour | Grain::Minute => (|at| at.minute() == 0, "%H:%M"),
    };
    let needs_round = many || (*grain == Grain::Hour && buckets.len() > 36);
    let mut places: Vec<_> = (0..buckets.len()).collect();
    if needs_round {
        let round = |place: &usize| buckets.get(*place).is_some_and(is_round);
        let rounded: Vec<_> = places.iter().copied().filter(round).collect();
        if rounded.len() > 1 {
            places = rounded;
        }
    }
    let step = places.len().div_ceil(most.max(1)).max(1);
    let text = |place: usize| {
        let at = buckets.get(place).copied().unwrap_or(date(1970, 1, 1).at(0, 0, 0, 0));
        (place, at.strftime(pattern).to_string())
    };
    places.into_iter().step_by(step).map(text).collect()
}
