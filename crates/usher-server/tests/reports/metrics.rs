//! Metrics and the choice of the projection.

use crate::world::{DAYS, MARCH, World};

/// The metrics of a report: its header without the dimensions.
async fn header(world: &World, caller: &str, url: &str, dims: usize) -> Vec<String> {
    let csv = world.ask_with(caller, url, &[("accept", "text/csv")]).await;
    assert_eq!(csv.status, 200, "{url}: {}", csv.text());
    csv.text().lines().next().unwrap().split(',').skip(dims).map(str::to_owned).collect()
}

const AUTHZ: [&str; 6] = [
    "authz-attempts",
    "authz-failed",
    "authz-latency",
    "authz-rejected",
    "authz-successful",
    "media-tokens",
];

const MVPD_STD: [&str; 8] = [
    "authn-attempts",
    "authn-pending",
    "authn-successful",
    "authz-attempts",
    "authz-failed",
    "authz-latency",
    "authz-rejected",
    "authz-successful",
];

const STD: [&str; 11] = [
    "authn-attempts",
    "authn-pending",
    "authn-successful",
    "authz-attempts",
    "authz-failed",
    "authz-latency",
    "authz-rejected",
    "authz-successful",
    "clientless-failures",
    "clientless-tokens",
    "media-tokens",
];

#[tokio::test]
async fn wolap_57_58_59_60_the_cube_decides_the_metrics() {
    let world = World::with(&[]).await;
    let ask = async |path: &str, dims| header(&world, "acme", &format!("{DAYS}{path}"), dims).await;
    assert_eq!(ask("/proxy/mvpd", 6).await, STD);
    for (path, dims) in [
        ("/requestor-id?channel=X", 5),
        ("/requestor-id?sso-type", 6),
        ("/requestor-id?content-category", 6),
        ("/requestor-id/customer-app/channel", 7),
    ] {
        assert_eq!(ask(path, dims).await, AUTHZ, "{path}");
    }
    let eap = ["authn-attempts", "authn-failed", "authn-pending", "authn-successful"];
    assert_eq!(ask("/proxy/mvpd/requestor-id/eap", 8).await, eap);
    assert_eq!(ask("/event/requestor-id", 6).await, ["count"]);
}

#[tokio::test]
async fn wolap_61_62_63_selected_metrics_force_a_cube_or_are_refused() {
    let world = World::open().await;
    let url = format!("{DAYS}/proxy/mvpd/requestor-id?{MARCH}&metrics=authn-failed");
    let rows = world.rows("acme", &url).await;
    assert_eq!(rows.last().unwrap(), "acme,2024,3,6,Direct,OpCo,CTV1,1");
    world.refused("acme", &format!("{DAYS}?metrics=nosuch"), 400).await;
    world.refused("acme", &format!("{DAYS}?metrics=unique-accounts"), 400).await;
    let ask =
        async |metrics: &str| world.report("acme", &format!("{DAYS}?{MARCH}&{metrics}")).await;
    assert_eq!(
        ask("metrics=media-tokens,authz-attempts").await,
        ask("metrics=media-tokens&metrics=authz-attempts").await
    );
}

#[tokio::test]
async fn wolap_64_65_66_uniques_are_shown_where_the_output_is_a_cube() {
    let world = World::open().await;
    let uniques = async |path: &str| {
        let header = header(&world, "acme", &format!("/esm/v3/{path}"), 0).await;
        header.iter().filter(|name| name.starts_with("unique-")).count()
    };
    assert_eq!(uniques("media-company/year/month/day/dc").await, 2);
    assert_eq!(uniques("media-company/year/month/day?dc").await, 2);
    assert_eq!(uniques("media-company/year/month/day/hour/dc").await, 2);
    assert_eq!(uniques("media-company/year/month/day/hour/proxy/mvpd/requestor-id/eap/platform/nsdk/nsdk-version/dc").await, 0);
    assert_eq!(
        uniques(
            "media-company/year/month/day/proxy/mvpd/requestor-id/eap/platform/nsdk/nsdk-version/dc"
        )
        .await,
        1
    );
    for path in ["", "/year", "/year/month", "/year/month/day", "/year/month?dc", "?dc"] {
        assert_eq!(uniques(&format!("media-company{path}")).await, 0, "{path}");
    }
    let minute = "media-company/year/month/day/hour/minute/proxy/mvpd/requestor-id/dc";
    assert_eq!(uniques(minute).await, 0);
    // One user was seen in two data centres: the sum over them is not the number of users.
    let by_dc = format!("{DAYS}/dc?{MARCH}&metrics=unique-accounts");
    assert_eq!(
        world.rows("acme", &by_dc).await,
        ["acme,2024,3,5,east,1", "acme,2024,3,5,west,2", "acme,2024,3,6,east,1"]
    );
}

#[tokio::test]
async fn wolap_67_mvpds_never_see_what_is_the_programmers() {
    let world = World::with(&[]).await;
    for path in ["", "/mvpd", "/mvpd/year/month/day", "/mvpd/year/month/day/platform"] {
        let metrics = header(&world, "OpCo", &format!("/esm/v3{path}"), 0).await;
        let theirs = metrics.iter().filter(|name| MVPD_STD.contains(&name.as_str())).count();
        assert_eq!(theirs, MVPD_STD.len());
        for hidden in ["clientless", "media-tokens", "count", "unique"] {
            assert!(!metrics.iter().any(|name| name.starts_with(hidden)), "{path}");
        }
    }
    let leaf = "/esm/v3/mvpd/year/month/day/platform/nsdk/nsdk-version/requestor-id/dc";
    assert_eq!(header(&world, "OpCo", leaf, 9).await, MVPD_STD);
}

#[tokio::test]
async fn wolap_68_latency_is_the_sum_of_milliseconds() {
    let world = World::open().await;
    let url = format!("{DAYS}?{MARCH}&metrics=authz-latency,authz-attempts&requestor-id=S14");
    assert_eq!(world.rows("globex", &url).await, ["globex,2024,3,5,600,3"]);
}

#[tokio::test]
async fn wolap_69_70_the_root_of_a_stream_report_decides_its_metrics() {
    let world = World::with(&[]).await;
    let ask = async |path: &str| header(&world, "tenant acme", &format!("/cmu/v2/{path}"), 0).await;
    let durations =
        |metrics: &[String]| metrics.iter().filter(|it| it.starts_with("duration_")).count();
    for (path, count) in
        [("tenant/year/month", 12), ("mvpd/year/month/day", 12), ("year/month/day/tenant", 0)]
    {
        assert_eq!(durations(&ask(path).await), count, "{path}");
    }
    for path in ["year/month/concurrency-level", "year/month/day/activity-level/tenant/mvpd"] {
        let metrics: Vec<_> = ask(path).await.split_off(path.split('/').count());
        assert_eq!(metrics, ["users"], "{path}");
    }
}

#[tokio::test]
async fn wolap_101_roots_show_their_set() {
    let world = World::with(&[]).await;
    assert_eq!(header(&world, "acme", "/esm/v3", 0).await, STD);
    assert_eq!(header(&world, "OpCo", "/esm/v3", 0).await, MVPD_STD);
    let general = [
        "active-sessions",
        "started-sessions",
        "completed-sessions",
        "failed-attempts",
        "dismissed-sessions",
        "killed-sessions",
    ];
    for caller in ["tenant acme", "cmu OpCo"] {
        assert_eq!(header(&world, caller, "/cmu/v2", 0).await, general);
    }
}
