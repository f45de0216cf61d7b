//! URLs, trees and links.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::support::House;
use crate::world::{DAYS, MARCH, World};

const ESM: &str = include_str!("../../../usher-cube/data/esm-tree.yaml");
const CMU: &str = include_str!("../../../usher-cube/data/cmu-tree.yaml");

/// Every node below `tree`, as paths from `href`.
fn nodes(tree: &serde_yaml_ng::Value, href: &str, into: &mut BTreeSet<String>) {
    for (name, below) in tree.as_mapping().expect("a tree") {
        let href = format!("{href}/{}", name.as_str().expect("a name"));
        nodes(below, &href, into);
        into.insert(href);
    }
}

fn trees(
    file: &str,
    pick: impl Fn(&serde_yaml_ng::Value) -> Vec<serde_yaml_ng::Value>,
    root: &str,
) -> BTreeSet<String> {
    let file: serde_yaml_ng::Value = serde_yaml_ng::from_str(file).unwrap();
    let mut all = BTreeSet::from([root.to_owned()]);
    for tree in pick(&file) {
        nodes(&tree, root, &mut all);
    }
    all
}

fn programmer(root: &str) -> BTreeSet<String> {
    let pick = |file: &serde_yaml_ng::Value| {
        vec![file["trees"]["programmer"].clone(), file["extended_trees"]["programmer"].clone()]
    };
    trees(ESM, pick, root)
}

pub(crate) fn mvpd() -> BTreeSet<String> {
    trees(ESM, |file| vec![file["trees"]["mvpd"].clone()], "/esm/v3")
}

pub(crate) fn tenant() -> BTreeSet<String> {
    trees(CMU, |file| vec![file["trees"].clone()], "/cmu/v2")
}

/// Follows every drill-down link from `root`, checking each node's links; returns what it visited.
async fn crawl(world: &World, caller: &str, root: &str) -> BTreeSet<String> {
    let mut seen = BTreeSet::new();
    let mut ahead = vec![root.to_owned()];
    while let Some(href) = ahead.pop() {
        let links = world.report(caller, &href).await["_links"].clone();
        match href.rsplit_once('/').filter(|_| href != root) {
            None => assert_eq!(links["roll-up"], Value::Null),
            Some((parent, _)) => {
                assert_eq!(links["roll-up"]["href"], parent);
                let name = parent.rsplit_once('/').map(|(_, name)| name).filter(|_| parent != root);
                assert_eq!(links["roll-up"]["name"].as_str(), name);
            }
        }
        let children = match &links["drill-down"] {
            Value::Null => {
                assert!(!links.as_object().unwrap().contains_key("drill-down"));
                Vec::new()
            }
            Value::Array(several) => {
                assert!(several.len() > 1);
                several.clone()
            }
            one => vec![one.clone()],
        };
        for child in children {
            let next = child["href"].as_str().unwrap().to_owned();
            assert!(!next.contains(['?', '.']));
            assert_eq!(child["name"], next.rsplit_once('/').unwrap().1);
            assert_eq!(next.rsplit_once('/').unwrap().0, href);
            ahead.push(next);
        }
        seen.insert(href);
    }
    seen
}

#[tokio::test]
async fn wolap_1_2_the_root_is_one_record_with_two_branches() {
    let world = World::open().await;
    for root in ["/esm/v3", "/esm/v2", "/esm/v3/", "/esm/v3.json"] {
        let report = world.report("acme", root).await;
        let base = root.trim_end_matches('/').trim_end_matches(".json");
        assert_eq!(
            report["_links"]["drill-down"],
            json!([
                { "href": format!("{base}/media-company"), "name": "media-company" },
                { "href": format!("{base}/year"), "name": "year" },
            ])
        );
        assert_eq!(report["_links"]["roll-up"], Value::Null);
        let href = format!("{base}?media-company=acme&limit=1000");
        assert_eq!(report["_links"]["self"], json!({ "href": href }));
        let records = report["report"].as_array().unwrap();
        assert_eq!(records.len(), 1);
        assert!(!crate::world::keys(&records[0]).contains(&"media-company".to_owned()));
    }
    assert_eq!(
        world.report("acme", "/esm/v2").await["report"],
        world.report("acme", "/esm/v3").await["report"]
    );
}

#[tokio::test]
async fn wolap_3_4_tenants_see_three_branches_and_mvpds_one() {
    let world = World::with(&[]).await;
    let tenant = world.report("tenant acme", "/cmu/v2").await;
    let names: Vec<_> = tenant["_links"]["drill-down"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["name"].clone())
        .collect();
    assert_eq!(names, ["mvpd", "tenant", "year"]);
    let mvpd = world.report("OpCo", "/esm/v3").await;
    assert_eq!(mvpd["_links"]["drill-down"], json!({ "href": "/esm/v3/mvpd", "name": "mvpd" }));
}

#[tokio::test]
async fn wolap_5_6_7_8_9_links_lead_to_every_node_of_the_trees_and_nowhere_else() {
    let world = World::with(&[]).await;
    assert_eq!(crawl(&world, "acme", "/esm/v3").await, programmer("/esm/v3"));
    assert_eq!(crawl(&world, "acme", "/esm/v2").await, programmer("/esm/v2"));
    assert_eq!(crawl(&world, "OpCo", "/esm/v3").await, mvpd());
    assert_eq!(crawl(&world, "tenant acme", "/cmu/v2").await, tenant());
    let branch: BTreeSet<_> =
        tenant().into_iter().filter(|href| !href.starts_with("/cmu/v2/tenant")).collect();
    assert_eq!(crawl(&world, "cmu OpCo", "/cmu/v2").await, branch);
}

#[tokio::test]
async fn wolap_10_what_is_in_no_tree_does_not_exist() {
    let world = World::with(&[]).await;
    for url in [
        "/esm/v3/year/mvpd",
        "/esm/v3/media-company/media-company",
        "/esm/v9",
        "/esm/report",
        "/esm/v3/media-company/year/",
    ] {
        let status = if url.ends_with('/') { 200 } else { 404 };
        assert_eq!(world.ask("acme", url).await.status, status, "{url}");
    }
    assert_eq!(world.ask("tenant acme", "/cmu/report").await.status, 404);
    assert_eq!(world.ask("tenant acme", "/cmu/v3").await.status, 404);
}

#[tokio::test]
async fn wolap_11_one_trailing_slash_is_ignored() {
    let world = World::open().await;
    let query = "end=2024-04-01";
    let plain = world.report("acme", &format!("{DAYS}?{query}")).await;
    assert_eq!(world.report("acme", &format!("{DAYS}/?{query}")).await, plain);
    assert_eq!(world.ask("acme", &format!("{DAYS}//?{query}")).await.status, 404);
}

#[tokio::test]
async fn wolap_12_old_sdk_names_work_under_v2_only() {
    let world = World::open().await;
    let url = |version: &str, name: &str| {
        format!("/esm/{version}/media-company/year/month/day/requestor-id?{MARCH}&{name}=iOS")
    };
    let old = world.report("acme", &url("v2", "sdk-type")).await;
    assert_eq!(old, world.report("acme", &url("v2", "nsdk")).await);
    assert_eq!(old["report"].as_array().unwrap().len(), 2);
    world.refused("acme", &url("v3", "sdk-type"), 400).await;
}

#[tokio::test]
async fn wolap_13_minute_reports_of_streams_exist_when_switched_on() {
    let hours = "/cmu/v2/tenant/year/month/day/hour";
    let minutes = format!("{hours}/minute");
    let on = World::with(&[]).await;
    assert_eq!(on.ask("tenant acme", &minutes).await.status, 200);
    let off = House::with(&[("throttle.enabled", "false"), ("reports.minute", "false")]).await;
    let off = World::of(off);
    off.refused("tenant acme", &minutes, 404).await;
    let links = off.report("tenant acme", hours).await["_links"].clone();
    assert!(!links.to_string().contains("minute"));
}

#[tokio::test]
async fn wolap_15_report_hosts_serve_reports_without_prefix() {
    let settings = [("throttle.enabled", "false"), ("reports.cmu_host", "reports.example")];
    let world = World::of(House::with(&settings).await);
    let host = [("host", "reports.example")];
    for (url, same) in [
        ("/v2", "/cmu/v2"),
        ("/v2/tenant/year.xml", "/cmu/v2/tenant/year.xml"),
        ("/v2/tenant/year?start=2024&mvpd", "/cmu/v2/tenant/year?start=2024&mvpd"),
    ] {
        let answer = world.ask_with("tenant acme", url, &host).await;
        assert_eq!(answer.status, 200, "{url}: {}", answer.text());
        assert!(answer.text().contains("\"/cmu/v2"), "{}", answer.text());
        assert_eq!(answer.body, world.ask("tenant acme", same).await.body);
    }
    // Elsewhere it is the API of streams.
    assert_eq!(world.ask("tenant acme", "/v2/tenant/year").await.status, 404);
}

#[tokio::test]
async fn wolap_14_documented_reports_have_exactly_their_metrics() {
    let world = World::open().await;
    let file: serde_yaml_ng::Value = serde_yaml_ng::from_str(CMU).unwrap();
    let reports = file["documented_reports"].as_sequence().unwrap();
    assert_eq!(reports.len(), 65);
    for report in reports {
        let path = report["path"].as_str().unwrap();
        let metrics: Vec<String> = report["metrics"]
            .as_str()
            .unwrap()
            .split('+')
            .flat_map(|set| file["metric_sets"][set].as_sequence().unwrap())
            .map(|metric| metric.as_str().unwrap().to_owned())
            .collect();
        let url = format!("/cmu/v2/{path}.csv?start=2024-05-01&end=2024-06-01");
        let csv = world.ask("tenant acme", &url).await;
        assert_eq!(csv.status, 200, "{path}");
        let header = csv.text().lines().next().unwrap().to_owned();
        let expected: Vec<_> = path.split('/').map(str::to_owned).chain(metrics).collect();
        assert_eq!(header, expected.join(","), "{path}");
    }
}
