//! Links between documents, and from documents to sources.

use crate::repo::Repo;
use anyhow::Result;
use std::path::Path;

/// Relative links and paths of sources in Markdown that lead to no file.
pub(super) fn broken(repo: &Repo) -> Result<Vec<String>> {
    let mut findings = Vec::new();
    for path in repo.files()? {
        if path.extension().is_none_or(|extension| extension != "md") {
            continue;
        }
        let text = repo.read(&path)?;
        let home = repo.root.join(path.parent().unwrap_or_else(|| Path::new("")));
        let missing = relative_links(&text).filter(|link| !home.join(link).exists());
        let gone = sources(&text).filter(|source| !repo.root.join("crates").join(source).exists());
        findings.extend(missing.chain(gone).map(|to| format!("{}: `{to}`", path.display())));
    }
    Ok(findings)
}

/// Targets of `[text](target)` without their fragments; addresses elsewhere are left out.
fn relative_links(text: &str) -> impl Iterator<Item = &str> {
    text.split("](")
        .skip(1)
        .filter_map(|rest| rest.split_once(')'))
        .filter_map(|(target, _)| target.split('#').next())
        .filter(|target| !target.is_empty() && !target.contains(':'))
}

/// What stands in backquotes and looks like a path of one of our crates: `usher-core/src/time.rs`.
fn sources(text: &str) -> impl Iterator<Item = &str> {
    text.split('`')
        .skip(1)
        .step_by(2)
        .map(|quoted| quoted.strip_prefix("crates/").unwrap_or(quoted))
        .filter(|quoted| quoted.starts_with("usher-") && quoted.contains('/'))
        .filter(|quoted| !quoted.contains(char::is_whitespace))
}

#[cfg(test)]
mod tests {
    use super::{relative_links, sources};

    #[test]
    fn fragments_and_other_sites_are_not_files() {
        let text = "[a](b.md#c) [d](#e) [f](https://example.org/g.md) [h](i/j.md)";
        assert_eq!(relative_links(text).collect::<Vec<_>>(), ["b.md", "i/j.md"]);
    }

    #[test]
    fn quoted_paths_of_crates_are_sources() {
        let text = "`crates/usher-a/src/b.rs`, `usher-c/src`, `usher-d`, `e/f`";
        assert_eq!(sources(text).collect::<Vec<_>>(), ["usher-a/src/b.rs", "usher-c/src"]);
    }
}
