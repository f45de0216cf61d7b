//! What a report's charts show: numbers over time, or numbers side by side.

use jiff::Span;
use jiff::civil::{Date, DateTime, Time};
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
    let day = Date::new(year, small(month)?, small(day)?).ok()?;
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
    let (is_round, pattern) = marks(*grain, buckets.len());
    let round = |place: &usize| buckets.get(*place).is_some_and(is_round);
    let mut places: Vec<_> = (0..buckets.len()).filter(round).collect();
    if places.len() < 2 {
        places = (0..buckets.len()).collect();
    }
    let step = places.len().div_ceil(most.max(1)).max(1);
    let text = |place: usize| Some((place, buckets.get(place)?.strftime(pattern).to_string()));
    places.into_iter().step_by(step).filter_map(text).collect()
}

/// Which buckets of so many get a mark, and how it is written.
fn marks(grain: Grain, buckets: usize) -> (fn(&DateTime) -> bool, &'static str) {
    match grain {
        Grain::Year => (|_| true, "%Y"),
        Grain::Month if buckets > 24 => (|at| at.month() == 1, "%Y"),
        Grain::Month => (|_| true, "%b %Y"),
        Grain::Day if buckets > 92 => (|at| at.day() == 1, "%b %Y"),
        Grain::Day => (|_| true, "%-d %b"),
        Grain::Hour if buckets > 36 => (|at| at.hour() == 0, "%-d %b"),
        Grain::Hour => (|_| true, "%H:%M"),
        Grain::Minute => (|at| at.minute() % 5 == 0, "%H:%M"),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use jiff::civil::date;
    use usher_reports::Metric;

    use super::*;

    fn table(dims: &[&str], rows: &[(&[&str], u64)]) -> Table {
        let row = |(labels, value): &(&[&str], u64)| Row {
            labels: labels.iter().map(|label| Arc::from(*label)).collect(),
            values: vec![*value],
        };
        Table {
            dims: dims.iter().map(|dim| Dim::from(*dim)).collect(),
            metrics: vec![Metric::from("media-tokens")],
            rows: rows.iter().map(row).collect(),
        }
    }

    #[test]
    fn a_bucket_without_a_row_is_a_zero_on_the_line() {
        let table = table(
            &["year", "month", "day", "mvpd"],
            &[
                (&["2024", "2", "28", "a"], 1),
                (&["2024", "3", "1", "a"], 2),
                (&["2024", "3", "1", "b"], 9),
            ],
        );
        let timeline = timeline(&table).unwrap();
        let days = [date(2024, 2, 28), date(2024, 2, 29), date(2024, 3, 1)];
        assert_eq!(timeline.buckets, days.map(|day| day.at(0, 0, 0, 0)));
        // The greatest line comes first.
        assert_eq!(timeline.names, ["b", "a"]);
        assert_eq!(timeline.values(&table, 0), [[0, 0, 9], [1, 0, 2]]);
        let texts: Vec<_> = ticks(&timeline, 2).into_iter().map(|(_, text)| text).collect();
        assert_eq!(texts, ["28 Feb", "1 Mar"]);
    }

    #[test]
    fn without_a_complete_time_there_are_bars_of_the_greatest_rows() {
        let months = table(&["month", "mvpd"], &[(&["2", "a"], 1), (&["3", "a"], 2)]);
        assert_eq!(timeline(&months), None);
        assert_eq!(bars(&months), [("3".to_owned(), 1), ("2".to_owned(), 0)]);
    }

    #[test]
    fn a_line_is_not_drawn_through_more_buckets_than_a_screen_has() {
        let minute = |year| -> [&str; 5] { [year, "1", "1", "0", "0"] };
        let (first, last) = (minute("2000"), minute("2001"));
        let far = table(&["year", "month", "day", "hour", "minute"], &[(&first, 1), (&last, 1)]);
        assert_eq!(timeline(&far), None);
    }
}
