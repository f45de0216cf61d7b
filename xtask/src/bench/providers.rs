//! TV providers: what an answer costs to verify or to refuse, what usher adds to a question, and what a
//! provider that hangs costs another.
//!
//! Each is a program of the crate it measures, which starts whatever it needs on loopback.

use crate::repo::Repo;
use anyhow::{Context as _, Result, ensure};
use std::process::Command;

/// Package and name of the programs.
const PROGRAMS: [(&str, &str); 2] =
    [("usher-saml", "verify_cost"), ("usher-mvpd", "provider_cost")];

pub(super) fn run(repo: &Repo) -> Result<()> {
    for (package, name) in PROGRAMS {
        println!("\n{package}, {name}");
        let status = Command::new("cargo")
            .args(["run", "--quiet", "--release", "--locked", "--package", package])
            .args(["--example", name])
            .current_dir(&repo.root)
            .status()
            .context("cargo could not be started")?;
        ensure!(status.success(), "{name} failed");
    }
    Ok(())
}
