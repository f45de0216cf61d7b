//! Looks for a history that goes wrong.
//!
//! ```sh
//! cargo run --release -p usher-sim --example hunt -- FROM COUNT STEPS
//! ```
//!
//! Runs `COUNT` seeds from `FROM` on, each in both weathers. A panic names its seed; the same call with
//! that seed and a count of one runs it again.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a tool for people who test"
)]

use usher_sim::{Weather, simulate};

fn main() {
    let numbers: Vec<u64> =
        std::env::args().skip(1).map(|it| it.parse().expect("a number")).collect();
    let [from, count, steps] = numbers.as_slice() else { panic!("hunt FROM COUNT STEPS") };
    let steps = usize::try_from(*steps).expect("a number of steps");
    let (mut answered, mut started, mut denied, mut crashes) = (0, 0, 0, 0);
    for seed in *from..from + count {
        for weather in [Weather::Calm, Weather::Stormy] {
            let outcome = simulate(seed, steps, weather);
            answered += outcome.answered;
            started += outcome.started;
            denied += outcome.denied;
            crashes += outcome.crashes;
        }
    }
    println!(
        "{count} seeds: {answered} answers, {started} started, {denied} denied, {crashes} crashes"
    );
}
