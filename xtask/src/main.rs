//! Repository chores, run as `cargo xtask <chore>`.
//!
//! `test` is the gate: everything that must hold before a change lands, in one command. The other
//! chores are parts of it that are useful alone, and the load measurements, which judge nothing.
//! Nothing here is shipped.

#![expect(clippy::print_stdout, reason = "a command line tool talks on standard output")]

mod bench;
mod contract;
mod gate;
mod generate;
mod repo;
mod run;
mod tidy;
mod tools;

use clap::{Parser, Subcommand};
use repo::Repo;
use std::process::ExitCode;

/// Repository chores.
#[derive(Parser)]
#[command(name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Subcommand)]
enum Chore {
    /// Everything the gate runs: format, lints, documents, all tests. Installs what they need.
    Test,
    /// Writes the files that are generated from code.
    Generate,
    /// Installs what the tests need beside Rust and prints how to tell a shell about it:
    /// `eval "$(cargo xtask tools)"`, then plain `cargo test` works too.
    Tools,
    /// The house rules that no compiler checks; see STYLE.md.
    Tidy,
    /// Which contract items have a test, and which do not.
    CoverageOfContract,
    /// Load profiles of the release build: ratios inside one run.
    Bench(bench::Options),
}

fn main() -> ExitCode {
    let outcome = Repo::find().and_then(|repo| match Cli::parse().chore {
        Chore::Test => gate::run(&repo),
        Chore::Generate => generate::run(&repo),
        Chore::Tools => tools::print(&repo),
        Chore::Tidy => tidy::run(&repo),
        Chore::CoverageOfContract => coverage_of_contract(&repo),
        Chore::Bench(options) => bench::run(&repo, &options),
    });
    match outcome {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn coverage_of_contract(repo: &Repo) -> anyhow::Result<ExitCode> {
    let coverage = contract::Coverage::read(repo)?;
    coverage.print_items()?;
    coverage.print_sums();
    Ok(ExitCode::SUCCESS)
}
