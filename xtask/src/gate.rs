//! `cargo xtask test`: the gate, one step after another.
//!
//! Every step runs even when an earlier one failed, so that one run tells everything; only steps
//! that cannot mean anything without an earlier one are left out, and that is said.

use crate::repo::Repo;
use crate::run::{Steps, Tally, check, tests};
use crate::tools::Tools;
use crate::{contract, generate, tidy};
use anyhow::Result;
use std::process::{Command, ExitCode};

/// Runs the whole gate.
pub(crate) fn run(repo: &Repo) -> Result<ExitCode> {
    let mut steps = Steps::default();
    steps.step("format", || check(&mut cargo(repo, "fmt --all -- --check -l")));
    steps.step("house rules", || tidy::check(repo));
    steps.step("contract lists", || contract::check(repo));
    steps.step("generated files are fresh", || Ok(generate::check(repo)));
    steps.step("dependencies", || deny(repo));
    steps.step("lints", || {
        check(&mut cargo(
            repo,
            "clippy --workspace --all-targets --locked --keep-going -- -D warnings",
        ))
    });
    steps.step("documents", || {
        check(
            cargo(repo, "doc --workspace --no-deps --locked --keep-going --quiet")
                .env("RUSTDOCFLAGS", "-D warnings"),
        )
    });

    let mut tools = None;
    steps.step("test tools", || {
        tools = Some(Tools::install(repo)?);
        Ok(Tally::one(true))
    });
    let built = steps.step("build the tests", || check(&mut cargo_test(repo, None, "--no-run")));
    if built {
        run_tests(repo, tools.as_ref(), &mut steps);
    } else {
        println!("the tests do not build: none of them ran\n");
    }
    contract::Coverage::read(repo)?.print_sums();
    println!();
    Ok(if steps.finish() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn run_tests(repo: &Repo, tools: Option<&Tools>, steps: &mut Steps) {
    let groups = [
        ("unit tests", "--lib --bins --no-fail-fast"),
        ("contract suites, whole server, browser, third-party clients", "--test * --no-fail-fast"),
        ("examples in the documentation", "--doc --no-fail-fast"),
    ];
    for (name, selection) in groups {
        steps.step(name, || tests(&mut cargo_test(repo, tools, selection)));
    }
}

fn cargo(repo: &Repo, arguments: &str) -> Command {
    let mut command = Command::new("cargo");
    command.args(arguments.split(' ')).current_dir(&repo.root);
    command
}

/// `cargo test` over the whole workspace, so that every selection shares one build.
fn cargo_test(repo: &Repo, tools: Option<&Tools>, selection: &str) -> Command {
    let mut command = cargo(repo, "test --workspace --locked");
    command.args(selection.split(' ')).envs(tools.map(Tools::environment).unwrap_or_default());
    command
}

/// `cargo deny` where it is installed. Licences and bans are also judged by the house rules, from
/// the same deny.toml, so only the advisories need the tool.
fn deny(repo: &Repo) -> Result<Tally> {
    let installed = Command::new("cargo")
        .args(["deny", "--version"])
        .output()
        .is_ok_and(|output| output.status.success());
    if installed {
        return check(&mut cargo(repo, "deny check"));
    }
    println!(
        "cargo-deny is not installed: licences, bans and sources are judged from deny.toml by the \
         built-in reader; advisories are NOT checked (install cargo-deny to check them)"
    );
    tidy::deny::check(repo)
}
