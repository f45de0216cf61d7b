//! The command line (`docs/demo.md` §1). Parsing here, doing in the library.

mod config;
mod demo;
mod events;
mod explain;
mod mvpd;
mod progress;
mod reports;
mod serve;
mod statement;
mod streams;
mod token;

use std::future::Future;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Args, Parser, Subcommand};
use tracing_subscriber::EnvFilter;
use usher_config::Log;

/// The open TV Everywhere platform: sign viewers in at their TV provider, decide whether they may
/// watch, limit how many streams they play, and report all of it.
#[derive(Debug, Parser)]
#[command(name = "usher", version)]
pub(crate) struct Command {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Run the demo world: everything switched on, TV providers to sign in at, nothing to set up.
    Demo(demo::Options),
    /// Run the server with your own catalog and keys.
    Serve(ServeOptions),
    /// Tell how a decision came about.
    Explain(explain::Options),
    /// Verify a media token.
    #[command(subcommand)]
    Token(token::Action),
    /// Look at TV providers before viewers do.
    #[command(subcommand)]
    Mvpd(mvpd::Action),
    /// Load reporting events, or write them out.
    #[command(subcommand)]
    Events(events::Action),
    /// Read reports of a running server.
    #[command(subcommand)]
    Reports(reports::Action),
    /// Try stream limits before they are in force.
    #[command(subcommand)]
    Streams(streams::Action),
    /// Issue a software statement for a registered application.
    Statement(statement::Options),
    /// Check, show or document the settings.
    #[command(subcommand)]
    Config(config::Action),
}

/// Where settings come from.
#[derive(Debug, Args)]
pub(crate) struct ServeOptions {
    /// Configuration file (`usher config sample` prints one).
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Overrides one setting, such as `throttle.enabled=false`. Repeatable.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub(crate) settings: Vec<String>,
}

impl Command {
    /// Does what was asked for.
    pub(crate) fn run(self) -> Result<ExitCode> {
        match self.action {
            Action::Demo(options) => demo::run(options),
            Action::Serve(options) => serve::run(&options),
            Action::Explain(options) => explain::run(&options),
            Action::Token(action) => token::run(action),
            Action::Events(action) => events::run(action),
            Action::Mvpd(action) => mvpd::run(action),
            Action::Reports(action) => reports::run(action),
            Action::Streams(action) => streams::run(action),
            Action::Statement(options) => statement::run(&options),
            Action::Config(action) => config::run(action),
        }
    }
}

/// Prints `text` for the person at the terminal; a closed pipe is not our problem.
fn say(text: &str) -> Result<()> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}

/// Prints an error and what it came from.
pub(crate) fn complain(error: &anyhow::Error) {
    // Nobody is left to tell when the error stream is closed.
    let _ = writeln!(io::stderr(), "usher: {error:#}");
}

/// Starts the log; a second call in one process changes nothing.
fn start_log(log: &Log) -> Result<()> {
    let filter = EnvFilter::try_new(&log.filter)?;
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr);
    let started = if log.json { builder.json().try_init() } else { builder.try_init() };
    drop(started);
    Ok(())
}

/// Runs `work` on a runtime with all processors.
fn on_runtime<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(work)
}
