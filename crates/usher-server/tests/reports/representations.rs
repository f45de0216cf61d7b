//! JSON, XML, CSV, HTML and the `self` link.

use serde_json::{Value, json};

use crate::world::{DAYS, MARCH, World, keys};

/// Names that every format has to write with care.
const AWKWARD: &str = concat!(
    r#"{"event":"media-token","ts":1709661610000,"media_company":"Contoso","requestor_id":"R&<1>","mvpd":"a,\"b\"","proxy":"Direct","dc":"é"}"#,
    "\n",
    r#"{"event":"media-token","ts":1709661610000,"media_company":"Contoso","requestor_id":"Z","mvpd":"B","proxy":"Direct","dc":"é"}"#,
    "\n",
    r#"{"event":"media-token","ts":1709661610000,"media_company":"Contoso","requestor_id":"Z","mvpd":"a","proxy":"Direct","dc":"é"}"#,
);

fn mvpds(extension: &str) -> String {
    format!("{DAYS}/proxy/mvpd{extension}?{MARCH}&metrics=media-tokens&requestor-id")
}

#[tokio::test]
async fn wolap_27_28_30_records_are_strings_with_the_same_keys_in_the_same_order() {
    let world = World::open().await;
    let report = world.report("acme", &format!("{DAYS}/hour?{MARCH}")).await;
    assert_eq!(keys(&report), ["_links", "report"]);
    let records = report["report"].as_array().unwrap();
    assert!(records.len() > 2);
    for record in records {
        assert!(record.as_object().unwrap().values().all(Value::is_string));
        assert_eq!(keys(record), keys(&records[0]));
    }
    assert_eq!(keys(&records[0])[..5], ["media-company", "year", "month", "day", "hour"]);
    let last = records.last().unwrap();
    let time = [&last["year"], &last["month"], &last["day"]];
    assert_eq!(time, ["2024", "3", "6"]);
    let unpadded = records.iter().find(|record| record["day"] == "6").unwrap();
    assert_eq!(unpadded["hour"], "9");
}

#[tokio::test]
async fn wolap_29_nothing_matched_is_an_empty_report_and_the_root_one_zero_record() {
    let world = World::with(&[]).await;
    assert_eq!(world.report("acme", DAYS).await["report"], json!([]));
    let root = world.report("acme", "/esm/v3").await["report"].clone();
    let record = root[0].as_object().unwrap();
    assert!(record.len() == 11 && record.values().all(|value| value == "0"));
    let xml = world.ask("acme", &format!("{DAYS}.xml")).await.text();
    assert!(xml.contains("<report/>"));
}

#[tokio::test]
async fn wolap_31_32_xml_says_the_same_as_json() {
    let world = World::with(&[AWKWARD]).await;
    let xml = world.ask("acme", &mvpds(".xml")).await.text();
    let json = world.report("acme", &mvpds("")).await;
    let document = roxmltree::Document::parse(&xml).expect("well-formed");
    let root = document.root_element();
    assert_eq!(root.tag_name().name(), "resource");
    assert_eq!(root.attribute("href"), json["_links"]["self"]["href"].as_str());
    assert!(xml.contains("&amp;start="));
    let child = |name: &str| root.children().find(|node| node.has_tag_name(name)).unwrap();
    let elements =
        |name: &str| child(name).children().filter(roxmltree::Node::is_element).collect::<Vec<_>>();
    let records: Vec<Value> = elements("report")
        .iter()
        .map(|record| {
            assert!(record.has_tag_name("record"));
            record.attributes().map(|it| (it.name().to_owned(), Value::from(it.value()))).collect()
        })
        .collect();
    assert_eq!(Value::Array(records), json["report"]);
    let links = elements("links");
    assert_eq!(links[0].attribute("rel"), Some("roll-up"));
    assert_eq!(links[0].attribute("href"), json["_links"]["roll-up"]["href"].as_str());
    let below: Vec<_> = links[1..].iter().map(|link| link.attribute("href")).collect();
    let expected = json["_links"]["drill-down"].as_array().unwrap();
    assert_eq!(below, expected.iter().map(|link| link["href"].as_str()).collect::<Vec<_>>());
}

#[tokio::test]
async fn wolap_33_34_36_csv_is_a_header_and_sorted_rows() {
    let world = World::with(&[AWKWARD]).await;
    let csv = world.ask("acme", &mvpds(".csv")).await.text();
    assert_eq!(
        csv,
        "media-company,year,month,day,proxy,mvpd,requestor-id,media-tokens\r\n\
         acme,2024,3,5,Direct,B,Z,1\r\n\
         acme,2024,3,5,Direct,a,Z,1\r\n\
         acme,2024,3,5,Direct,\"a,\"\"b\"\"\",R&<1>,1\r\n"
    );
}

#[tokio::test]
async fn numbers_sort_as_numbers() {
    let line = |day: u32, id: &str| {
        let ts = 1_709_280_000_000_i64 + i64::from(day) * 86_400_000;
        format!(
            r#"{{"event_id":"{id}","event":"media-token","ts":{ts},"media_company":"Contoso","requestor_id":"r","mvpd":"m"}}"#
        )
    };
    let world = World::with(&[&[line(10, "a"), line(2, "b")].join("\n")]).await;
    let rows = world.rows("acme", &format!("{DAYS}?{MARCH}&metrics=media-tokens")).await;
    assert_eq!(rows, ["acme,2024,3,3,1", "acme,2024,3,11,1"]);
}

#[tokio::test]
async fn wolap_35_csv_files_are_named_for_their_content() {
    let world = World::with(&[]).await;
    for (caller, url, name) in [
        ("acme", format!("{DAYS}.csv?{MARCH}"), "esm__2024-03-01_2024-04-01_1000.csv"),
        (
            "acme",
            format!("{DAYS}.csv?{MARCH}&mvpd=MVPD_B&proxy!=X%20Y&limit=5"),
            "esm__2024-03-01_2024-04-01_MVPD_B,!X-Y,5.csv",
        ),
        ("acme", "/esm/v3.csv".to_owned(), "esm__1000.csv"),
        (
            "tenant acme",
            "/cmu/v2/tenant/year.csv?start=2024&end=2025".to_owned(),
            "report__2024-01-01_2025-01-01_1000.csv",
        ),
    ] {
        let answer = world.ask(caller, &url).await;
        let expected = format!("attachment; filename=\"{name}\"");
        assert_eq!(answer.header("content-disposition"), expected, "{url}");
    }
}

#[tokio::test]
async fn wolap_37_html_has_one_table_and_the_links() {
    let world = World::with(&[AWKWARD]).await;
    let answer = world.ask("acme", &mvpds(".html")).await;
    let page = answer.text();
    assert_eq!(page.matches("<table>").count(), 1);
    assert!(page.contains("<a rel=\"roll-up\" href=\"/esm/v3/media-company/year/month/day/proxy"));
    assert!(page.contains("<a rel=\"drill-down\""));
    assert!(page.contains(">R&#38;&#60;1&#62;</a>") && !page.contains("<1>"), "{page}");
    // Nothing is loaded, and nothing runs.
    assert!(answer.header("content-security-policy").starts_with("default-src 'none'; style-src"));
    assert!(!page.contains("<script") && !page.contains(" style="));
}

/// Whoever opens a page with a token in its address can follow the links without it.
#[tokio::test]
async fn a_page_that_is_opened_with_a_token_leaves_it_in_a_cookie() {
    let world = World::open().await;
    let url = format!("{DAYS}.html?{MARCH}&access_token={}", world.token("acme").await);
    let page = world.send("GET", &url, &[]).await;
    let cookie = page.header("set-cookie").to_owned();
    let (cookie, attributes) = cookie.split_once("; ").unwrap();
    assert_eq!(attributes, "Path=/esm; HttpOnly; SameSite=Lax");
    assert!(!page.text().contains(world.token("acme").await));
    let links = crate::page::hrefs(&page.text());
    assert!(links.len() > 10);
    for link in links {
        let answer = world.send("GET", &link, &[("cookie", cookie)]).await;
        assert_eq!((answer.status, answer.header("set-cookie")), (200, ""), "{link}");
    }
    for (url, headers) in [
        (format!("{DAYS}.json?access_token={}", world.token("acme").await), vec![]),
        (format!("{DAYS}.html"), vec![("authorization", world.token("acme").await)]),
    ] {
        assert_eq!(world.send("GET", &url, &headers).await.header("set-cookie"), "");
    }
    assert_eq!(world.send("GET", DAYS, &[("cookie", "usher-reports=nonsense")]).await.status, 401);
}

#[tokio::test]
async fn wolap_38_40_41_the_self_link_spells_out_what_is_implicit() {
    let world = World::with(&[]).await;
    let expected = format!(
        "{DAYS}?media-company=acme&start=2026-03-01T00:00:00&end=2026-03-14T10:20:00&limit=1000"
    );
    assert_eq!(world.href("acme", DAYS).await, expected);
    let hinted = format!("{DAYS}.json?format=csv&access_token={}", world.token("acme").await);
    assert_eq!(world.href("acme", &hinted).await, expected);
    let metrics = "&metrics=media-tokens&metrics=authz-attempts";
    let selected = format!("{DAYS}?metrics=media-tokens,authz-attempts");
    assert_eq!(world.href("acme", &selected).await, format!("{expected}{metrics}"));
}

#[tokio::test]
async fn wolap_39_the_self_link_repeats_filters_and_includes() {
    let world = World::with(&[]).await;
    let query = "mvpd!=A%26B&event&reason=&reason!=None&requestor-id=CTV1";
    let href = world.href("acme", &format!("{DAYS}?{query}")).await;
    let told = "?media-company=acme&mvpd!=A%26B&event&reason&reason!=None&requestor-id=CTV1&start=";
    assert!(href.contains(told), "{href}");
}

#[tokio::test]
async fn wolap_42_fetching_the_self_link_gives_the_same_report() {
    let world = World::open().await;
    for (caller, url) in [
        ("acme", format!("/esm/v3/year/month/day/dc?{MARCH}")),
        ("NEWS24", format!("/esm/v3/year/month/day/dc?{MARCH}")),
        ("acme", format!("{DAYS}?{MARCH}&event&reason!=None&limit=3")),
        ("OpCo", format!("/esm/v3/mvpd/year/month?{MARCH}")),
        ("tenant acme", "/cmu/v2/year/month/concurrency-level?start=2024-05&end=2024-06".into()),
    ] {
        let report = world.report(caller, &url).await;
        let href = report["_links"]["self"]["href"].as_str().unwrap();
        assert_eq!(world.report(caller, href).await, report, "{url}");
        assert_ne!(report["report"], json!([]), "{url}");
    }
}
