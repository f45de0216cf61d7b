//! Runs commands as named steps, times them, and adds up what passed and failed.

use anyhow::{Context as _, Result};
use std::io::{BufRead as _, BufReader, Read};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// How many checks passed and failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
}

impl Tally {
    /// One check with this outcome.
    pub(crate) fn one(passed: bool) -> Self {
        Self { passed: u64::from(passed), failed: u64::from(!passed) }
    }

    /// Adds another tally to this one.
    pub(crate) fn add(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
    }

    /// Reads a line such as `test result: ok. 5 passed; 1 failed; 0 ignored; …`.
    ///
    /// An ignored test counts as failed: nothing is skipped in this house.
    pub(crate) fn from_result_line(line: &str) -> Option<Self> {
        let (_, counts) = line.strip_prefix("test result: ")?.split_once(". ")?;
        let count = |label: &str| {
            let part = counts.split(';').find_map(|part| part.trim().strip_suffix(label))?;
            part.trim().parse::<u64>().ok()
        };
        let (passed, failed, ignored) = (count(" passed")?, count(" failed")?, count(" ignored")?);
        Some(Self { passed, failed: failed + ignored })
    }
}

/// The steps run so far.
#[derive(Default)]
pub(crate) struct Steps {
    total: Tally,
    failures: Vec<String>,
}

impl Steps {
    /// Runs one step, prints a line with its duration, and remembers the outcome.
    ///
    /// A step that could not run at all counts as one failure.
    pub(crate) fn step(&mut self, name: &str, work: impl FnOnce() -> Result<Tally>) -> bool {
        println!("── {name}");
        let started = now();
        let tally = work().unwrap_or_else(|error| {
            println!("error: {error:#}");
            Tally::one(false)
        });
        let verdict = if tally.failed == 0 { "ok" } else { "FAILED" };
        println!("── {name}: {verdict} in {}\n", seconds(started.elapsed()));
        self.total.add(tally);
        if tally.failed > 0 {
            self.failures.push(name.to_owned());
        }
        tally.failed == 0
    }

    /// Prints which steps failed and, as the last line, the sum of everything.
    pub(crate) fn finish(self) -> bool {
        if !self.failures.is_empty() {
            println!("failed: {}", self.failures.join(", "));
        }
        println!("{} passed, {} failed", self.total.passed, self.total.failed);
        self.total.failed == 0 && self.total.passed > 0
    }
}

/// Runs a command whose exit status is the whole answer; its output goes straight through.
pub(crate) fn check(command: &mut Command) -> Result<Tally> {
    let status =
        command.status().with_context(|| format!("{} could not be started", name(command)))?;
    Ok(Tally::one(status.success()))
}

/// Runs `cargo test …`, echoes its output and adds up the result lines.
///
/// A run that ends badly without a failing test (it did not compile, a process died) counts as one
/// failure. Test names that passed are left out of the echo.
pub(crate) fn tests(command: &mut Command) -> Result<Tally> {
    let mut child = command
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| format!("{} could not be started", name(command)))?;
    let output = child.stdout.take().context("the output of cargo test is not piped")?;
    let mut tally = echo_results(output)?;
    let status = child.wait().context("waiting for cargo test")?;
    if !status.success() && tally.failed == 0 {
        tally.failed += 1;
    }
    Ok(tally)
}

fn echo_results(output: impl Read) -> Result<Tally> {
    let mut tally = Tally::default();
    for line in BufReader::new(output).lines() {
        let line = line.context("reading the output of cargo test")?;
        if let Some(result) = Tally::from_result_line(&line) {
            tally.add(result);
        }
        let passed = line.starts_with("test ") && line.ends_with(" ok");
        if !passed && !line.is_empty() && !line.starts_with("running ") {
            println!("{line}");
        }
    }
    Ok(tally)
}

fn name(command: &Command) -> String {
    command.get_program().to_string_lossy().into_owned()
}

/// The monotonic clock.
#[expect(clippy::disallowed_methods, reason = "durations of real commands are what is measured")]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// `83 s` or `4 min 02 s`.
fn seconds(duration: Duration) -> String {
    match duration.as_secs() {
        short @ 0..=9 => format!("{short}.{} s", duration.subsec_millis() / 100),
        medium @ 10..=119 => format!("{medium} s"),
        long => format!("{} min {:02} s", long / 60, long % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::Tally;

    #[test]
    fn result_lines_of_cargo_are_added_up() {
        let line = "test result: FAILED. 5 passed; 2 failed; 0 ignored; 0 measured; 1 filtered out; finished in 0.31s";
        assert_eq!(Tally::from_result_line(line), Some(Tally { passed: 5, failed: 2 }));
    }

    #[test]
    fn an_ignored_test_counts_as_failed() {
        let line = "test result: ok. 5 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s";
        assert_eq!(Tally::from_result_line(line), Some(Tally { passed: 5, failed: 1 }));
    }

    #[test]
    fn other_lines_are_not_results() {
        assert_eq!(Tally::from_result_line("test result_is_kept ... ok"), None);
    }
}
