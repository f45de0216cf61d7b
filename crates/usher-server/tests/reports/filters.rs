//! Filters and includes.

use crate::world::{DAYS, MARCH, World};

const A5: &str = "acme,2024,3,5,Direct,OpCo,2";
const B5: &str = "acme,2024,3,5,ProxyP,MVPD_B,1";
const A6: &str = "acme,2024,3,6,Direct,OpCo,1";

async fn filtered(world: &World, filter: &str) -> Vec<String> {
    let url = format!("{DAYS}/proxy/mvpd?{MARCH}&metrics=authn-attempts&{filter}");
    world.rows("acme", &url).await
}

#[tokio::test]
async fn wolap_43_44_45_46_47_filters_take_values_in_and_out() {
    let world = World::open().await;
    for (filter, rows) in [
        ("mvpd=MVPD_B", vec![B5]),
        ("mvpd=OpCo&mvpd=MVPD_B", vec![A5, B5, A6]),
        ("mvpd!=MVPD_B", vec![A5, A6]),
        ("mvpd!=MVPD_B&mvpd!=OpCo", vec![]),
        ("mvpd%21=MVPD_B", vec![A5, A6]),
        ("mvpd!=OpCo&proxy!=Direct", vec![B5]),
        ("mvpd=OpCo&mvpd=MVPD_B&mvpd!=MVPD_B", vec![A5, A6]),
    ] {
        assert_eq!(filtered(&world, filter).await, rows, "{filter}");
    }
}

#[tokio::test]
async fn wolap_55_values_are_case_sensitive() {
    let world = World::open().await;
    assert!(filtered(&world, "mvpd=opco").await.is_empty());
    world.refused("acme", &format!("{DAYS}?MVPD=OpCo"), 400).await;
}

#[tokio::test]
async fn wolap_48_49_50_54_valueless_parameters_add_columns_and_filters_do_not() {
    let world = World::open().await;
    let ask = async |query: &str| {
        let url = format!("/esm/v3/media-company/year/month?{MARCH}&metrics=media-tokens&{query}");
        world.rows("acme", &url).await
    };
    let both = ["acme,2024,3,CTV1,3", "acme,2024,3,NEWS24,0"];
    assert_eq!(ask("requestor-id").await, both);
    assert_eq!(ask("requestor-id=").await, both);
    assert_eq!(ask("requestor-id=CTV1").await, ["acme,2024,3,3"]);
    assert_eq!(ask("requestor-id&requestor-id=CTV1").await, ["acme,2024,3,CTV1,3"]);
    assert_eq!(ask("mvpd&requestor-id&mvpd=OpCo").await, ["acme,2024,3,OpCo,CTV1,3"]);
}

#[tokio::test]
async fn wolap_51_52_56_dimensions_that_are_not_there_are_named() {
    let world = World::with(&[]).await;
    let text = world.refused("acme", &format!("{DAYS}/dc?requestor-id=CTV1"), 400).await;
    assert!(text.contains("[requestor-id]"), "{text}");
    for query in ["nosuch=1", "_=123", "tz=UTC", "order=mvpd", "offset=1", "mvpd!", "mvpd!="] {
        world.refused("acme", &format!("{DAYS}?{query}"), 400).await;
    }
}

#[tokio::test]
async fn wolap_53_filters_on_time_are_ignored() {
    let world = World::open().await;
    assert_eq!(filtered(&world, "year=1999&hour!=3").await, [A5, B5, A6]);
    let href = world.href("acme", &format!("{DAYS}?year=1999&hour!=3")).await;
    assert!(!href.contains("1999") && !href.contains("hour"));
}

/// What would make a server slow is refused, and says why.
#[tokio::test]
async fn hostile_questions_are_refused_with_the_reason() {
    let world = World::with(&[]).await;
    let many: Vec<_> = (0..501).map(|nth| format!("&mvpd={nth}")).collect();
    let many = many.concat();
    for (query, reason) in [
        (many.as_str(), "at most 500 filters"),
        ("&limit=10001", "`limit` must be a whole number from 1 to 10000"),
        ("&limit=99999999999999999999", "`limit` must be"),
        ("&hour&minute&start=2024-01-01&end=2024-03-01", "too wide"),
        ("&start=0000-01-01&end=99999999999999999", "is not a valid date"),
    ] {
        let text = world.refused("acme", &format!("{DAYS}?{query}"), 400).await;
        assert!(text.contains(reason), "{query}: {text}");
    }
}
