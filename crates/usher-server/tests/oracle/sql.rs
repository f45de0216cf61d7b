//! Questions as SQL over the tables of `tests/python/oracle.py`, straight from the words of the contract.

use std::fmt::Write as _;

use usher_cube::{Api, Dim, Grain};

use super::question::{Condition, Question};

/// The SQL whose rows are those of the report.
pub(super) fn of(question: &Question) -> String {
    if question.plan.cube.iter().any(Dim::is_level) {
        return levels(question);
    }
    let plan = &question.plan;
    let columns: Vec<_> = (plan.dims.iter().map(column))
        .chain(plan.metrics.iter().map(|metric| value(metric.as_str())))
        .collect();
    let mut sql = format!(
        "SELECT {} FROM {} WHERE {}",
        columns.join(", "),
        table(question),
        conditions(question).join(" AND ")
    );
    // Without dimensions there is always one row.
    if !plan.dims.is_empty() {
        let counted: Vec<_> = plan.counted.iter().map(|it| counts(it.as_str())).collect();
        let places = places(plan.dims.len());
        let _ = write!(
            sql,
            " GROUP BY {places} HAVING bool_or({}) ORDER BY {places} LIMIT {}",
            counted.join(" OR "),
            plan.limit
        );
    }
    sql
}

fn places(number: usize) -> String {
    (1..=number).map(|place| place.to_string()).collect::<Vec<_>>().join(", ")
}

fn table(question: &Question) -> String {
    let metrics = question.plan.metrics.iter();
    let units: Vec<_> = metrics.filter_map(|it| it.as_str().strip_prefix("bstreams-")).collect();
    match question.plan.api {
        Api::Esm => "esm".to_owned(),
        Api::Cmu if units.is_empty() => "cmu".to_owned(),
        Api::Cmu => {
            let units = units.join(", ");
            format!(
                "(FROM cmu UNION ALL BY NAME SELECT * FROM units WHERE unit IN ({units})) AS everything"
            )
        }
    }
}

/// What rows are about, and when.
fn conditions(question: &Question) -> Vec<String> {
    let mut all: Vec<_> = question.conditions.iter().map(condition).collect();
    all.extend(bucket(question).map(|grain| {
        let (start, end) = range(question);
        format!(
            "t >= date_trunc('{grain}', {start}) AND date_trunc('{grain}', t) < {end} AND {start} < {end}"
        )
    }));
    all.push("true".to_owned());
    all
}

fn condition(condition: &Condition) -> String {
    let values: Vec<_> = condition.values.iter().map(|value| text(value)).collect();
    let operator = if condition.is_wanted { "IN" } else { "NOT IN" };
    format!("{} {operator} ({})", condition.dim.replace('-', "_"), values.join(", "))
}

fn text(value: &str) -> String {
    format!("'{}'", value.replace('\'', "''"))
}

/// The finest time dimension, as SQL calls it.
fn bucket(question: &Question) -> Option<&'static str> {
    question.plan.grain.map(|grain| match grain {
        Grain::Year => "year",
        Grain::Month => "month",
        Grain::Day => "day",
        Grain::Hour => "hour",
        Grain::Minute => "minute",
    })
}

fn range(question: &Question) -> (String, String) {
    let range = question.plan.range.unwrap();
    (format!("TIMESTAMP '{}'", range.start), format!("TIMESTAMP '{}'", range.end))
}

fn column(dim: &Dim) -> String {
    match Grain::named(dim.as_str()) {
        Some(_) => format!("{dim}(t)"),
        None => dim.as_str().replace('-', "_"),
    }
}

/// Which events count for a metric.
fn counts(metric: &str) -> String {
    let name = match metric {
        "authn-attempts" => "authn-attempt",
        "authn-pending" => "authn-pending",
        "authn-successful" => "authn-granted",
        "authn-failed" => "authn-failed",
        "clientless-tokens" => "clientless-token-granted",
        "clientless-failures" => "clientless-token-failed",
        "authz-attempts" => "authz-attempt",
        "authz-successful" => "authz-granted",
        "authz-rejected" => "authz-rejected",
        "media-tokens" => "media-token",
        "decision-attempts" => "decision",
        "active-users" | "started-sessions" => "session-started",
        "failed-attempts" => "session-denied",
        "dismissed-sessions" => "session-dismissed",
        "killed-sessions" => "session-killed",
        other => return special(other),
    };
    format!("event = '{name}'")
}

fn special(metric: &str) -> String {
    match metric {
        "authz-failed" => "(event = 'authz-failed' AND reason NOT IN \
            ('network', 'invalid', 'norefreshtoken', 'mismatch'))"
            .to_owned(),
        "authz-latency" => "(event IN ('authz-granted', 'authz-failed', 'authz-rejected') \
            AND latency_ms IS NOT NULL)"
            .to_owned(),
        "count" => "event <> 'decision'".to_owned(),
        "decision-successful" => "(event = 'decision' AND decision_outcome = 'permit')".to_owned(),
        "decision-failed" => "(event = 'decision' AND decision_outcome = 'deny')".to_owned(),
        "decision-media-tokens" => "(event = 'decision' AND token_issued)".to_owned(),
        "active-sessions" => {
            "event IN ('session-started', 'session-heartbeat', 'session-stopped')".to_owned()
        }
        "completed-sessions" => "event IN ('session-stopped', 'session-expired')".to_owned(),
        other => match other.split_once('_') {
            Some(("duration", length)) => lasted(length),
            _ => match other.split_once('-') {
                Some(("bstreams", unit)) => format!("unit = {unit}"),
                _ => panic!("what counts for {metric}?"),
            },
        },
    }
}

/// Ended streams of a length.
fn lasted(length: &str) -> String {
    let (from, until) = match length {
        "0-15" => (0, 15),
        "15-30" => (15, 30),
        "30-60" => (30, 60),
        "60-120" => (60, 120),
        "2h-4h" => (120, 240),
        "4h-8h" => (240, 480),
        "8h-16h" => (480, 960),
        "16h-1d" => (960, 1440),
        "1d-3d" => (1440, 3 * 1440),
        "3d-7d" => (3 * 1440, 7 * 1440),
        "1w-1m" => (7 * 1440, 30 * 1440),
        "over-1m" => (30 * 1440, 1_000_000_000),
        other => panic!("how long is {other}?"),
    };
    let [from, until] = [from, until].map(|minutes: u64| minutes * 60_000);
    format!("(lasted >= {from} AND lasted < {until})")
}

fn value(metric: &str) -> String {
    match metric {
        "authz-latency" => {
            format!("coalesce(sum(latency_ms) FILTER ({}), 0)::BIGINT", counts(metric))
        }
        "unique-accounts" => "count(DISTINCT person)".to_owned(),
        "unique-sessions" => "count(DISTINCT session) FILTER (event LIKE 'authn-%')".to_owned(),
        "active-users" => format!("count(DISTINCT person) FILTER ({})", counts(metric)),
        "active-sessions" => format!("count(DISTINCT session) FILTER ({})", counts(metric)),
        _ => format!("count(*) FILTER ({})", counts(metric)),
    }
}

/// Users by the most streams they had at once (`wolap.md` §18.4): each user's streams are followed
/// change by change, ends before starts.
fn levels(question: &Question) -> String {
    let plan = &question.plan;
    let level = plan.cube.iter().find(|dim| dim.is_level()).unwrap();
    let is_time = |dim: &&Dim| Grain::named(dim.as_str()).is_some();
    let is_attribute = |dim: &&Dim| !dim.is_level() && !is_time(dim);
    let attributes: Vec<_> = plan.dims.iter().filter(is_attribute).map(column).collect();
    let times: Vec<_> = plan.dims.iter().filter(is_time).collect();
    let of = each(&attributes, |name| format!("{name}, "));
    let same = each(&attributes, |name| format!(" AND spans.{name} = cmu.{name}"));
    let labels = each(&times, |name| format!("{name}_, "));
    let buckets = buckets(question, &each(&times, |name| format!("{name}(t) AS {name}_, ")));
    let columns = each(&plan.dims, |dim| match dim {
        dim if dim.is_level() => "level, ".to_owned(),
        dim if is_time(&dim) => format!("{dim}_, "),
        dim => format!("{}, ", column(dim)),
    });
    let (of_level, of_streams): (Vec<_>, Vec<_>) =
        question.conditions.iter().partition(|it| it.dim == level.as_str());
    let is_wanted = all(&of_streams);
    let is_wanted_level = all(&of_level).replace(&column(level), "level::VARCHAR");
    let counts_refusals = level.as_str() == "activity-level";
    // A user who reached several of the wanted levels is one user where levels are not shown.
    let is_row = if plan.dims.contains(level) { "true" } else { "nth = 1" };
    let order = match plan.dims.len() {
        0 => String::new(),
        number => format!("GROUP BY {0} ORDER BY {0}", places(number)),
    };
    format!(
        "WITH fitting AS (
            SELECT * FROM streams WHERE {is_wanted} AND first < closes AND person IS NOT NULL),
        changes AS (
            SELECT {of}person, first AS since, 1 AS change FROM fitting
            UNION ALL SELECT {of}person, closes, -1 FROM fitting),
        spans AS (
            SELECT {of}person, since, sum(change) OVER sorted AS height, lead(since) OVER sorted AS until
            FROM changes WINDOW sorted AS (PARTITION BY {of}person ORDER BY since, change
                ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)),
        refused AS (
            SELECT {of}person, ts AS since, ts + 1 AS until, 1 + coalesce((
                SELECT max(height) FROM spans
                WHERE spans.person = cmu.person{same} AND since <= cmu.ts AND cmu.ts < until), 0) AS height
            FROM cmu WHERE {is_wanted} AND event = 'session-denied' AND person IS NOT NULL
                AND {counts_refusals}),
        held AS (
            FROM spans WHERE height > 0 AND since < until UNION ALL BY NAME FROM refused),
        buckets AS ({buckets}),
        highest AS (
            SELECT {labels}{of}person, max(height)::BIGINT AS height FROM held, buckets
            WHERE since < ends AND until > begins GROUP BY ALL),
        reached AS (
            SELECT *, row_number() OVER (PARTITION BY {labels}{of}person ORDER BY level) AS nth
            FROM (SELECT *, unnest(range(1, height + 1)) AS level FROM highest)
            WHERE {is_wanted_level})
        SELECT {columns}count(*) FROM reached WHERE {is_row} {order} LIMIT {}",
        plan.limit
    )
}

fn each<T>(items: &[T], spell: impl Fn(&T) -> String) -> String {
    items.iter().map(spell).collect()
}

fn all(conditions: &[&Condition]) -> String {
    each(conditions, |it| format!("{} AND ", condition(it))) + "true"
}

/// The buckets of the range with their labels, in UTC milliseconds.
fn buckets(question: &Question, labels: &str) -> String {
    let Some(grain) = bucket(question) else {
        return "SELECT 0 AS begins, 1e15::BIGINT AS ends".to_owned();
    };
    let (start, end) = range(question);
    format!(
        "SELECT {labels}epoch_ms(t + INTERVAL 8 HOUR) AS begins,
            epoch_ms(t + INTERVAL 1 {grain} + INTERVAL 8 HOUR) AS ends
        FROM generate_series(date_trunc('{grain}', {start}), {end}, INTERVAL 1 {grain}) AS it(t)
        WHERE t < {end} AND {start} < {end}"
    )
}
