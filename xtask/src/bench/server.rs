//! The calls that a full house makes most, each as a ratio to `/health/live` of the same server.
//!
//! Each profile is measured right after a measurement of `/health/live`, several times over, and
//! reported as the median of its ratios to those.

use super::demo::Demo;
use super::wrk::{Load, Measured};
use super::{Options, median};
use crate::repo::Repo;
use crate::tools;
use anyhow::Result;
use std::path::Path;

/// How often each profile is measured.
const ROUNDS: usize = 3;

/// What is measured, and the status that every answer must have.
const PROFILES: [(&str, u16); 3] = [("heartbeat", 202), ("authorize", 200), ("token", 201)];

/// Starts the demo and prints a table of ratios.
pub(super) fn run(repo: &Repo, binary: &Path, options: &Options) -> Result<()> {
    tools::program("wrk", "wrk")?;
    let demo = Demo::start(binary, &repo.metadata.target_directory, &[])?;
    print_table(&Load {
        home: repo.root.join("bench"),
        base: demo.base(),
        seconds: options.seconds,
        connections: options.connections,
        environment: demo.prepare(repo)?,
    })
}

fn print_table(load: &Load) -> Result<()> {
    println!(
        "{} s per measurement, {} connections, {ROUNDS} rounds",
        load.seconds, load.connections
    );
    println!(
        "{:<10} {:>9} {:>9} {:>9} {:>10} {:>10}",
        "profile", "per s", "p50 us", "p99 us", "of live", "p99 x live"
    );
    for (name, status) in PROFILES {
        let mut rounds = Vec::new();
        for _ in 0..ROUNDS {
            rounds.push((load.measure("live", 200)?, load.measure(name, status)?));
        }
        let middle = |of: fn(&(Measured, Measured)) -> f64| median(rounds.iter().map(of).collect());
        println!(
            "{name:<10} {:>9.0} {:>9.0} {:>9.0} {:>9.1}% {:>10.2}",
            middle(|(_, it)| it.per_second),
            middle(|(_, it)| it.p50_us),
            middle(|(_, it)| it.p99_us),
            middle(|(live, it)| 100.0 * it.per_second / live.per_second),
            middle(|(live, it)| it.p99_us / live.p99_us),
        );
    }
    Ok(())
}
