//! `cargo xtask bench`: load profiles of the release build, one suite per part of the house.
//!
//! Every suite starts what it measures itself, on loopback, and reports ratios inside one run: what
//! the machine does besides cancels out. The numbers judge nothing by themselves;
//! docs/performance.md keeps them with their budgets.

mod demo;
mod entitlement;
mod process;
mod providers;
mod reports;
mod server;
mod streams;
mod wrk;

use crate::repo::Repo;
use anyhow::{Context as _, Result, ensure};
use clap::{Args, ValueEnum};
use std::path::PathBuf;
use std::process::{Command, ExitCode};

/// What is measured, and how hard.
#[derive(Args)]
pub(crate) struct Options {
    /// The suites to run; all of them when none is named.
    #[arg(value_enum)]
    suites: Vec<Suite>,
    /// Seconds per measurement.
    #[arg(long, default_value_t = 4)]
    seconds: u32,
    /// Connections kept open by the load generator.
    #[arg(long, default_value_t = 32)]
    connections: u32,
    /// Live streams in the largest measurement of the suite `streams`.
    #[arg(long, default_value_t = 1_000_000)]
    streams: usize,
    /// Profiles in the largest measurement of the suite `entitlement`.
    #[arg(long, default_value_t = 1_000_000)]
    profiles: usize,
    /// Events of the past in the suite `reports`.
    #[arg(long, default_value_t = 20_000_000)]
    events: u64,
}

/// The parts of the house that are measured by themselves.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Suite {
    /// Heartbeats, authorizations and tokens against one demo server.
    Server,
    /// Who may watch: against what signatures allow, beside signatures, and with many profiles.
    Entitlement,
    /// SAML answers and XACML questions, and a provider that hangs beside another.
    Providers,
    /// Stream limiting at several sizes, beside the home-grown way to do it.
    Streams,
    /// Reports over a large past, beside `DuckDB`.
    Reports,
}

/// Runs the suites one after another, each with what it needs of the release build.
pub(crate) fn run(repo: &Repo, options: &Options) -> Result<ExitCode> {
    let chosen = if options.suites.is_empty() { Suite::value_variants() } else { &options.suites };
    for suite in chosen {
        match suite {
            Suite::Server => server::run(repo, &build(repo)?, options)?,
            Suite::Entitlement => entitlement::run(repo, &build(repo)?, options)?,
            Suite::Providers => providers::run(repo)?,
            Suite::Streams => streams::run(repo, &build(repo)?, options)?,
            Suite::Reports => reports::run(repo, &build(repo)?, options)?,
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Builds the server.
fn build(repo: &Repo) -> Result<PathBuf> {
    built(repo, &["--package", "usher-server"], "usher")
}

/// Builds what `selection` selects for release; where its `program` is then.
fn built(repo: &Repo, selection: &[&str], program: &str) -> Result<PathBuf> {
    let status = Command::new("cargo")
        .args(["build", "--release", "--locked"])
        .args(selection)
        .current_dir(&repo.root)
        .status()
        .context("cargo build could not be started")?;
    ensure!(status.success(), "the release build failed");
    Ok(repo.metadata.target_directory.join("release").join(program))
}

/// The middle one of `values`.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
