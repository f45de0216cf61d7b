//! `usher events`.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub(super) enum Action {
    /// Load reporting events from an NDJSON file into a data directory, all or nothing. The server
    /// that owns the directory must not be running.
    Import {
        /// The file: one event per line.
        file: PathBuf,
        /// The data directory.
        #[arg(long, value_name = "DIR")]
        data: PathBuf,
    },
}

pub(super) fn run(action: Action) -> Result<ExitCode> {
    let Action::Import { file, data } = action;
    let added = super::on_runtime(usher_server::events::import_into(&data, &file))?;
    super::say(&format!("{added} new events from {}\n", file.display()))?;
    Ok(ExitCode::SUCCESS)
}
