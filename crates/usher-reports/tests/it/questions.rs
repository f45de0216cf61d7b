//! Links, filters, includes, metrics, times and limits, one rule at a time.

use usher_testkit::scenarios::{CMU_EVENTS, ESM_EVENTS};

use crate::support::Desk;

const DAYS: &str = "/esm/v3/media-company/year/month/day";

async fn contoso(url: &str) -> crate::support::Outcome {
    Desk::with(&[ESM_EVENTS, CMU_EVENTS]).ask("Contoso", url).await
}

async fn href(url: &str) -> String {
    contoso(url).await.report().href
}

#[tokio::test]
async fn the_self_link_spells_out_scope_range_and_limit() {
    let scoped = format!("{DAYS}?media-company=Contoso");
    let range = "start=2024-03-01T00:00:00&end=2024-03-06T14:00:00&limit=1000";
    for (asked, told) in [
        ("", format!("{scoped}&{range}")),
        ("?mvpd=MVPD_B", format!("{scoped}&mvpd=MVPD_B&{range}")),
        ("?access_token=secret&format=csv&hour=3&year!=4", format!("{scoped}&{range}")),
        (
            "?mvpd!=A%20%26/B&event&reason=",
            format!("{scoped}&mvpd!=A%20%26/B&event&reason&{range}"),
        ),
        ("?media-company=Contoso", format!("{scoped}&{range}")),
        ("?media-company!=X", format!("{scoped}&media-company!=X&{range}")),
        (
            "?metrics=media-tokens,authz-attempts&start=2024&limit=7&end=2024-03",
            format!(
                "{scoped}&start=2024-01-01T00:00:00&end=2024-03-01T00:00:00&limit=7\
                 &metrics=media-tokens&metrics=authz-attempts"
            ),
        ),
    ] {
        assert_eq!(href(&format!("{DAYS}{asked}")).await, told);
    }
    assert_eq!(
        href("/esm/v3/media-company?start=2024").await,
        "/esm/v3/media-company?media-company=Contoso&limit=1000"
    );
}

#[tokio::test]
async fn a_self_link_can_be_fetched_where_the_scope_is_in_no_subpath() {
    let desk = Desk::with(&[ESM_EVENTS]);
    for caller in ["Contoso", "Contoso/CTV1"] {
        let url = "/esm/v3/year/month/day/dc?start=2024-03-01";
        let report = desk.ask(caller, url).await.report();
        assert_eq!(desk.ask(caller, &report.href).await.report(), report);
    }
}

#[tokio::test]
async fn channel_level_callers_are_narrowed_everywhere() {
    let desk = Desk::with(&[ESM_EVENTS]);
    let url = "/esm/v3/year/month/day/dc?start=2024-03-05&end=2024-03-06&metrics=authn-attempts";
    assert_eq!(desk.ask("Contoso/CTV1", url).await.lines(), ["2024,3,5,east|1", "2024,3,5,west|1"]);
    assert_eq!(desk.ask("Contoso", url).await.lines(), ["2024,3,5,east|1", "2024,3,5,west|2"]);
    let root = desk.ask("Contoso/CTV2", "/esm/v3?metrics=authn-attempts").await;
    assert_eq!(root.lines(), ["|1"]);
    let foreign = desk.ask("Contoso/CTV1", &format!("{DAYS}?requestor-id=CTV2")).await;
    assert_eq!(foreign.status(), 403);
}

#[tokio::test]
async fn filters_combine_as_sql_would() {
    let range = "start=2024-03-01&end=2024-04-01&metrics=authn-attempts";
    let base = format!("{DAYS}/proxy/mvpd?{range}");
    let (a5, b5, a6) = (
        "Contoso,2024,3,5,Direct,MVPD_A|2",
        "Contoso,2024,3,5,ProxyP,MVPD_B|1",
        "Contoso,2024,3,6,Direct,MVPD_A|1",
    );
    for (filter, rows) in [
        ("mvpd=MVPD_A&mvpd=MVPD_B", vec![a5, b5, a6]),
        ("mvpd!=MVPD_A&mvpd!=MVPD_B", vec![]),
        ("mvpd%21=MVPD_B", vec![a5, a6]),
        ("mvpd!=MVPD_A&proxy!=Direct", vec![b5]),
        ("mvpd=MVPD_A&mvpd=MVPD_B&mvpd!=MVPD_B", vec![a5, a6]),
        ("mvpd=mvpd_b", vec![]),
        ("mvpd=+MVPD_B%20", vec![b5]),
        ("year=1999&hour!=3", vec![a5, b5, a6]),
    ] {
        assert_eq!(contoso(&format!("{base}&{filter}")).await.lines(), rows, "{filter}");
    }
}

#[tokio::test]
async fn includes_add_columns_in_order_of_appearance() {
    let query = "start=2024-03&metrics=media-tokens&mvpd&requestor-id=&requestor-id=CTV1";
    let outcome = contoso(&format!("/esm/v3/media-company/year/month?{query}")).await;
    assert_eq!(outcome.lines(), ["Contoso,2024,3,MVPD_A,CTV1|3"]);
    let outcome =
        contoso("/esm/v3/media-company?year&month&end=2024-05&start=2024&metrics=media-tokens");
    assert_eq!(outcome.await.lines(), ["Contoso,2024,3|3", "Contoso,2024,4|1"]);
}

#[tokio::test]
async fn nonsense_is_refused_by_name() {
    for (query, reason) in [
        ("nosuch=1", "nosuch"),
        ("_=123", "_"),
        ("tz=UTC", "tz"),
        ("resource-id=x", "resource-id"),
        ("mvpd!", "mvpd!"),
        ("mvpd!=", "mvpd!"),
        ("metrics=nosuch", "nosuch"),
        ("metrics=", "unknown metric"),
        ("metrics=unique-accounts", "unique-accounts"),
        ("start=yesterday", "yesterday"),
        ("end=2024-02-30", "2024-02-30"),
        ("start=2024-03-02&end=2024-03-01", "after"),
        ("start=2030", "after"),
        ("limit=0", "limit"),
        ("limit=x", "limit"),
        ("limit=-1", "limit"),
        ("limit=10001", "limit"),
        ("limit=1&limit=1", "limit"),
        ("sdk-type=iOS", "sdk-type"),
        ("event&channel=x", "dimensions"),
    ] {
        match contoso(&format!("{DAYS}?{query}")).await {
            crate::support::Outcome::Invalid(text) => assert!(text.contains(reason), "{text}"),
            other => panic!("{query}: {other:?}"),
        }
    }
    match contoso(&format!("{DAYS}/dc?requestor-id=CTV1")).await {
        crate::support::Outcome::Invalid(text) => assert_eq!(
            text,
            "Cannot filter on a dimension that is not available in the hierarchy: [requestor-id]"
        ),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn old_sdk_names_work_under_v2_only() {
    let desk = Desk::with(&[ESM_EVENTS]);
    let ask = |version, query| {
        format!("/esm/{version}/media-company/year/month/day/requestor-id?start=2024-03&{query}")
    };
    let old = desk.ask("Contoso", &ask("v2", "sdk-type=iOS&sdk-version")).await.report();
    assert_eq!(old, desk.ask("Contoso", &ask("v2", "nsdk=iOS&nsdk-version")).await.report());
    assert_eq!(old.table.dims.last().unwrap().as_str(), "nsdk-version");
    let path = "/esm/v2/media-company/year/month/day/requestor-id/platform/sdk-type/sdk-version";
    assert!(desk.ask("Contoso", path).await.report().href.contains("/nsdk/nsdk-version?"));
    assert_eq!(desk.ask("Contoso", &path.replace("v2", "v3")).await.status(), 404);
}

#[tokio::test]
async fn paths_outside_the_trees_do_not_exist() {
    for (caller, url, status) in [
        ("Contoso", "/esm/v3/year/mvpd", 404),
        ("Contoso", "/esm/v3/media-company/media-company", 404),
        ("Contoso", "/esm/v9", 404),
        ("Contoso", "/esm/report", 404),
        ("Contoso", "/esm/v3/media-company//year", 404),
        ("Contoso", "/esm/v3/mvpd", 403),
        ("MVPD_A", "/esm/v3/media-company", 403),
        ("MVPD_A", "/cmu/v2/tenant", 403),
        ("Contoso", "/cmu/v2", 403),
        ("tenant Contoso", "/esm/v3", 403),
        ("tenant Contoso", "/cmu/v2/tenant/year?tenant=Fabrikam", 403),
        ("tenant Contoso", "/cmu/v2/tenant/year?tenant=Contoso", 200),
    ] {
        let desk = Desk::with(&[]);
        assert_eq!(desk.ask(caller, url).await.status(), status, "{caller} {url}");
    }
}

#[tokio::test]
async fn time_can_be_written_in_many_ways() {
    let day = format!("{DAYS}/hour?metrics=authn-attempts&end=2024-03-05T11:00&start=");
    let rows = contoso(&format!("{day}2024-03-05T10:00:00")).await.lines();
    for start in
        ["2024-03-05T20:00:00%2B02:00", "2024-03-05T18:00:00Z", "1709661600000", "2024-03-05:10"]
    {
        assert_eq!(contoso(&format!("{day}{start}")).await.lines(), rows, "{start}");
    }
    assert_eq!(rows, ["Contoso,2024,3,5,10|1"]);
    assert!(contoso(&format!("{day}2024-03-05T11")).await.lines().is_empty());
}

#[tokio::test]
async fn days_begin_at_midnight_of_the_report_zone() {
    let event = |id: u8, ts: i64| {
        format!(
            r#"{{"event_id":"{id}","event":"media-token","ts":{ts},"media_company":"Contoso","requestor_id":"r","mvpd":"m"}}"#
        )
    };
    let file = [event(1, 1_709_711_999_000), event(2, 1_709_712_000_000)].join("\n");
    let desk = Desk::with(&[&file]);
    let url = format!("{DAYS}?metrics=media-tokens");
    assert_eq!(
        desk.ask("Contoso", &url).await.lines(),
        ["Contoso,2024,3,5|1", "Contoso,2024,3,6|1"]
    );
}

#[tokio::test]
async fn selections_that_are_too_wide_are_refused() {
    for (path, start, end, status) in [
        ("/hour/minute", "2024-01-01", "2024-02-01", 200),
        ("/hour/minute", "2024-01-01", "2024-02-01T00:00:01", 400),
        ("/hour", "2023-01-01", "2024-02-05", 200),
        ("/hour", "2023-01-01", "2024-02-06", 400),
        ("", "0001", "9999", 200),
    ] {
        let outcome = contoso(&format!("{DAYS}{path}?start={start}&end={end}")).await;
        assert_eq!(outcome.status(), status, "{path} {start} {end}");
    }
}

#[tokio::test]
async fn roots_answer_one_record_with_the_default_set() {
    let desk = Desk::with(&[ESM_EVENTS, CMU_EVENTS]);
    for (caller, url, metrics) in [
        ("Contoso", "/esm/v3", 11),
        ("Nobody", "/esm/v3", 11),
        ("MVPD_A", "/esm/v3", 8),
        ("tenant Contoso", "/cmu/v2", 6),
        ("MVPD_A", "/cmu/v2", 6),
        ("operator", "/cmu/v2", 6),
        ("operator", "/esm/v3", 11),
    ] {
        let table = desk.ask(caller, url).await.report().table;
        assert_eq!((table.rows.len(), table.dims.len()), (1, 0), "{caller} {url}");
        assert_eq!(table.metrics.len(), metrics, "{caller} {url}");
    }
    let users = desk.ask("tenant Contoso", "/cmu/v2?metrics=active-users").await;
    assert_eq!(users.status(), 400);
    let year = desk.ask("tenant Contoso", "/cmu/v2/tenant/year").await.report().table.metrics;
    assert!(!year.iter().any(|metric| metric.as_str() == "active-users"));
}

#[tokio::test]
async fn file_names_tell_range_filters_and_limit() {
    for (query, name) in [
        ("", "esm__2024-03-01_2024-03-06_1000"),
        ("?mvpd=MVPD_B", "esm__2024-03-01_2024-03-06_MVPD_B,1000"),
        ("?mvpd!=A%20B&requestor-id=%C3%A9&limit=5", "esm__2024-03-01_2024-03-06_!A-B,-,5"),
    ] {
        assert_eq!(contoso(&format!("{DAYS}{query}")).await.report().file_stem, name);
    }
    assert_eq!(contoso("/esm/v3").await.report().file_stem, "esm__1000");
    let cmu = Desk::with(&[]).ask("tenant T", "/cmu/v2/tenant/year?limit=3").await.report();
    assert_eq!(cmu.file_stem, "report__2024-01-01_2024-03-06_3");
}

#[tokio::test]
async fn a_saved_report_is_its_expanded_path_with_its_metrics() {
    let desk = Desk::with(&[CMU_EVENTS]);
    let url = "/cmu/v2/billing/daily?start=2024-03-01";
    let report = desk.ask("tenant Contoso", url).await.report();
    assert!(report.href.starts_with("/cmu/v2/year/month/day/tenant?tenant=Contoso&start="));
    assert!(report.href.ends_with("&metrics=bstreams-30"));
    assert_eq!(desk.ask("tenant Contoso", &report.href).await.report(), report);
}
