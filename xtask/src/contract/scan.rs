//! Finds the contract items that tests cover.

use super::Item;
use crate::repo::Repo;
use anyhow::{Context as _, Result, ensure};
use serde::Deserialize;
use std::collections::BTreeSet;
use std::path::Path;

/// The part of a scenario file that says what it proves.
#[derive(Deserialize)]
struct Scenario {
    #[serde(default)]
    covers: Vec<String>,
    #[serde(default)]
    scenario: Vec<Scenario>,
}

impl Scenario {
    fn all_covers(self) -> Vec<String> {
        let nested = self.scenario.into_iter().flat_map(Self::all_covers);
        self.covers.into_iter().chain(nested).collect()
    }
}

/// Every item named by a test function or by a scenario file that a test reads.
pub(crate) fn covered_items(repo: &Repo, prefixes: &[&str]) -> Result<BTreeSet<Item>> {
    let files = repo.files()?;
    let mut sources = String::new();
    let mut items = BTreeSet::new();
    for path in files.iter().filter(|path| in_crates(path, "rs")) {
        let text = repo.read(path)?;
        items.extend(test_functions(&text).flat_map(|name| named_items(name, prefixes)));
        sources.push_str(&text);
    }
    for path in files.iter().filter(|path| in_crates(path, "toml") && in_tests(path)) {
        let text = repo.read(path)?;
        let scenario: Scenario =
            toml::from_str(&text).with_context(|| format!("parsing {}", path.display()))?;
        let names = scenario.all_covers();
        ensure!(
            names.is_empty() || is_read(path, &sources),
            "{} says what it covers, but no test names it or its directory",
            path.display()
        );
        items.extend(names.iter().flat_map(|name| named_items(name, prefixes)));
    }
    Ok(items)
}

fn in_crates(path: &Path, extension: &str) -> bool {
    path.starts_with("crates") && path.extension().is_some_and(|found| found == extension)
}

fn in_tests(path: &Path) -> bool {
    path.components().any(|part| part.as_os_str() == "tests")
}

/// Whether a source names the file, or the directory it lies in, in a string.
fn is_read(path: &Path, sources: &str) -> bool {
    let file = path.file_name();
    let directory = path.parent().and_then(Path::file_name);
    [file, directory]
        .into_iter()
        .flatten()
        .filter_map(|name| name.to_str())
        .any(|name| name != "tests" && sources.contains(name))
}

/// The names of functions that carry a test attribute.
fn test_functions(text: &str) -> impl Iterator<Item = &str> {
    let mut is_test = false;
    text.lines().filter_map(move |line| {
        let line = line.trim();
        if line.starts_with("#[") {
            is_test |= line.contains("test");
            return None;
        }
        if line.starts_with("//") {
            return None;
        }
        let name = line
            .split_once("fn ")
            .filter(|_| std::mem::take(&mut is_test))
            .and_then(|(_, rest)| rest.split(['(', '<']).next());
        is_test = false;
        name
    })
}

/// The items a name starts with: a known prefix, then one or more numbers; perhaps of several lists.
fn named_items(name: &str, prefixes: &[&str]) -> Vec<Item> {
    let (mut items, mut list) = (Vec::new(), None);
    for part in name.split('_') {
        match (part.parse(), list.clone()) {
            (Ok(number), Some(prefix)) => items.push(Item { prefix, number }),
            _ => match prefixes.iter().find(|prefix| **prefix == part) {
                Some(prefix) => list = Some((*prefix).to_owned()),
                None => break,
            },
        }
    }
    items
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_test_may_cover_several_items() {
        let items = named_items("dcr_26_27_wrong_secret", &["dcr"]);
        assert_eq!(items.iter().map(|item| item.number).collect::<Vec<_>>(), [26, 27]);
    }

    #[test]
    fn a_test_may_cover_items_of_several_lists() {
        let items = named_items("rest_107_err_26_18_asks_who", &["rest", "err"]);
        let named: Vec<_> = items.iter().map(|it| (it.prefix.as_str(), it.number)).collect();
        assert_eq!(named, [("rest", 107), ("err", 26), ("err", 18)]);
    }

    #[test]
    fn numbers_later_in_the_name_do_not_count() {
        assert_eq!(named_items("cm_97_call_201_is_refused", &["cm"]).len(), 1);
    }

    #[test]
    fn only_functions_with_a_test_attribute_count() {
        let text = "#[tokio::test]\nasync fn dcr_1_a() {\n}\nfn dcr_2_b() {}\n// fn dcr_3_c()\n";
        assert_eq!(test_functions(text).collect::<Vec<_>>(), ["dcr_1_a"]);
    }
}
