//! The same question to usher in every state of its store, and to `DuckDB`.

use std::fs;
use std::path::Path;
use std::time::UNIX_EPOCH;

use rand::seq::{IndexedRandom as _, SliceRandom as _};
use rand::{RngExt as _, SeedableRng as _};
use rand_pcg::Pcg64Mcg;
use usher_reports::{EventJournal as _, ReportSettings, Reports};
use usher_store_local::LocalEvents;

use super::duck::{Duck, Rows};
use super::question::{Question, rules};
use super::{past, sql, store};

#[tokio::test]
async fn reports_equal_sql_over_the_raw_events() {
    let seed =
        number("USHER_ORACLE_SEED").unwrap_or_else(|| UNIX_EPOCH.elapsed().unwrap().as_secs());
    let queries = number("USHER_ORACLE_QUERIES").unwrap_or(2_000);
    eprintln!("USHER_ORACLE_SEED={seed} USHER_ORACLE_QUERIES={queries}");
    let mut dice = Pcg64Mcg::seed_from_u64(seed);
    let directory = tempfile::tempdir().unwrap();
    let mut events = past::events(&mut dice, 4_000, 500);
    events.shuffle(&mut dice);
    let file = directory.path().join("events.ndjson");
    fs::write(&file, events.join("\n")).unwrap();
    let mut duck = Duck::start(directory.path());
    assert_eq!(duck.load(&[&file]), events.len() as u64);

    let states = states(directory.path(), &events, dice.random_range(0..events.len())).await;
    let mut rows = 0;
    for _ in 0..queries {
        let question = Question::random(&mut dice, &states[0].1);
        let sql = sql::of(&question);
        duck.begin(&sql);
        // Two of the states each time; all of them would take twice as long and tell little more.
        let mut told = Vec::new();
        for _ in 0..2 {
            let (state, reports) = states.choose(&mut dice).unwrap();
            told.push((state, answer(reports, &question).await));
        }
        let expected = duck.end();
        for (state, told) in &told {
            let at = first_difference(told, &expected);
            assert!(
                at.is_none(),
                "seed {seed}, {state}: {:?}\n{}\nusher:  {:?}\nduckdb: {:?}\n{sql}",
                question.scope,
                question.url(),
                at.and_then(|at| told.get(at)),
                at.and_then(|at| expected.get(at)),
            );
        }
        rows += expected.len();
    }
    eprintln!("{queries} queries, {rows} rows");
    assert!(rows > 0);
}

#[expect(clippy::disallowed_methods, reason = "whoever repeats a run passes it in variables")]
fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap())
}

type State = (&'static str, Reports);

/// The events in memory, in files, in closed days, and in all of it together. Those after `timely` came
/// late, and some of the others came twice.
async fn states(directory: &Path, events: &[String], timely: usize) -> [State; 4] {
    let (early, late) = events.split_at(timely);
    let late: Vec<_> = late.iter().chain(events.iter().take(100)).cloned().collect();
    let state = async |name, closes_first, closes_last| {
        let store = store::open(&directory.join(name));
        add(&store, early, closes_first).await;
        add(&store, &late, closes_last).await;
        let settings = ReportSettings { rules: rules(), switches: store::SWITCHES };
        (name, Reports::new(settings, store as _, store::clock()).unwrap())
    };
    tokio::join!(
        state("nothing is closed", false, false),
        state("everything is closed", false, true),
        state("late events lie beside closed days", true, false),
        state("days were closed again", true, true),
    )
    .into()
}

async fn add(store: &LocalEvents, lines: &[String], closes: bool) {
    store.append(store::read(lines)).await.unwrap();
    if closes {
        store.settle().await.unwrap();
    }
}

async fn answer(reports: &Reports, question: &Question) -> Rows {
    let report = reports.report(&question.resource, &question.query, &question.scope).await;
    let table = report.unwrap_or_else(|error| panic!("{}: {error}", question.url())).table;
    let row = |row: usher_cube::Row| {
        let labels = row.labels.iter().map(ToString::to_string);
        labels.chain(row.values.iter().map(ToString::to_string)).collect()
    };
    table.rows.into_iter().map(row).collect()
}

fn first_difference(left: &Rows, right: &Rows) -> Option<usize> {
    (0..left.len().max(right.len())).find(|at| left.get(*at) != right.get(*at))
}
