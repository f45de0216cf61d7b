//! `usher reports`.

use std::process::ExitCode;

use anyhow::{Context as _, Result, ensure};
use clap::{Args, Subcommand};
use usher_core::Secret;
use usher_server::fetch;
use usher_server::report_table::ReportTable;

#[derive(Debug, Subcommand)]
pub(super) enum Action {
    /// Show a report of a running server as a table.
    ///
    /// The path is that of the URL, with or without a question: `esm/v3/media-company/year/month`,
    /// `'cmu/v2/tenant/year/month/day?start=2026-03&mvpd=OpCo'`.
    Get(Get),
}

#[derive(Debug, Args)]
pub(super) struct Get {
    /// Which report.
    path: String,
    /// Where the server is.
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8080")]
    server: String,
    /// An access token that may read reports; in the variable `USHER_TOKEN` nobody sees it among the
    /// processes.
    #[arg(long, value_name = "TOKEN")]
    token: Option<String>,
    /// At a server of the demo: the application that asks, such as `acme-ops`.
    #[arg(long, value_name = "NAME", conflicts_with = "token")]
    application: Option<String>,
    /// Print CSV instead of a table.
    #[arg(long)]
    csv: bool,
}

pub(super) fn run(action: Action) -> Result<ExitCode> {
    let Action::Get(get) = action;
    let text = super::on_runtime(get.fetch())?;
    super::say(&text)?;
    Ok(ExitCode::SUCCESS)
}

impl Get {
    async fn fetch(&self) -> Result<String> {
        let token = self.token().await?;
        let server = self.server.trim_end_matches('/');
        let (path, query) = self.path.split_once('?').unwrap_or((&self.path, ""));
        let path = path.trim_matches('/');
        ensure!(
            ["esm/", "cmu/"].iter().any(|api| path.starts_with(api)),
            "`{path}` is no report: they begin with `esm/` or `cmu/`"
        );
        let format = if self.csv { "csv" } else { "json" };
        let url = format!("{server}/{path}.{format}?{query}");
        let mut bar = super::progress::Bar::new("reading");
        let text = fetch::report(&url, &token, &mut |done, total| bar.show(done, total)).await?;
        bar.clear();
        if self.csv { Ok(text) } else { Ok(ReportTable::read(&text)?.to_string()) }
    }

    async fn token(&self) -> Result<Secret<String>> {
        if let Some(name) = &self.application {
            return fetch::demo_token(self.server.trim_end_matches('/'), name).await;
        }
        let given = self.token.clone().or_else(|| {
            let mut variables = usher_config::environment().into_iter();
            variables.find_map(|(name, value)| (name == "USHER_TOKEN").then_some(value))
        });
        let token = given.context(
            "a token is needed: --token, the variable USHER_TOKEN or, at the demo, --application",
        )?;
        Ok(Secret::new(token))
    }
}
