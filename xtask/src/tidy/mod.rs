//! House rules that no compiler checks: file length, module documents, layering, wrappers, and
//! words that must not be in the repository. STYLE.md says why each rule is there.

pub(crate) mod deny;
mod files;
mod graph;
mod licence;
mod links;

use crate::repo::Repo;
use crate::run::Tally;
use anyhow::Result;
use std::process::ExitCode;

/// Runs the rules and prints the sum.
pub(crate) fn run(repo: &Repo) -> Result<ExitCode> {
    let mut tally = check(repo)?;
    tally.add(deny::check(repo)?);
    println!("{} rules kept, {} findings", tally.passed, tally.failed);
    Ok(if tally.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// A rule in words, and what finds its violations.
type Rule = (&'static str, fn(&Repo) -> Result<Vec<String>>);

/// Every rule once; prints each finding.
pub(crate) fn check(repo: &Repo) -> Result<Tally> {
    let rules: [Rule; 8] = [
        ("source files stay short", files::length),
        ("every module says what it is for", files::module_documents),
        ("nothing is left to do in comments", files::left_to_do),
        ("no registry host is written down", files::registry_hosts),
        ("links between documents lead somewhere", links::broken),
        ("tests neither sleep nor are ignored", files::test_habits),
        ("crates depend on each other as ARCHITECTURE.md says", graph::arrows),
        ("every dependency is used", graph::unused),
    ];
    let mut tally = Tally::default();
    for (rule, find) in rules {
        tally.add(report(rule, &find(repo)?));
    }
    Ok(tally)
}

/// Prints the findings of a rule; a rule without findings counts as one check that passed.
fn report(rule: &str, findings: &[String]) -> Tally {
    for finding in findings {
        println!("{rule}: {finding}");
    }
    match u64::try_from(findings.len()) {
        Ok(0) => Tally::one(true),
        count => Tally { passed: 0, failed: count.unwrap_or(u64::MAX) },
    }
}
