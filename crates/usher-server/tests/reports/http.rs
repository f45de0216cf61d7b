//! Methods, headers and bodies.

use std::io::Read as _;
use std::time::Duration;

use crate::world::{DAYS, MARCH, World};

#[tokio::test]
async fn wolap_84_reports_can_only_be_read() {
    let world = World::with(&[]).await;
    for method in ["POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"] {
        for url in [DAYS, "/cmu/v2", "/esm/v9"] {
            let answer = world.send(method, url, &[]).await;
            assert_eq!((answer.status, answer.header("allow")), (405, "GET"), "{method} {url}");
        }
    }
}

#[tokio::test]
async fn wolap_85_bodies_are_compressed_when_the_client_can_read_them() {
    let world = World::open().await;
    let url = format!("{DAYS}/hour?{MARCH}");
    let plain = world.ask("acme", &url).await;
    for (accepted, encoding) in [
        ("gzip", "gzip"),
        ("deflate", "deflate"),
        ("gzip, deflate", "gzip"),
        ("deflate, gzip", "gzip"),
        ("identity", ""),
    ] {
        let answer = world.ask_with("acme", &url, &[("accept-encoding", accepted)]).await;
        assert_eq!(answer.header("content-encoding"), encoding, "{accepted}");
        let vary = answer.header("vary").to_lowercase();
        assert!(vary.contains("accept,") && vary.contains("accept-encoding"), "{vary}");
        assert_eq!(answer.header("cache-control"), "private");
        let mut body = Vec::new();
        let read = match encoding {
            "gzip" => flate2::read::GzDecoder::new(&*answer.body).read_to_end(&mut body),
            "deflate" => flate2::read::ZlibDecoder::new(&*answer.body).read_to_end(&mut body),
            _ => (&*answer.body).read_to_end(&mut body),
        };
        read.expect("the body can be read");
        assert_eq!(body, plain.body, "{accepted}");
    }
    assert_eq!(plain.header("content-encoding"), "");
}

#[tokio::test]
async fn wolap_86_figures_are_computed_when_they_are_asked_for() {
    let world = World::with(&[]).await;
    let since = [("if-modified-since", "Sun, 06 Nov 2044 08:49:37 GMT")];
    let esm = world.ask_with("acme", DAYS, &since).await;
    assert_eq!((esm.status, esm.header("last-modified")), (200, ""));
    let cmu = world.ask_with("tenant acme", "/cmu/v2", &since).await;
    assert_eq!((cmu.status, cmu.header("last-modified")), (200, "Sat, 14 Mar 2026 18:20:00 GMT"));
}

/// Days that are over are counted once, and say when.
#[tokio::test]
async fn wolap_86_a_client_that_knows_the_numbers_of_a_past_month_gets_no_second_copy() {
    let world = World::open().await;
    let url = format!("{DAYS}?{MARCH}");
    assert_eq!(world.ask("acme", &url).await.header("last-modified"), "");
    world.house.close_days().await;
    // What is made later in the same second could not be told apart.
    assert_eq!(world.ask("acme", &url).await.header("last-modified"), "");
    let made = "Sat, 14 Mar 2026 18:20:00 GMT";
    world.house.clock.advance(Duration::from_secs(1));
    let first = world.ask("acme", &url).await;
    assert_eq!((first.status, first.header("last-modified")), (200, made));

    let again = world.ask_with("acme", &url, &[("if-modified-since", made)]).await;
    assert_eq!((again.status, again.header("last-modified")), (304, made));
    assert!(again.body.is_empty());
    let older = [("if-modified-since", "Sat, 14 Mar 2026 18:19:59 GMT")];
    assert_eq!(world.ask_with("acme", &url, &older).await.status, 200);
    let tagged = [("if-modified-since", made), ("if-none-match", "\"x\"")];
    assert_eq!(world.ask_with("acme", &url, &tagged).await.status, 200);
    // A range that is not over yet.
    let open = format!("{DAYS}?start=2024-03-01");
    let open = world.ask_with("acme", &open, &[("if-modified-since", made)]).await;
    assert_eq!((open.status, open.header("last-modified")), (200, ""));
}

#[tokio::test]
async fn wolap_88_reports_that_cannot_be_read_are_unavailable() {
    let world = World::open().await;
    world.house.close_days().await;
    let events = world.house.data_dir().join("events/esm");
    for day in std::fs::read_dir(&events).unwrap() {
        for file in std::fs::read_dir(day.unwrap().path()).unwrap() {
            std::fs::remove_file(file.unwrap().path()).unwrap();
        }
    }
    let text = world.refused("acme", &format!("{DAYS}.html?{MARCH}"), 503).await;
    assert!(!text.contains("events/"), "{text}");
    // What needs no file goes on.
    assert_eq!(world.ask("acme", &format!("{DAYS}?start=2025&end=2025")).await.status, 200);
}

#[tokio::test]
async fn wolap_87_errors_are_plain_text_whatever_was_asked_for() {
    let world = World::with(&[]).await;
    for (url, status) in [
        (format!("{DAYS}.xml?nosuch=1"), 400),
        (format!("{DAYS}.csv?media-company=globex"), 403),
        ("/esm/v3/nosuch.html".to_owned(), 404),
        (format!("{DAYS}.pdf"), 406),
    ] {
        for accept in ["application/json", "application/xml", "text/html"] {
            let answer = world.ask_with("acme", &url, &[("accept", accept)]).await;
            assert_eq!(answer.status, status, "{url}");
            assert_eq!(answer.media_type(), "text/plain;charset=utf-8", "{url}");
            assert!(!answer.body.is_empty());
        }
    }
    let nobody = world.send("GET", &format!("{DAYS}.json"), &[]).await;
    assert_eq!(nobody.media_type(), "text/plain;charset=utf-8");
}
