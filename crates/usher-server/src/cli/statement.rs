//! `usher statement`.

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, Result};
use clap::Args;
use url::Url;
use usher_jose::OsEntropy;
use usher_server::clock::SystemClock;
use usher_server::serve;

use super::ServeOptions;

#[derive(Debug, Args)]
pub(super) struct Options {
    /// Name of the registered application.
    application: String,
    #[command(flatten)]
    serve: ServeOptions,
}

pub(super) fn run(options: &Options) -> Result<ExitCode> {
    let settings = serve::settings(options.serve.config.as_deref(), &options.serve.settings)?;
    let statement = super::on_runtime(async {
        let anywhere = Url::parse("http://localhost")?;
        let wired =
            serve::wire(settings, anywhere, Arc::new(SystemClock), Arc::new(OsEntropy)).await?;
        let snapshot = wired.app.registry.snapshot();
        let application = snapshot
            .applications()
            .find(|application| application.name == options.application)
            .with_context(|| {
                format!("the catalog has no application named `{}`", options.application)
            })?;
        let statement = wired.app.clients.mint_statement(&application.id)?;
        wired.close().await?;
        Ok(statement)
    })?;
    super::say(&format!("{statement}\n"))?;
    Ok(ExitCode::SUCCESS)
}
