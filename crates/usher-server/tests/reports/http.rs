//! Methods, headers and bodies.

use std::io::Read as _;

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
