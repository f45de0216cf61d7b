//! Rules about which crate may know which.

use crate::repo::{Package, Repo};
use anyhow::{Result, ensure};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

type Arrows = BTreeMap<String, BTreeSet<String>>;

/// Differences between the workspace's dependencies and the table in ARCHITECTURE.md.
pub(super) fn arrows(repo: &Repo) -> Result<Vec<String>> {
    let drawn = drawn_arrows(&repo.read("ARCHITECTURE.md")?);
    ensure!(!drawn.is_empty(), "ARCHITECTURE.md has no table with the columns `Crate` and `Uses`");
    let real = real_arrows(repo);
    let crates: BTreeSet<_> = drawn.keys().chain(real.keys()).collect();
    let nothing = BTreeSet::new();
    let mut findings = Vec::new();
    for name in crates {
        match (drawn.get(name), real.get(name)) {
            (None, _) => findings.push(format!("`{name}` is not in the table")),
            (_, None) => findings.push(format!("`{name}` is in the table but does not exist")),
            (drawn, real) => {
                let (drawn, real) = (drawn.unwrap_or(&nothing), real.unwrap_or(&nothing));
                let undrawn = real
                    .difference(drawn)
                    .map(|to| format!("`{name}` uses `{to}`, which the table does not allow"));
                let unused = drawn
                    .difference(real)
                    .map(|to| format!("the table says `{name}` uses `{to}`, which it does not"));
                findings.extend(undrawn.chain(unused));
            }
        }
    }
    Ok(findings)
}

/// Reads the table whose header has the columns `Crate` and `Uses`.
fn drawn_arrows(text: &str) -> Arrows {
    let mut arrows = Arrows::new();
    let mut columns = None;
    for line in text.lines() {
        let Some(cells) = row(line) else {
            columns = None;
            continue;
        };
        let position = |title: &str| cells.iter().position(|cell| *cell == title);
        if let (Some(name), Some(uses)) = (position("Crate"), position("Uses")) {
            columns = Some((name, uses));
        } else if let Some((name, uses)) = columns
            && let (Some(name), Some(uses)) = (cells.get(name), cells.get(uses))
            && let Some(name) = quoted(name).next()
        {
            arrows.insert(name.to_owned(), quoted(uses).map(str::to_owned).collect());
        }
    }
    arrows
}

fn row(line: &str) -> Option<Vec<&str>> {
    let inner = line.trim().strip_prefix('|')?.strip_suffix('|')?;
    Some(inner.split('|').map(str::trim).collect())
}

/// The words between backquotes.
fn quoted(cell: &str) -> impl Iterator<Item = &str> {
    cell.split('`').skip(1).step_by(2)
}

fn real_arrows(repo: &Repo) -> Arrows {
    let members = repo.members();
    let ours: BTreeSet<_> = members.iter().map(|package| package.name.as_str()).collect();
    members
        .iter()
        .map(|package| {
            let uses = package
                .dependencies
                .iter()
                .filter(|dependency| dependency.kind.as_deref() != Some("dev"))
                .filter(|dependency| ours.contains(dependency.name.as_str()))
                .map(|dependency| dependency.name.clone())
                .collect();
            (package.name.clone(), uses)
        })
        .collect()
}

/// Dependencies that no source of the crate mentions.
pub(super) fn unused(repo: &Repo) -> Result<Vec<String>> {
    let mut findings = Vec::new();
    for package in repo.members() {
        let sources = sources_of(repo, package)?;
        for dependency in package.dependencies.iter().filter(|dependency| !dependency.optional) {
            if !mentions(&sources, &dependency.name.replace('-', "_")) {
                findings.push(format!("`{}` does not use `{}`", package.name, dependency.name));
            }
        }
    }
    Ok(findings)
}

fn sources_of(repo: &Repo, package: &Package) -> Result<String> {
    let home = package.manifest_path.parent().unwrap_or_else(|| Path::new(""));
    let mut text = String::new();
    for path in repo.files()? {
        let is_ours = repo.root.join(&path).starts_with(home);
        if is_ours && path.extension().is_some_and(|extension| extension == "rs") {
            text.push_str(&repo.read(&path)?);
        }
    }
    Ok(text)
}

/// Whether `word` stands in the text as a whole identifier, outside comments.
fn mentions(text: &str, word: &str) -> bool {
    text.lines().filter(|line| !line.trim_start().starts_with("//")).any(|line| {
        line.split(|c: char| !(c.is_alphanumeric() || c == '_')).any(|part| part == word)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_arrows_is_read_by_its_header() {
        let text = "| Layer | Crate | Duty | Uses |\n|---|---|---|---|\n| 1 | `b` | `x` | `a`, `c` |\n\n| `z` | no |\n";
        let arrows = drawn_arrows(text);
        let expected = BTreeSet::from(["a".to_owned(), "c".to_owned()]);
        assert_eq!(arrows, Arrows::from([("b".to_owned(), expected)]));
    }

    #[test]
    fn a_mention_in_a_comment_or_inside_a_word_is_none() {
        assert!(mentions("use http::Method;", "http"));
        assert!(!mentions("// http\nuse http_body;", "http"));
    }
}
