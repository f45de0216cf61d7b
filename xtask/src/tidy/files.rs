//! Rules about single files.

use crate::repo::Repo;
use anyhow::Result;
use std::path::{Path, PathBuf};

/// Longest source file outside tests, in lines.
const LINES_MAX: usize = 600;

// Written in halves, so that this file does not break its own rules.
const LEFT_TO_DO: [&str; 3] = [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X")];
const REGISTRIES: [&str; 5] = [
    concat!("registry.npm", "js.org"),
    concat!("pypi", ".org"),
    concat!("files.python", "hosted.org"),
    concat!("static.crates", ".io"),
    concat!("deb.debian", ".org"),
];
const BAD_TEST_HABITS: [&str; 3] =
    [concat!("#[ig", "nore"), concat!("sleep", "("), concat!("retr", "ies(")];

/// Rust sources outside tests that are longer than the limit.
pub(super) fn length(repo: &Repo) -> Result<Vec<String>> {
    let mut findings = Vec::new();
    for path in rust(repo)?.into_iter().filter(|path| !is_test(path)) {
        let lines = repo.read(&path)?.lines().count();
        if lines > LINES_MAX {
            findings.push(format!("{} has {lines} lines, limit {LINES_MAX}", path.display()));
        }
    }
    Ok(findings)
}

/// Rust sources that do not open with a module document. Parts of a test binary need none: its
/// root says what it is about.
pub(super) fn module_documents(repo: &Repo) -> Result<Vec<String>> {
    let mut findings = Vec::new();
    for path in
        rust(repo)?.into_iter().filter(|path| !is_unit_test_file(path) && !is_part_of_a_test(path))
    {
        if !repo.read(&path)?.trim_start().starts_with("//!") {
            findings.push(format!("{} does not start with `//!`", path.display()));
        }
    }
    Ok(findings)
}

/// Markers of unfinished work.
pub(super) fn left_to_do(repo: &Repo) -> Result<Vec<String>> {
    lines_with(
        repo,
        |path| has_extension(path, &["rs", "toml", "md", "mjs", "py", "html"]),
        |line| {
            LEFT_TO_DO
                .into_iter()
                .find(|word| line.split(|c: char| !c.is_alphanumeric()).any(|part| part == *word))
        },
    )
}

/// Host names of package registries: where packages come from is the machine's business.
pub(super) fn registry_hosts(repo: &Repo) -> Result<Vec<String>> {
    lines_with(
        repo,
        |path| path != Path::new("Cargo.lock"),
        |line| REGISTRIES.into_iter().find(|host| line.contains(host)),
    )
}

/// Tests that wait, repeat themselves or are switched off.
pub(super) fn test_habits(repo: &Repo) -> Result<Vec<String>> {
    lines_with(
        repo,
        |path| has_extension(path, &["rs"]) && is_test(path),
        |line| BAD_TEST_HABITS.into_iter().find(|habit| line.contains(habit)),
    )
}

fn lines_with(
    repo: &Repo,
    wanted: impl Fn(&Path) -> bool,
    find: impl Fn(&str) -> Option<&'static str>,
) -> Result<Vec<String>> {
    let mut findings = Vec::new();
    for path in repo.files()?.into_iter().filter(|path| wanted(path)) {
        let bytes = std::fs::read(repo.root.join(&path))?;
        let Ok(text) = String::from_utf8(bytes) else {
            continue;
        };
        for (index, line) in text.lines().enumerate() {
            if let Some(word) = find(line) {
                findings.push(format!("{}:{}: `{word}`", path.display(), index + 1));
            }
        }
    }
    Ok(findings)
}

fn rust(repo: &Repo) -> Result<Vec<PathBuf>> {
    let mut files = repo.files()?;
    files.retain(|path| has_extension(path, &["rs"]));
    Ok(files)
}

fn has_extension(path: &Path, extensions: &[&str]) -> bool {
    path.extension()
        .and_then(|extension| extension.to_str())
        .is_some_and(|extension| extensions.contains(&extension))
}

/// Integration tests, and unit tests in a file of their own.
fn is_test(path: &Path) -> bool {
    path.components().any(|part| part.as_os_str() == "tests") || is_unit_test_file(path)
}

/// Anything below a `tests` directory except the roots of test binaries.
fn is_part_of_a_test(path: &Path) -> bool {
    let is_named = |folder: &&Path, name: &str| folder.file_name().is_some_and(|it| it == name);
    let mut folders = path.ancestors().skip(1);
    let nearest = folders.next();
    let is_direct = nearest.is_some_and(|folder| is_named(&folder, "tests"));
    let in_sources = path.ancestors().any(|folder| is_named(&folder, "src"));
    let is_root = is_direct || path.file_stem().is_some_and(|stem| stem == "main");
    is_test(path) && (in_sources || !is_root)
}

fn is_unit_test_file(path: &Path) -> bool {
    path.file_stem()
        .and_then(|stem| stem.to_str())
        .is_some_and(|stem| stem == "tests" || stem.ends_with("_tests"))
}
