//! Many at once.

use std::sync::mpsc::channel;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::app::{App, DEVICE};
use crate::peer::Peer;

const CROWD: usize = 1_000;

/// Asks whether `resource` may be watched, and waits for no answer.
async fn ask(app: &App, resource: &str) -> TcpStream {
    let address = app.house.base.trim_start_matches("http://");
    let body = json!({ "resources": [resource] }).to_string();
    let head = format!(
        "POST /api/v2/REF30/decisions/authorize/Cablevision HTTP/1.1\r\nHost: {address}\r\n\
         Authorization: Bearer {}\r\nAP-Device-Identifier: {DEVICE}\r\nConnection: close\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        app.token,
        body.len()
    );
    let mut connection = TcpStream::connect(address).await.expect("a connection");
    connection.write_all((head + &body).as_bytes()).await.expect("asked");
    connection
}

async fn answer(mut connection: TcpStream) -> Value {
    let mut text = String::new();
    connection.read_to_string(&mut text).await.expect("an answer");
    let (_, body) = text.split_once("\r\n\r\n").expect("a head");
    serde_json::from_str(body).unwrap_or_else(|_| panic!("no JSON: {text}"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn a_thousand_who_ask_at_the_same_time_are_one_question_to_the_provider() {
    let app = App::open().await;
    app.sign_in("ann").await;
    // The provider thinks until everybody has asked.
    let (asking, all_asked) = channel::<()>();
    let provider = Peer::choosing(move |_| {
        let _hung_up = all_asked.recv();
        (200, r#"{"decision":"Permit"}"#)
    });
    let provider = provider.await;
    app.house.push_texts(&[("{base}/demo/cablevision/decisions", &provider.url)]);
    let mut connections = Vec::with_capacity(CROWD);
    for _ in 0..CROWD {
        connections.push(ask(&app, "acme-one").await);
    }
    drop(asking);
    for connection in connections {
        let answer = answer(connection).await;
        let decision = &answer["decisions"][0];
        assert_eq!(decision["authorized"], true, "{answer}");
        assert!(decision["token"]["serializedToken"].is_string(), "{answer}");
    }
    assert_eq!(provider.asked(), 1);
}
