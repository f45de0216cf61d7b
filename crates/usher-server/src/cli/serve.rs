//! `usher serve`.

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Result;
use usher_jose::OsEntropy;
use usher_server::clock::SystemClock;
use usher_server::serve;

use super::ServeOptions;

pub(super) fn run(options: &ServeOptions) -> Result<ExitCode> {
    let settings = serve::settings(options.config.as_deref(), &options.settings)?;
    super::start_log(&settings.log)?;
    super::on_runtime(serve::run(settings, Arc::new(SystemClock), Arc::new(OsEntropy)))?;
    Ok(ExitCode::SUCCESS)
}
