//! `usher token`.

use std::process::ExitCode;

use anyhow::{Result, ensure};
use clap::{Args, Subcommand};
use usher_core::Clock;
use usher_entitle::media_token::{self, Expected};
use usher_jose::{VerificationKey, VerificationKeys};
use usher_server::clock::SystemClock;
use usher_server::fetch;

#[derive(Debug, Subcommand)]
pub(super) enum Action {
    /// Verify a media token offline, as the programmer's back end does before it starts a stream.
    ///
    /// Prints what the token says as JSON and exits 0, or names the reason and exits 1.
    Verify(Verify),
}

#[derive(Debug, Args)]
pub(super) struct Verify {
    /// The certificate of the documented form of tokens (`/media-token/certificate.pem`).
    #[arg(long, value_name = "FILE|URL")]
    certificate: Option<String>,
    /// The keys of the JWS form of tokens (`/jwks.json`).
    #[arg(long, value_name = "FILE|URL")]
    jwks: Option<String>,
    /// The resource about to be played.
    #[arg(long, value_name = "ID")]
    resource: Option<String>,
    /// The channel that plays it.
    #[arg(long, value_name = "ID")]
    service_provider: Option<String>,
    /// The `serializedToken`.
    token: String,
}

pub(super) fn run(action: Action) -> Result<ExitCode> {
    let Action::Verify(verify) = action;
    let keys = super::on_runtime(verify.keys())?;
    let expected = Expected {
        resource: verify.resource.as_deref(),
        service_provider: verify.service_provider.as_deref(),
    };
    match media_token::verify(verify.token.trim(), &keys, expected, SystemClock.now()) {
        Ok(content) => {
            super::say(&(serde_json::to_string_pretty(&content)? + "\n"))?;
            Ok(ExitCode::SUCCESS)
        }
        Err(reason) => {
            super::say(&format!("{}: {reason}\n", reason.status()))?;
            Ok(ExitCode::FAILURE)
        }
    }
}

impl Verify {
    async fn keys(&self) -> Result<VerificationKeys> {
        ensure!(
            self.certificate.is_some() || self.jwks.is_some(),
            "say with which key to verify: --certificate or --jwks, a file or a URL of the server \
             that made the token"
        );
        let mut keys = Vec::new();
        if let Some(source) = &self.certificate {
            keys.push(VerificationKey::from_pem(&fetch::text(source).await?)?);
        }
        if let Some(source) = &self.jwks {
            let set = VerificationKeys::from_json(fetch::text(source).await?.as_bytes())?;
            keys.extend(set.iter().cloned());
        }
        Ok(VerificationKeys::new(keys))
    }
}
