//! What one signature costs, by algorithm: the limit of everything that hands out signed tokens.
//!
//! ```sh
//! cargo run --release -p usher-jose --example signature_cost
//! ```
//!
//! Prints `name microseconds` lines, which `cargo xtask bench entitlement` reads.

#![expect(
    clippy::expect_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a measurement, not a part of the product"
)]

use std::time::{Duration, Instant};

use usher_jose::{EcKey, RsaKey};

/// How long each algorithm is measured.
const MEASURED: Duration = Duration::from_millis(600);

fn main() {
    let rsa = RsaKey::generate().expect("an RSA key");
    let ec = EcKey::generate().expect("an EC key");
    let message = vec![b'm'; 600];
    print("RS256", || rsa.sign_sha256(&message).expect("a signature"));
    print("ES256", || ec.sign_sha256(&message).expect("a signature"));
}

fn print(name: &str, sign: impl Fn() -> Vec<u8>) {
    let began = Instant::now();
    let mut count = 0_u32;
    while began.elapsed() < MEASURED {
        std::hint::black_box(sign());
        count += 1;
    }
    println!("{name} {:.1}", began.elapsed().as_secs_f64() * 1e6 / f64::from(count));
}
