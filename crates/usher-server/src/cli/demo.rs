//! `usher demo`.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Result;
use clap::{Args, value_parser};
use usher_jose::OsEntropy;
use usher_server::clock::SystemClock;
use usher_server::demo::{Demo, DemoOptions, settings, welcome};
use usher_server::lifecycle::told_to_stop;

#[derive(Debug, Args)]
pub(super) struct Options {
    /// Where to listen; port 0 picks a free one.
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// Keep everything here, and continue where it stopped; a temporary directory when absent.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Fill the reports with this many days of plausible past activity first.
    #[arg(long, value_name = "DAYS", default_value_t = 0, value_parser = value_parser!(u32).range(0..=3_653))]
    history: u32,
    /// Which past activity.
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Load reporting events from this NDJSON file first. Repeatable.
    #[arg(long, value_name = "FILE")]
    events: Vec<PathBuf>,
    /// Overrides one setting, such as `throttle.enabled=false`. Repeatable.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    settings: Vec<String>,
}

pub(super) fn run(options: Options) -> Result<ExitCode> {
    super::start_log(&settings(&options.settings)?.log)?;
    super::on_runtime(async {
        let told = told_to_stop()?;
        let demo = Demo::start(
            DemoOptions {
                listen: options.listen,
                data: options.data,
                history_days: options.history,
                seed: options.seed,
                events: options.events,
                settings: options.settings,
            },
            Arc::new(SystemClock),
            Arc::new(OsEntropy),
        )
        .await?;
        super::say(&welcome(&demo))?;
        told.await;
        demo.stop().await?;
        Ok(ExitCode::SUCCESS)
    })
}
