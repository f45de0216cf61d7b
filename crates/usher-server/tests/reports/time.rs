//! Time and limits.

use usher_core::Timestamp;

use crate::world::{DAYS, MARCH, World};

/// The range that a report's `self` link tells.
async fn range(world: &World, path: &str, query: &str) -> String {
    let href = world.href("acme", &format!("/esm/v3/media-company/{path}?{query}")).await;
    let (_, rest) = href.split_once("start=").expect("a range");
    rest.split_once("&limit").expect("a limit").0.to_owned()
}

#[tokio::test]
async fn wolap_71_72_times_can_be_short_and_foreign() {
    let world = World::with(&[]).await;
    for (written, told) in [
        ("2024", "2024-01-01T00:00:00"),
        ("2024-07", "2024-07-01T00:00:00"),
        ("2024-07-15", "2024-07-15T00:00:00"),
        ("2024-07-15T10", "2024-07-15T10:00:00"),
        ("2024-07-15T10:05", "2024-07-15T10:05:00"),
        ("2024-01-01:00:00:00", "2024-01-01T00:00:00"),
        ("2024-03-05T18:00:00Z", "2024-03-05T10:00:00"),
        ("1709661600000", "2024-03-05T10:00:00"),
        ("2024-03-05%2010:00:00.123", "2024-03-05T10:00:00"),
    ] {
        let told = format!("{told}&end=2025-01-01T00:00:00");
        let query = format!("start={written}&end=2025");
        assert_eq!(range(&world, "year/month/day", &query).await, told, "{written}");
    }
}

#[tokio::test]
async fn wolap_102_an_offset_is_converted_to_report_time() {
    let world = World::open().await;
    let hours = |start: &str| format!("{DAYS}/hour?end=2024-03-06&start={start}");
    let foreign = world.report("acme", &hours("2024-03-05T20:00:00%2B02:00")).await;
    assert_eq!(foreign, world.report("acme", &hours("2024-03-05T10:00:00")).await);
    assert_eq!(foreign["report"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn wolap_73_74_75_82_impossible_ranges_are_refused() {
    let world = World::open().await;
    for query in [
        "start=yesterday",
        "start=2024-02-30",
        "end=202402",
        "start=2024-03-02&end=2024-03-01",
        "start=2024&start=2024",
        "end=2024&end=2024",
        "limit=1&limit=1",
        "format=json&format=json",
    ] {
        world.refused("acme", &format!("{DAYS}?{query}"), 400).await;
    }
    let moment = format!("{DAYS}?start=2024-03-05&end=2024-03-05");
    assert!(world.rows("acme", &moment).await.is_empty());
    world.refused("acme", "/esm/v3/media-company?start=yesterday", 400).await;
}

#[tokio::test]
async fn wolap_76_77_buckets_are_whole_and_the_end_is_not_included() {
    let world = World::open().await;
    let month = format!("/esm/v3/media-company/year/month?{MARCH}&metrics=media-tokens");
    assert_eq!(world.rows("acme", &month).await, ["acme,2024,3,3"]);
    let cut = "start=2024-03-05T10:30:00&end=2024-03-05T10:45&metrics=media-tokens,authn-attempts";
    assert_eq!(world.rows("acme", &format!("{DAYS}/hour?{cut}")).await, ["acme,2024,3,5,10,2,1"]);
}

#[tokio::test]
async fn wolap_78_ranges_have_defaults() {
    let world = World::with(&[]).await;
    world.house.clock.set(Timestamp::from_millis(1_838_110_523_456));
    let end = "2028-03-31T02:15:23";
    for (path, start) in [
        ("year", "2028-01-01T00:00:00"),
        ("year/month", "2028-02-29T00:00:00"),
        ("year/month/day", "2028-03-01T00:00:00"),
        ("year/month/day/hour", "2028-03-31T00:00:00"),
        ("year/month/day/hour/minute", "2028-03-31T02:00:00"),
    ] {
        assert_eq!(range(&world, path, "").await, format!("{start}&end={end}"), "{path}");
    }
}

#[tokio::test]
async fn wolap_79_without_a_time_dimension_there_is_no_range() {
    let world = World::open().await;
    let url = "/esm/v3/media-company?start=2024-03-06&end=2024-03-07";
    assert_eq!(
        world.href("acme", url).await,
        "/esm/v3/media-company?media-company=acme&limit=1000"
    );
    let all = world.report("acme", "/esm/v3/media-company").await;
    assert_eq!(world.report("acme", url).await, all);
    assert_eq!(all["report"][0]["media-tokens"], "4");
}

#[tokio::test]
async fn wolap_80_days_begin_at_midnight_of_the_report_zone() {
    // 2024-03-06T07:59:59Z and one second later.
    let file = [1_709_711_999_000_i64, 1_709_712_000_000]
        .map(|ts| {
            format!(
                r#"{{"event":"media-token","ts":{ts},"media_company":"Contoso","requestor_id":"r","mvpd":"m"}}"#
            )
        })
        .join("\n");
    let world = World::with(&[&file]).await;
    let url = format!("{DAYS}?{MARCH}&metrics=media-tokens");
    assert_eq!(world.rows("acme", &url).await, ["acme,2024,3,5,1", "acme,2024,3,6,1"]);
}

#[tokio::test]
async fn wolap_81_limits_cut_after_sorting() {
    let lines: Vec<_> = (0..1_100)
        .map(|number| {
            format!(
                r#"{{"event":"media-token","ts":1709661610000,"media_company":"Contoso","requestor_id":"r{number:04}","mvpd":"m"}}"#
            )
        })
        .collect();
    let world = World::with(&[&lines.join("\n")]).await;
    let url = |limit: &str| format!("{DAYS}/requestor-id?{MARCH}&metrics=media-tokens{limit}");
    let two = world.rows("acme", &url("&limit=2")).await;
    assert_eq!(two, ["acme,2024,3,5,r0000,1", "acme,2024,3,5,r0001,1"]);
    assert_eq!(world.rows("acme", &url("")).await.len(), 1000);
    assert_eq!(world.rows("acme", &url("&limit=1500")).await.len(), 1100);
    for limit in ["0", "x", "", "-1", "10001", "99999999999999999999"] {
        world.refused("acme", &url(&format!("&limit={limit}")), 400).await;
    }
}

#[tokio::test]
async fn wolap_83_selections_that_are_too_wide_are_refused() {
    let world = World::with(&[]).await;
    let url = format!("{DAYS}/hour/minute?start=2024-01-01&end=2024-03-01");
    let text = world.refused("acme", &url, 400).await;
    assert!(text.contains("too wide"), "{text}");
}
