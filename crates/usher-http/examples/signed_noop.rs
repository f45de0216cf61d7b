//! A server whose every answer costs one signature and nothing else: what decisions with signed media tokens
//! are measured against.
//!
//! ```sh
//! cargo run --release -p usher-http --example signed_noop -- 8090 ES256
//! ```
//!
//! `cargo xtask bench entitlement` runs it on one port per algorithm (RS256, ES256), with the threads that
//! usher signs with.

#![expect(clippy::expect_used, reason = "a measurement, not a part of the product")]

use std::net::Ipv4Addr;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::routing::get;
use tokio::net::TcpListener;
use usher_jose::{EcKey, Patience, RsaKey, Signer, SigningKey, SigningPool, base64url};

/// What is signed, in bytes: about as much as a media token says.
const MESSAGE_BYTES: usize = 600;

#[tokio::main]
async fn main() {
    let mut arguments = std::env::args().skip(1);
    let port: u16 = arguments.next().expect("a port").parse().expect("a port");
    let key = if arguments.next().expect("an algorithm") == "RS256" {
        SigningKey::from(RsaKey::generate().expect("a key"))
    } else {
        EcKey::generate().expect("a key").into()
    };
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let patience = Patience::new(|| tokio::time::sleep(Duration::from_millis(4)));
    let pool = SigningPool::new(threads, 1_024, patience).expect("threads");
    let router =
        Router::new().route("/health/live", get(answer)).with_state(Signer::new(key, pool));
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.expect("the port is free");
    axum::serve(listener, router).await.expect("a server");
}

async fn answer(State(signer): State<Signer>) -> String {
    let signature = signer.sign_sha256(vec![b'm'; MESSAGE_BYTES]).await.expect("a signature");
    base64url(&signature)
}
