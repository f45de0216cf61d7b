//! Which representation is sent.

use crate::world::{DAYS, MARCH, World};

#[tokio::test]
async fn wolap_16_17_18_19_20_21_25_the_first_hint_that_is_there_decides() {
    let world = World::with(&[]).await;
    let firefox = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
    for (url, accept, media_type) in [
        (DAYS.to_owned(), "", "application/json;charset=utf-8"),
        (DAYS.to_owned(), "application/xml", "application/xml;charset=utf-8"),
        (format!("{DAYS}?format=csv"), "application/xml", "text/csv;charset=utf-8"),
        (format!("{DAYS}.xml?format=csv"), "text/html", "application/xml;charset=utf-8"),
        (DAYS.to_owned(), "*/*", "application/json;charset=utf-8"),
        (DAYS.to_owned(), firefox, "text/html;charset=utf-8"),
        (DAYS.to_owned(), "application/hal+json", "application/hal+json;charset=utf-8"),
        (DAYS.to_owned(), "application/hal+xml", "application/hal+xml;charset=utf-8"),
    ] {
        let headers = if accept.is_empty() { vec![] } else { vec![("accept", accept)] };
        let answer = world.ask_with("acme", &url, &headers).await;
        assert_eq!((answer.status, answer.media_type()), (200, media_type), "{url} {accept}");
    }
}

#[tokio::test]
async fn wolap_22_23_24_other_media_types_are_not_acceptable() {
    let world = World::with(&[]).await;
    let png = world.ask_with("acme", DAYS, &[("accept", "image/png")]).await;
    assert_eq!((png.status, png.media_type()), (406, "text/plain;charset=utf-8"));
    world.refused("acme", &format!("{DAYS}?format=pdf"), 406).await;
    world.refused("acme", &format!("{DAYS}.pdf"), 406).await;
    world.refused("acme", "/esm/v3/media-company/nosuch.pdf", 404).await;
}

#[tokio::test]
async fn wolap_26_the_extension_stands_before_the_query() {
    let world = World::open().await;
    let url = format!("{DAYS}/proxy/mvpd.csv?{MARCH}&mvpd=MVPD_B");
    let csv = world.ask("acme", &url).await;
    assert_eq!(csv.media_type(), "text/csv;charset=utf-8");
    assert_eq!(csv.text().lines().count(), 2);
}
