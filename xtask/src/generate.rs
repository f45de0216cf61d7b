//! Files that are generated from code, and the check that they are fresh.

use crate::repo::Repo;
use crate::run::Tally;
use anyhow::{Context as _, Result};
use std::process::ExitCode;

/// A generated file and what its content must be.
type Generated = (&'static str, fn(&Repo) -> Result<String>);

const FILES: [Generated; 3] = [
    ("docs/configuration.md", |_| Ok(usher_config::reference())),
    ("docs/usher.toml", |_| Ok(usher_config::sample())),
    ("crates/usher-entitle/data/user-agents.json", user_agents),
];

/// Writes every generated file.
pub(crate) fn run(repo: &Repo) -> Result<ExitCode> {
    for (path, content) in FILES {
        std::fs::write(repo.root.join(path), content(repo)?)
            .with_context(|| format!("writing {path}"))?;
        println!("{path}");
    }
    Ok(ExitCode::SUCCESS)
}

/// One check per file: what is checked in is what would be generated now.
pub(crate) fn check(repo: &Repo) -> Tally {
    let mut tally = Tally::default();
    for (path, content) in FILES {
        let fresh = std::fs::read_to_string(repo.root.join(path))
            .is_ok_and(|text| content(repo).is_ok_and(|content| text == content));
        if !fresh {
            println!("{path} is not what `cargo xtask generate` writes");
        }
        tally.add(Tally::one(fresh));
    }
    tally
}

/// The expressions for systems and browsers that come with the crate which applies them, one a line.
fn user_agents(repo: &Repo) -> Result<String> {
    let package = repo.metadata.packages.iter().find(|package| package.name == "ua-parser");
    let directory = package.and_then(|package| package.manifest_path.parent());
    let file = directory.context("ua-parser is no dependency")?.join("uap-core/regexes.yaml");
    let text =
        std::fs::read_to_string(&file).with_context(|| format!("reading {}", file.display()))?;
    let all: serde_json::Value = serde_yaml_ng::from_str(&text).context("the expressions")?;
    let list = |name: &str| -> Result<String> {
        let list = all.get(name).and_then(serde_json::Value::as_array);
        let expressions = list.with_context(|| format!("no {name}"))?;
        let lines: Vec<_> = expressions.iter().map(serde_json::Value::to_string).collect();
        Ok(format!("\"{name}\":[\n{}\n]", lines.join(",\n")))
    };
    Ok(format!("{{{},\n{}}}\n", list("os_parsers")?, list("user_agent_parsers")?))
}
