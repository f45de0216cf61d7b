//! The data directory as other tools see it: every query of the documentation, and counts that must agree.

use std::fs;

use rand::SeedableRng as _;
use rand_pcg::Pcg64Mcg;
use usher_reports::EventJournal as _;

use super::duck::Duck;
use super::{past, store};

const DOCUMENTATION: &str =
    include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/report-data.md"));

#[tokio::test]
async fn duckdb_reads_the_data_directory_as_documented() {
    let directory = tempfile::tempdir().unwrap();
    let lines = past::events(&mut Pcg64Mcg::seed_from_u64(7), 3_000, 200);
    let raw = directory.path().join("raw.ndjson");
    fs::write(&raw, lines.join("\n")).unwrap();
    let store = store::open(&directory.path().join("events"));
    store.append(store::read(&lines)).await.unwrap();
    store.settle().await.unwrap();
    store.close().await.unwrap();
    let mut duck = Duck::start(directory.path());
    duck.load(&[&raw]);

    let mut queries = 0;
    for query in DOCUMENTATION.split("```sql\n").skip(1) {
        let query = query.split_once("```").unwrap().0.replace("2026-11-24", "2024-06-01");
        assert!(!duck.ask(query.trim_end().trim_end_matches(';')).is_empty(), "{query}");
        queries += 1;
    }
    assert!(queries >= 3, "the documentation shows {queries} queries");

    for (ours, theirs) in SAME {
        let (ours, theirs) = (duck.ask(ours), duck.ask(theirs));
        assert!(!ours.is_empty());
        assert_eq!(ours.len(), theirs.len());
        for (ours, theirs) in ours.iter().zip(theirs) {
            assert_eq!(*ours, theirs);
        }
    }
}

/// What our files say, and what the raw events say.
const SAME: [(&str, &str); 4] = [
    // Every event, with everything that is said of it, whatever kind of event it is.
    (
        "SELECT epoch_ms(ts), event, media_company, mvpd, dc, channel, reason, user_id, session_id, latency_ms,
                token_issued
         FROM read_parquet('events/esm/*/events.*.parquet', union_by_name = true) ORDER BY ALL",
        "SELECT ts, event, media_company, mvpd, dc, channel, reason, user_id, session_id, latency_ms,
                token_issued::VARCHAR
         FROM raw WHERE media_company IS NOT NULL ORDER BY ALL",
    ),
    (
        "SELECT epoch_ms(ts), event, tenant, mvpd, account, session_id, epoch_ms(last_activity)
         FROM read_parquet('events/cmu/*/events.*.parquet', union_by_name = true) ORDER BY ALL",
        "SELECT ts, event, tenant, mvpd, account, session_id, last_activity
         FROM raw WHERE tenant IS NOT NULL ORDER BY ALL",
    ),
    // Sums of a roll-up that has the TV provider, over a day.
    (
        r#"SELECT mvpd, sum("authz-attempts"), sum("authz-latency") FROM 'events/esm/day=2024-06-01/rollups.*.parquet'
         WHERE rollup = (SELECT min(rollup) FROM 'events/esm/day=2024-06-01/rollups.*.parquet' WHERE mvpd IS NOT NULL)
         GROUP BY mvpd ORDER BY mvpd"#,
        "SELECT mvpd, count(*) FILTER (event = 'authz-attempt'),
                coalesce(sum(latency_ms) FILTER (event IN ('authz-granted', 'authz-failed', 'authz-rejected')), 0)
         FROM esm WHERE t >= TIMESTAMP '2024-06-01' AND t < TIMESTAMP '2024-06-02' GROUP BY mvpd ORDER BY mvpd",
    ),
    // Who started streams, when, and of which kind.
    (
        "SELECT hour, tenant, mvpd, \"application-id\", application, channel, platform, count(*)
         FROM 'events/cmu/day=2024-06-01/viewers.*.parquet' WHERE hour IS NOT NULL GROUP BY ALL ORDER BY ALL",
        "SELECT hour(t), tenant, mvpd, application_id, application, channel, platform, count(DISTINCT person)
         FROM cmu WHERE event = 'session-started' AND t >= TIMESTAMP '2024-06-01' AND t < TIMESTAMP '2024-06-02'
         GROUP BY ALL ORDER BY ALL",
    ),
];
