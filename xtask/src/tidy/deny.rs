//! Reads the licence and wrapper rules of `deny.toml` and applies them to `cargo metadata`.
//!
//! The same file drives `cargo deny` where that is installed; this reader knows only the parts the
//! house depends on every day (`licenses.allow`, `bans.deny`, registries), so that the layering
//! holds on any machine without compiling another tool.

use super::licence;
use super::report;
use crate::repo::{Package, Repo};
use crate::run::Tally;
use anyhow::{Context as _, Result};
use serde::Deserialize;
use std::collections::BTreeSet;

#[derive(Deserialize)]
struct Rules {
    licenses: Licences,
    bans: Bans,
}

#[derive(Deserialize)]
struct Licences {
    allow: BTreeSet<String>,
    #[serde(default)]
    exceptions: Vec<Exception>,
}

#[derive(Deserialize)]
struct Exception {
    #[serde(rename = "crate")]
    name: String,
    allow: BTreeSet<String>,
}

#[derive(Deserialize)]
struct Bans {
    deny: Vec<Ban>,
}

#[derive(Deserialize)]
struct Ban {
    #[serde(rename = "crate")]
    name: String,
    #[serde(default)]
    wrappers: BTreeSet<String>,
}

/// Licences, bans and sources.
pub(crate) fn check(repo: &Repo) -> Result<Tally> {
    let rules: Rules = toml::from_str(&repo.read("deny.toml")?).context("parsing deny.toml")?;
    let mut tally = report("licences", &licences(repo, &rules.licenses));
    tally.add(report("wrappers", &bans(repo, &rules.bans)));
    tally.add(report("sources", &sources(repo)));
    Ok(tally)
}

fn licences(repo: &Repo, rules: &Licences) -> Vec<String> {
    let refused = |package: &&Package| {
        let extra = rules.exceptions.iter().filter(|exception| exception.name == package.name);
        let extra: BTreeSet<&str> =
            extra.flat_map(|exception| exception.allow.iter().map(String::as_str)).collect();
        let allowed = |name: &str| rules.allow.contains(name) || extra.contains(name);
        !package.license.as_deref().is_some_and(|text| licence::is_allowed(text, allowed))
    };
    repo.metadata
        .packages
        .iter()
        .filter(refused)
        .map(|package| {
            let licence = package.license.as_deref().unwrap_or("none stated");
            format!("{} {}: {licence}", package.name, package.version)
        })
        .collect()
}

/// Direct users of a banned crate that are not among its wrappers. Uses in tests are free.
fn bans(repo: &Repo, rules: &Bans) -> Vec<String> {
    let depends_on = |package: &Package, name: &str| {
        let mut normal = package.dependencies.iter().filter(|d| d.kind.as_deref() != Some("dev"));
        normal.any(|dependency| dependency.name == name)
    };
    let mut findings = Vec::new();
    for ban in &rules.deny {
        let present = repo.metadata.packages.iter().any(|package| package.name == ban.name);
        if present && ban.wrappers.is_empty() {
            findings.push(format!("`{}` is banned", ban.name));
        }
        let users = repo.members().into_iter().filter(|package| depends_on(package, &ban.name));
        findings.extend(
            users
                .filter(|package| !ban.wrappers.contains(&package.name))
                .map(|package| format!("`{}` may not use `{}`", package.name, ban.name)),
        );
    }
    findings
}

/// Packages that are neither ours nor from the default registry.
fn sources(repo: &Repo) -> Vec<String> {
    repo.metadata
        .packages
        .iter()
        .filter(|package| {
            package.source.as_deref().is_some_and(|from| !from.starts_with("registry+"))
        })
        .map(|package| format!("{} does not come from a registry", package.name))
        .collect()
}
