//! Compares what the repository keeps of the contracts with the contracts themselves.

use super::Checklist;
use crate::repo::Repo;
use crate::run::Tally;
use anyhow::{Context as _, Result};
use std::path::Path;

/// The drill-down trees that the report engine is driven by, and where the repository keeps them.
const TREES: [&str; 2] = ["esm-tree.yaml", "cmu-tree.yaml"];

/// One check per checklist and per tree.
pub(super) fn check(repo: &Repo, lists: &[Checklist], spec: &Path) -> Result<Tally> {
    let mut tally = Tally::default();
    for list in lists {
        let text = read(&spec.join(&list.source))?;
        let (ours, theirs) = (list.items.len(), count_items(&text));
        if ours != theirs {
            println!("{}: the contract has {theirs} items, contract/ has {ours}", list.source);
        }
        tally.add(Tally::one(ours == theirs));
    }
    for tree in TREES {
        let same =
            read(&spec.join(tree))? == repo.read(Path::new("crates/usher-cube/data").join(tree))?;
        if !same {
            println!("crates/usher-cube/data/{tree} differs from the contract's");
        }
        tally.add(Tally::one(same));
    }
    Ok(tally)
}

fn read(path: &Path) -> Result<String> {
    std::fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))
}

/// Counts the numbered lines below the heading of the checklist.
fn count_items(text: &str) -> usize {
    text.lines()
        .skip_while(|line| !(line.starts_with("## ") && line.contains("onformance checklist")))
        .filter(|line| {
            line.split_once(". ").is_some_and(|(number, _)| number.parse::<u32>().is_ok())
        })
        .count()
}

#[cfg(test)]
mod tests {
    use super::count_items;

    #[test]
    fn only_numbered_lines_of_the_checklist_count() {
        let text =
            "1. not yet\n## 9. Conformance checklist\n\n### Part\n1. a\n2. b\nprose\n10. c\n";
        assert_eq!(count_items(text), 3);
    }
}
