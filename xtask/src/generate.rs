//! Files that are generated from code, and the check that they are fresh.

use crate::repo::Repo;
use crate::run::Tally;
use anyhow::{Context as _, Result};
use std::process::ExitCode;

/// A generated file and what its content must be.
type Generated = (&'static str, fn() -> String);

const FILES: [Generated; 2] =
    [("docs/configuration.md", usher_config::reference), ("docs/usher.toml", usher_config::sample)];

/// Writes every generated file.
pub(crate) fn run(repo: &Repo) -> Result<ExitCode> {
    for (path, content) in FILES {
        std::fs::write(repo.root.join(path), content())
            .with_context(|| format!("writing {path}"))?;
        println!("{path}");
    }
    Ok(ExitCode::SUCCESS)
}

/// One check per file: what is checked in is what would be generated now.
pub(crate) fn check(repo: &Repo) -> Tally {
    let mut tally = Tally::default();
    for (path, content) in FILES {
        let fresh =
            std::fs::read_to_string(repo.root.join(path)).is_ok_and(|text| text == content());
        if !fresh {
            println!("{path} is not what `cargo xtask generate` writes");
        }
        tally.add(Tally::one(fresh));
    }
    tally
}
