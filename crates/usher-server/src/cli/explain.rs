//! `usher explain`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Args;
use serde_json::Value;
use usher_core::{Secret, TraceId};
use usher_server::{explain, fetch, files};

/// The admin token among the keys of a data directory.
const ADMIN_TOKEN: &str = "keys/admin-token";

#[derive(Debug, Args)]
pub(super) struct Options {
    /// The `trace` of an error or the `X-Trace-Id` of any answer.
    trace: TraceId,
    /// Where the server is; for a demo, `--data` says it, too.
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8080")]
    server: String,
    /// The server's data directory, for its admin token.
    #[arg(long, value_name = "DIR", default_value = "data")]
    data: PathBuf,
    /// The admin token, instead of the one in the data directory.
    #[arg(long, value_name = "TOKEN", env = "USHER_ADMIN_TOKEN", hide_env_values = true)]
    token: Option<String>,
    /// The environment's name (`deployment.environment`).
    #[arg(long, value_name = "NAME", default_value = "release-production")]
    environment: String,
    /// Print the explanation as JSON.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(options: &Options) -> Result<ExitCode> {
    let document = super::on_runtime(options.fetch())?;
    if options.json {
        super::say(&(serde_json::to_string_pretty(&document)? + "\n"))?;
    } else {
        super::say(&explain::told(&document)?)?;
    }
    Ok(ExitCode::SUCCESS)
}

impl Options {
    async fn fetch(&self) -> Result<Value> {
        let server = self.server()?;
        let (environment, trace) = (&self.environment, self.trace);
        let url = format!("{}/admin/v1/{environment}/traces/{trace}", server.trim_end_matches('/'));
        let text = fetch::authorized(&url, &self.token()?).await?;
        serde_json::from_str(&text).with_context(|| format!("{url} answers no JSON"))
    }

    /// The address that a demo has written down, else the one that was given.
    fn server(&self) -> Result<String> {
        let Some(handout) = files::read_if_there(&self.data.join("demo.json"))? else {
            return Ok(self.server.clone());
        };
        let handout: Value = serde_json::from_str(&handout).context("in demo.json")?;
        let written = handout.get("base_url").and_then(Value::as_str);
        Ok(written.unwrap_or(&self.server).to_owned())
    }

    fn token(&self) -> Result<Secret<String>> {
        if let Some(token) = &self.token {
            return Ok(Secret::new(token.clone()));
        }
        let file: &Path = &self.data.join(ADMIN_TOKEN);
        let token = files::read_if_there(file)?.with_context(|| {
            format!(
                "{} is not there: name the server's --data directory, or give --token",
                file.display()
            )
        })?;
        Ok(Secret::new(token.trim().to_owned()))
    }
}
