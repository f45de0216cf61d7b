//! Who may see what.

use std::time::Duration;

use serde_json::Value;

use crate::world::{DAYS, MARCH, World};

#[tokio::test]
async fn wolap_89_without_a_valid_token_there_is_nothing() {
    let world = World::with(&[]).await;
    for headers in
        [vec![], vec![("authorization", "Bearer nonsense")], vec![("authorization", "Basic YTpi")]]
    {
        let answer = world.send("GET", DAYS, &headers).await;
        assert_eq!(answer.status, 401);
        assert!(answer.header("www-authenticate").starts_with("Bearer"));
    }
    assert_eq!(world.ask("acme", DAYS).await.status, 200);
    world.house.clock.advance(Duration::from_hours(7));
    assert_eq!(world.ask("acme", DAYS).await.status, 401);
}

#[tokio::test]
async fn wolap_90_each_api_needs_its_scope() {
    let world = World::with(&[]).await;
    world.refused("app", "/esm/v3", 403).await;
    world.refused("app", "/cmu/v2", 403).await;
    world.refused("tenant acme", "/esm/v3", 403).await;
    world.refused("acme", "/cmu/v2", 403).await;
    // The version is looked at before the token, the scope before the path.
    assert_eq!(world.send("GET", "/esm/v9", &[]).await.status, 404);
    world.refused("app", "/esm/v3/nosuch", 403).await;
}

#[tokio::test]
async fn wolap_91_the_token_may_be_in_the_query_and_the_header_wins() {
    let world = World::with(&[]).await;
    let url = format!("{DAYS}?access_token={}", world.token("acme").await);
    assert_eq!(world.send("GET", &url, &[]).await.status, 200);
    assert_eq!(world.send("GET", &url, &[("authorization", "Bearer nonsense")]).await.status, 401);
    let bad = format!("{DAYS}?access_token=nonsense");
    assert_eq!(world.send("GET", &bad, &[]).await.status, 401);
    assert_eq!(world.ask("acme", &bad).await.status, 200);
    let globex = world.ask("globex", &url).await.json();
    assert!(globex["_links"]["self"]["href"].as_str().unwrap().contains("media-company=globex"));
}

#[tokio::test]
async fn wolap_92_a_company_sees_only_itself() {
    let world = World::open().await;
    for path in ["media-company/year/month/day", "year/month/day/media-company", "year/month"] {
        let url = format!("/esm/v3/{path}?{MARCH}&metrics=authn-attempts&requestor-id");
        let rows = world.rows("acme", &url).await;
        assert!(!rows.is_empty() && !rows.iter().any(|row| row.contains("FTV")), "{path}");
    }
    assert_eq!(world.rows("acme", "/esm/v3?metrics=authn-attempts").await, ["4"]);
    world.refused("acme", &format!("{DAYS}?{MARCH}&media-company=globex"), 403).await;
    world.refused("acme", &format!("{DAYS}?media-company=acme&media-company=globex"), 403).await;
    let own = world.rows("acme", &format!("{DAYS}?{MARCH}&media-company=acme")).await;
    assert_eq!(own, world.rows("acme", &format!("{DAYS}?{MARCH}")).await);
    assert!(world.rows("acme", &format!("{DAYS}?{MARCH}&media-company!=acme")).await.is_empty());
}

#[tokio::test]
async fn wolap_93_channel_level_applications_see_only_their_channels() {
    let world = World::open().await;
    let by_dc = format!("/esm/v3/year/month/day/dc?{MARCH}&metrics=authn-attempts");
    assert_eq!(world.rows("NEWS24", &by_dc).await, ["2024,3,5,west,1"]);
    assert_eq!(world.rows("NEWS24", "/esm/v3?metrics=authn-attempts").await, ["1"]);
    let href = world.href("NEWS24", &by_dc).await;
    assert!(href.contains("?media-company=acme&requestor-id=NEWS24&"), "{href}");
    world.refused("NEWS24", &format!("{DAYS}?requestor-id=CTV1"), 403).await;
}

#[tokio::test]
async fn wolap_94_an_mvpd_sees_every_company_but_only_its_own_users() {
    let world = World::open().await;
    let url = format!("/esm/v3/mvpd/year/month/day?{MARCH}&metrics=authn-attempts&requestor-id");
    assert_eq!(
        world.rows("OpCo", &url).await,
        ["OpCo,2024,3,5,CTV1,2", "OpCo,2024,3,6,CTV1,1", "OpCo,2024,3,6,FTV,1"]
    );
    world.refused("OpCo", &format!("{url}&mvpd=MVPD_B"), 403).await;
    world.refused("OpCo", "/esm/v3/media-company", 403).await;
    world.refused("OpCo", "/esm/v3/year/month", 403).await;
    world.refused("acme", "/esm/v3/mvpd/year", 403).await;
}

#[tokio::test]
async fn wolap_95_a_tenant_sees_only_itself() {
    let world = World::open().await;
    let url = "/cmu/v2/year/month?start=2024-05&end=2024-06";
    let report = world.report("tenant acme", url).await;
    let href = report["_links"]["self"]["href"].as_str().unwrap();
    assert!(href.starts_with("/cmu/v2/year/month?tenant=acme&"), "{href}");
    assert_ne!(report["report"], Value::Array(Vec::new()));
    world.refused("tenant acme", &format!("{url}&tenant=globex"), 403).await;
    world.refused("cmu OpCo", "/cmu/v2/tenant/year", 403).await;
}
