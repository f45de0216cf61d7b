//! A server whose every answer costs one signature and nothing else: what decisions with signed media tokens
//! are measured against.
//!
//! ```sh
//! cargo run --release -p usher-http --example signed_noop -- 8090 ES256             # answers are a signature
//! cargo run --release -p usher-http --example signed_noop -- 8090 ES256 decision    # as large as that answer
//! ```
//!
//! The file `decision` holds an answer as HTTP/1.1 writes it; its headers are sent, and as many bytes as its
//! body has. `cargo xtask bench entitlement` runs it both ways for both algorithms (RS256, ES256), with the
//! threads that usher signs with.

#![expect(clippy::expect_used, reason = "a measurement, not a part of the product")]

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use tokio::net::TcpListener;
use usher_jose::{EcKey, Patience, RsaKey, Signer, SigningKey, SigningPool, base64url};

/// What is signed, in bytes: about as much as a media token says.
const MESSAGE_BYTES: usize = 600;

/// What an answer consists of besides its signature.
#[derive(Clone, Default)]
struct Answer {
    headers: HeaderMap,
    /// Bytes of the body.
    length: usize,
}

impl Answer {
    /// An answer like `example`, without what HTTP adds by itself.
    fn like(example: &str) -> Self {
        let (head, body) = example.split_once("\r\n\r\n").expect("an answer with a body");
        let lines = head.lines().skip(1).filter_map(|line| line.split_once(':'));
        let headers = lines.map(|(name, value)| {
            let name: HeaderName = name.parse().expect("the name of a header");
            (name, HeaderValue::from_str(value.trim()).expect("the value of a header"))
        });
        let ours = [header::CONTENT_LENGTH, header::CONNECTION, header::DATE];
        let headers = headers.filter(|(name, _)| !ours.contains(name)).collect();
        Self { headers, length: body.len() }
    }
}

#[tokio::main]
async fn main() {
    let mut arguments = std::env::args().skip(1);
    let port: u16 = arguments.next().expect("a port").parse().expect("a port");
    let key = if arguments.next().expect("an algorithm") == "RS256" {
        SigningKey::from(RsaKey::generate().expect("a key"))
    } else {
        EcKey::generate().expect("a key").into()
    };
    let example = arguments.next().map(|file| std::fs::read_to_string(file).expect("an answer"));
    let answer = example.map(|text| Answer::like(&text)).unwrap_or_default();
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let patience = Patience::new(|| tokio::time::sleep(Duration::from_millis(4)));
    let pool = SigningPool::new(threads, 1_024, patience).expect("threads");
    let desk = Arc::new((Signer::new(key, pool), answer));
    let router = Router::new().fallback(signed).with_state(desk);
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.expect("the port is free");
    axum::serve(listener, router).await.expect("a server");
}

/// The signature, and padding up to the length of the answer; whatever was asked.
async fn signed(State(desk): State<Arc<(Signer, Answer)>>, _asked: Bytes) -> (HeaderMap, String) {
    let (signer, answer) = &*desk;
    let signature = signer.sign_sha256(vec![b'm'; MESSAGE_BYTES]).await.expect("a signature");
    let mut body = base64url(&signature);
    body.extend(std::iter::repeat_n('.', answer.length.saturating_sub(body.len())));
    (answer.headers.clone(), body)
}
