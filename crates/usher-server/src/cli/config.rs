//! `usher config`.

use std::process::ExitCode;

use anyhow::Result;
use clap::Subcommand;
use usher_core::Clock;
use usher_server::clock::SystemClock;
use usher_server::{catalog, serve};

use super::ServeOptions;

#[derive(Debug, Subcommand)]
pub(super) enum Action {
    /// Check a configuration and its catalog without starting anything.
    Check(ServeOptions),
    /// Show the settings in force.
    Show(ServeOptions),
    /// Print a configuration file with every setting at its default.
    Sample,
    /// Print the reference page of all settings.
    Reference,
}

pub(super) fn run(action: Action) -> Result<ExitCode> {
    match action {
        Action::Check(options) => {
            let settings = serve::settings(options.config.as_deref(), &options.settings)?;
            catalog::read(&settings.server.catalog, SystemClock.now())?;
            super::say("The configuration and the catalog are fine.\n")?;
        }
        Action::Show(options) => {
            let settings = serve::settings(options.config.as_deref(), &options.settings)?;
            super::say(&format!("{settings:#?}\n"))?;
        }
        Action::Sample => super::say(&usher_config::sample())?,
        Action::Reference => super::say(&usher_config::reference())?,
    }
    Ok(ExitCode::SUCCESS)
}
