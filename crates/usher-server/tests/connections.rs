//! Peers that send too much, too slowly or nothing at all: they get their answer, or are left.

#![expect(clippy::expect_used, reason = "a broken expectation ends the test")]

#[cfg(test)]
mod support;

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use support::House;
use tokio::task::spawn_blocking;

fn connect(house: &House) -> TcpStream {
    TcpStream::connect(house.base.trim_start_matches("http://")).expect("a connection")
}

fn head(line: &str, length: usize, content_type: &str) -> String {
    format!(
        "{line} HTTP/1.1\r\nHost: tv\r\nAuthorization: Basic ZGVtby1hcHA6\r\n\
         Connection: close\r\nContent-Type: {content_type}\r\nContent-Length: {length}\r\n\r\n"
    )
}

fn status(answer: &[u8]) -> u16 {
    let text = String::from_utf8_lossy(answer);
    text.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_default()
}

/// Sends everything, and only then looks at the answer, as the simplest of clients do.
fn send_all(mut connection: TcpStream, request: &[u8]) -> std::io::Result<u16> {
    connection.write_all(request)?;
    let mut answer = Vec::new();
    connection.read_to_end(&mut answer)?;
    Ok(status(&answer))
}

/// Sends `beginning`, then a byte now and then until the server hangs up; the status of its answer, or
/// zero.
fn drip(mut connection: TcpStream, beginning: &[u8]) -> u16 {
    let pace = Duration::from_millis(20);
    connection.set_read_timeout(Some(pace)).expect("a pace");
    connection.write_all(beginning).expect("the beginning is sent");
    let (mut answer, mut more) = (Vec::new(), [0; 1024]);
    loop {
        match connection.read(&mut more) {
            Ok(0) => return status(&answer),
            Ok(count) => answer.extend(more.iter().take(count)),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                let _refused = connection.write(b"x");
            }
            Err(_) => return status(&answer),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_reaches_a_client_that_is_still_sending() {
    let house = House::open().await;
    // More than the systems on both sides keep for a connection that nobody reads.
    let body = "x".repeat(7_000_000);
    for (line, content_type, expected) in [
        ("POST /v2/sessions/a/b", "application/json", 202),
        ("POST /v2/sessions/a/b", "application/x-www-form-urlencoded", 400),
        ("POST /v2/sessions/a/b/c/d", "application/json", 404),
        ("POST /api/v2/REF30/sessions", "application/x-www-form-urlencoded", 401),
        ("POST /o/client/register", "application/json", 400),
        ("POST /sp/saml/SAMLAssertionConsumer", "application/x-www-form-urlencoded", 400),
        ("POST /health/live", "text/plain", 405),
        ("POST /nowhere", "text/plain", 404),
        ("NONSENSE", "text/plain", 400),
    ] {
        for number in 0..5 {
            let line = line.replace("a/b", &format!("a/b{number}"));
            let request = head(&line, body.len(), content_type) + &body;
            let connection = connect(&house);
            let sent = spawn_blocking(move || send_all(connection, request.as_bytes())).await;
            assert_eq!(sent.expect("no panic").expect("an answer"), expected, "{line}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_know_which_connections_they_may_use_again() {
    let house = House::open().await;
    let stream = |number: usize| house.post(&format!("/v2/sessions/a/b{number}"));
    for (size, ends) in [(1_000_000, true), (2, false)] {
        for number in 0..20 {
            // Read by nobody: it is no form.
            let request = stream(number + size).header("content-type", "application/json");
            let request = request.basic_auth("demo-app", Some("")).body("x".repeat(size));
            let answer = house.send(request).await;
            assert_eq!(answer.status(), 202);
            assert_eq!(answer.headers().contains_key("connection"), ends, "{size}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slow_requests_hold_nothing() {
    let patience = [("server.idle_timeout", "300ms"), ("server.body_timeout", "300ms")];
    let house = House::with(&patience).await;
    let form = "application/x-www-form-urlencoded";
    for (beginning, expected) in [
        // A byte every now and then, and never a whole head.
        (String::new(), 0),
        ("GET /health/live HTTP/1.1\r\nX-Slow: ".to_owned(), 0),
        // A head, and never a whole body.
        (head("POST /v2/sessions/a/b", 1_000, form), 400),
        (head("POST /o/client/token", 1_000, form), 400),
        (head("POST /o/client/register", 1_000, "application/json"), 400),
    ] {
        let (connection, begun) = (connect(&house), beginning.clone());
        let status = spawn_blocking(move || drip(connection, begun.as_bytes())).await;
        assert_eq!(status.expect("no panic"), expected, "{beginning}");
    }
    // Nothing at all; half a greeting of HTTP/2; a whole one, and nothing after it.
    for greeting in
        ["", "PRI * HTTP/2.0\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0"]
    {
        let mut connection = connect(&house);
        let left = spawn_blocking(move || {
            connection.write_all(greeting.as_bytes())?;
            connection.read_to_end(&mut Vec::new())
        });
        let _bytes_or_reset = left.await.expect("no panic");
    }
    assert_eq!(house.send(house.get("/health/live")).await.status(), 200);
}
