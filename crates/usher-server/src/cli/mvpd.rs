//! `usher mvpd`.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Args, Subcommand};
use usher_core::Clock;
use usher_entitle::Profile;
use usher_mvpd::{Finding, Import, Verdict, day};
use usher_server::clock::SystemClock;
use usher_server::fetch;
use usher_server::keys::KeyRing;
use usher_server::providers::{Providers, TestSignIn};
use usher_server::saml_keys::{self, KeyInUse};
use usher_server::serve;

use super::ServeOptions;

#[derive(Debug, Subcommand)]
pub(super) enum Action {
    /// Look at a provider: its addresses, certificates, metadata, and what the catalog says about it.
    ///
    /// Says in plain words what is wrong, makes an address for a test sign-in, and exits 1 when something
    /// does not work.
    Check(Check),
    /// Turn SAML metadata or an OpenID configuration into an entry for the catalog.
    ///
    /// Prints the entry, with the fingerprints of its certificates to compare; changes nothing.
    Import(ImportOptions),
    /// Show the keys that SAML providers know us by, and change them.
    Keys(KeysOptions),
}

/// Whose providers.
#[derive(Debug, Args)]
struct Deployment {
    /// The data directory of a demo world, in place of a configuration.
    #[arg(long, value_name = "DIR", conflicts_with = "config")]
    demo: Option<PathBuf>,
    #[command(flatten)]
    serve: ServeOptions,
}

#[derive(Debug, Args)]
pub(super) struct Check {
    /// The MVPD's id.
    id: String,
    /// The channel of the test sign-in; any that works with the MVPD when absent.
    #[arg(long, value_name = "ID")]
    channel: Option<String>,
    /// Show what came of the test sign-in with this code instead.
    #[arg(long, value_name = "CODE")]
    result: Option<String>,
    #[command(flatten)]
    deployment: Deployment,
}

#[derive(Debug, Args)]
pub(super) struct ImportOptions {
    /// The id the MVPD shall have.
    id: String,
    /// The metadata or configuration.
    #[arg(value_name = "FILE|URL")]
    source: String,
    /// Which of several providers in the metadata.
    #[arg(long, value_name = "ENTITY")]
    entity_id: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct KeysOptions {
    /// Make the next signing key. Our metadata announce it from the server's next start on.
    #[arg(long, conflicts_with = "switch")]
    announce: bool,
    /// Sign with the announced key from the server's next start on. Do so once every provider knows it.
    #[arg(long)]
    switch: bool,
    #[command(flatten)]
    serve: ServeOptions,
}

pub(super) fn run(action: Action) -> Result<ExitCode> {
    match action {
        Action::Check(check) => super::on_runtime(check.run()),
        Action::Import(import) => super::on_runtime(import.run()),
        Action::Keys(keys) => keys.run(),
    }
}

impl Deployment {
    async fn open(&self) -> Result<Providers> {
        if let Some(data) = &self.demo {
            return Providers::of_demo(data).await;
        }
        let settings = serve::settings(self.serve.config.as_deref(), &self.serve.settings)?;
        Providers::of_deployment(&settings).await
    }
}

impl Check {
    async fn run(self) -> Result<ExitCode> {
        let providers = self.deployment.open().await?;
        if let Some(code) = &self.result {
            super::say(&outcome(&providers.outcome(code).await?))?;
            return Ok(ExitCode::SUCCESS);
        }
        let findings = providers.check(&self.id).await?;
        let mut text = report(&findings);
        text.push_str("\nwhat the provider has to know of us\n");
        for (name, value) in providers.about_us() {
            let _ = writeln!(text, "  {name}: {value}");
        }
        if let Ok(test) = providers.test_sign_in(&self.id, self.channel.as_deref()).await {
            text.push_str(&invitation(&self.id, &test));
        }
        super::say(&text)?;
        let works = findings.iter().all(|finding| finding.verdict != Verdict::Problem);
        Ok(if works { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

fn report(findings: &[Finding]) -> String {
    let mut text = String::new();
    let mut about = "";
    for finding in findings {
        if finding.about != about {
            about = &finding.about;
            let _ = writeln!(text, "{}{about}", if text.is_empty() { "" } else { "\n" });
        }
        let word = match finding.verdict {
            Verdict::Good => "good",
            Verdict::Advice => "advice",
            Verdict::Problem => "PROBLEM",
        };
        let _ = writeln!(text, "  {word:<8}{}", finding.text);
    }
    text
}

fn invitation(id: &str, test: &TestSignIn) -> String {
    format!(
        "\ntest sign-in, within 30 minutes, while the server runs: open\n  {}\nthen see what came of it:\n  \
         usher mvpd check {id} --result {} (with the same --config or --demo)\n",
        test.url, test.code
    )
}

/// What a sign-in told, without telling it all.
fn outcome(profile: &Profile) -> String {
    let hours = profile.not_after.since(profile.not_before).as_secs() / 3_600;
    let user: String = profile.user_id.chars().take(3).chain("***".chars()).collect();
    let mut text = format!("signed in\n  user id: {user}\n  lasts: {hours} hours\n");
    let home_based = match profile.home_based {
        Some(true) => "yes",
        Some(false) => "no",
        None => "the provider does not say",
    };
    let _ = writeln!(text, "  home-based: {home_based}");
    let names: Vec<_> = profile.attributes.keys().map(String::as_str).collect();
    let _ = writeln!(text, "  metadata: {}", names.join(", "));
    text
}

impl ImportOptions {
    async fn run(self) -> Result<ExitCode> {
        let document = fetch::text(&self.source).await?;
        let import = Import {
            id: &self.id,
            document: &document,
            url: Some(self.source.as_str()).filter(|source| source.starts_with("http")),
            entity_id: self.entity_id.as_deref(),
        };
        super::say(&import.entry(SystemClock.now())?)?;
        Ok(ExitCode::SUCCESS)
    }
}

impl KeysOptions {
    fn run(self) -> Result<ExitCode> {
        let settings = serve::settings(self.serve.config.as_deref(), &self.serve.settings)?;
        let ring = KeyRing::open(&settings.server.data_dir.join("keys"))?;
        let now = SystemClock.now();
        if self.announce {
            saml_keys::announce(&ring, now)?;
        } else if self.switch {
            saml_keys::switch(&ring)?;
        }
        let mut text = String::new();
        for KeyInUse { purpose, certificate } in saml_keys::in_use(&ring, now)? {
            let (print, end) = (certificate.fingerprint(), day(certificate.not_after()));
            let _ = writeln!(text, "{purpose}\n  {print}\n  lasts until {end}");
        }
        super::say(&text)?;
        Ok(ExitCode::SUCCESS)
    }
}
