//! The contracts' checklists, kept as data in `contract/`, and how far the tests cover them.
//!
//! Each list is a TOML file with a prefix and numbered items. A test covers the items its name
//! starts with: `dcr_12_an_altered_statement_is_refused` covers item 12 of the list with the prefix
//! `dcr`. Scenario files cover the items in their `covers = [...]`, provided that a test reads them.

mod agreement;
mod scan;

use crate::repo::Repo;
use crate::run::Tally;
use anyhow::{Context as _, Result, ensure};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};

/// The checklist of one contract.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Checklist {
    /// What the contract is about.
    title: String,
    /// How test names refer to it.
    prefix: String,
    /// The contract's file name.
    source: String,
    /// A few words for each item, by its number.
    items: BTreeMap<String, String>,
}

/// One item of one checklist.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Item {
    pub(crate) prefix: String,
    pub(crate) number: u32,
}

impl Checklist {
    fn numbers(&self) -> Result<BTreeMap<u32, &str>> {
        self.items
            .iter()
            .map(|(key, words)| {
                let number =
                    key.parse().with_context(|| format!("{}: item `{key}`", self.source))?;
                Ok((number, words.as_str()))
            })
            .collect()
    }
}

/// Every checklist, in the order of the file names.
fn load(repo: &Repo) -> Result<Vec<Checklist>> {
    let dir = repo.root.join("contract");
    let mut paths: Vec<_> = std::fs::read_dir(&dir)
        .with_context(|| format!("reading {}", dir.display()))?
        .map(|entry| Ok(entry?.path()))
        .collect::<Result<_>>()?;
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "toml"));
    paths.sort();
    paths
        .iter()
        .map(|path| {
            let list: Checklist = toml::from_str(&repo.read(path)?)
                .with_context(|| format!("parsing {}", path.display()))?;
            ensure!(
                list.numbers()?.keys().copied().eq(1..=u32::try_from(list.items.len())?),
                "{}: items are not numbered from 1 without gaps",
                path.display()
            );
            Ok(list)
        })
        .collect()
}

/// Checks the lists themselves, that tests name only items that exist, and, where the contracts
/// are checked out, that lists and contracts agree.
pub(crate) fn check(repo: &Repo) -> Result<Tally> {
    let lists = load(repo)?;
    let mut tally = Tally::one(true);
    for stray in covered(repo, &lists)?.iter().filter(|item| !exists(&lists, item)) {
        println!("a test names {}_{}, which is in no list", stray.prefix, stray.number);
        tally.add(Tally::one(false));
    }
    match repo.shared_spec() {
        Some(spec) => tally.add(agreement::check(repo, &lists, &spec)?),
        None => println!("the contracts are not checked out beside this clone: nothing to compare"),
    }
    Ok(tally)
}

fn exists(lists: &[Checklist], item: &Item) -> bool {
    lists
        .iter()
        .any(|list| list.prefix == item.prefix && list.items.contains_key(&item.number.to_string()))
}

fn covered(repo: &Repo, lists: &[Checklist]) -> Result<BTreeSet<Item>> {
    let prefixes: Vec<&str> = lists.iter().map(|list| list.prefix.as_str()).collect();
    scan::covered_items(repo, &prefixes)
}

/// How far the tests cover the lists.
pub(crate) struct Coverage {
    lists: Vec<Checklist>,
    covered: BTreeSet<Item>,
}

impl Coverage {
    /// Reads the lists and scans the tests.
    pub(crate) fn read(repo: &Repo) -> Result<Self> {
        let lists = load(repo)?;
        let covered = covered(repo, &lists)?;
        Ok(Self { lists, covered })
    }

    /// Prints every item with whether a test covers it.
    pub(crate) fn print_items(&self) -> Result<()> {
        for list in &self.lists {
            println!("{} ({})", list.title, list.source);
            for (number, words) in list.numbers()? {
                let item = Item { prefix: list.prefix.clone(), number };
                let mark = if self.covered.contains(&item) { "tested " } else { "missing" };
                println!("  {mark} {}_{number}: {words}", list.prefix);
            }
            println!();
        }
        Ok(())
    }

    /// Prints one line per list and, as the last line, the sum.
    pub(crate) fn print_sums(&self) {
        for list in &self.lists {
            println!("{:>4} of {:>3}  {}", self.covered_in(list), list.items.len(), list.title);
        }
        let total: usize = self.lists.iter().map(|list| list.items.len()).sum();
        let done: usize = self.lists.iter().map(|list| self.covered_in(list)).sum();
        println!("{total} items, {done} covered, {} missing", total - done);
    }

    fn covered_in(&self, list: &Checklist) -> usize {
        let in_list = |item: &&Item| {
            item.prefix == list.prefix && list.items.contains_key(&item.number.to_string())
        };
        self.covered.iter().filter(in_list).count()
    }
}
