//! `cargo xtask bench`: load profiles of the release build.
//!
//! Each profile is measured right after a measurement of `/health/live`, several times over, and
//! reported as the median of its ratios to those: what the machine does besides cancels out. The
//! numbers judge nothing by themselves; docs/performance.md keeps them with their budgets.

use crate::repo::Repo;
use crate::run::now;
use crate::tools;
use anyhow::{Context as _, Result, bail, ensure};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::Duration;

/// How often each profile is measured.
const ROUNDS: usize = 3;
/// How long the server may take to become ready.
const READY_WITHIN: Duration = Duration::from_secs(30);

/// What is measured, and the status that every answer must have.
const PROFILES: [(&str, u16); 3] = [("heartbeat", 202), ("authorize", 200), ("token", 201)];

/// One measurement.
#[derive(Clone, Copy)]
struct Measured {
    per_second: f64,
    p50_us: f64,
    p99_us: f64,
}

struct Load<'a> {
    home: PathBuf,
    base: &'a str,
    seconds: u32,
    connections: u32,
    environment: BTreeMap<String, String>,
}

/// Builds the release binary, starts the demo on it and prints a table of ratios.
pub(crate) fn run(repo: &Repo, seconds: u32, connections: u32) -> Result<ExitCode> {
    tools::program("wrk", "wrk")?;
    let python = tools::program("python3", "python3")?;
    let binary = build(repo)?;
    let demo = Demo::start(&binary, &repo.metadata.target_directory)?;
    let home = repo.root.join("bench");
    let prepared = Command::new(python)
        .arg(home.join("prepare.py"))
        .arg(&demo.data)
        .stderr(Stdio::inherit())
        .output()
        .context("bench/prepare.py could not be started")?;
    ensure!(prepared.status.success(), "bench/prepare.py failed");
    let environment = serde_json::from_slice(&prepared.stdout).context("output of prepare.py")?;
    let load = Load { home, base: &demo.base, seconds, connections, environment };
    load.print_table()?;
    Ok(ExitCode::SUCCESS)
}

fn build(repo: &Repo) -> Result<PathBuf> {
    let status = Command::new("cargo")
        .args(["build", "--release", "--locked", "--package", "usher-server"])
        .current_dir(&repo.root)
        .status()
        .context("cargo build could not be started")?;
    ensure!(status.success(), "the release build failed");
    Ok(repo.metadata.target_directory.join("release/usher"))
}

impl Load<'_> {
    fn print_table(&self) -> Result<()> {
        println!(
            "{} s per measurement, {} connections, {ROUNDS} rounds",
            self.seconds, self.connections
        );
        println!(
            "{:<10} {:>9} {:>9} {:>9} {:>10} {:>10}",
            "profile", "per s", "p50 us", "p99 us", "of live", "p99 x live"
        );
        for (name, status) in PROFILES {
            let mut rounds = Vec::new();
            for _ in 0..ROUNDS {
                rounds.push((self.measure("live", 200)?, self.measure(name, status)?));
            }
            let middle =
                |of: fn(&(Measured, Measured)) -> f64| median(rounds.iter().map(of).collect());
            println!(
                "{name:<10} {:>9.0} {:>9.0} {:>9.0} {:>9.1}% {:>10.2}",
                middle(|(_, it)| it.per_second),
                middle(|(_, it)| it.p50_us),
                middle(|(_, it)| it.p99_us),
                middle(|(live, it)| 100.0 * it.per_second / live.per_second),
                middle(|(live, it)| it.p99_us / live.p99_us),
            );
        }
        Ok(())
    }

    /// Runs the load generator once. An answer with another status than `status` is an error.
    fn measure(&self, profile: &str, status: u16) -> Result<Measured> {
        let output = Command::new("wrk")
            .args(["--threads", "1", "--connections", &self.connections.to_string()])
            .args(["--duration", &format!("{}s", self.seconds), "--script"])
            .arg(self.home.join(profile).with_extension("lua"))
            .arg(self.base)
            .envs(&self.environment)
            .env("BENCH_HOME", &self.home)
            .env("BENCH_EXPECT", status.to_string())
            .output()
            .context("wrk could not be started")?;
        let text = String::from_utf8_lossy(&output.stdout);
        let numbers: Vec<f64> = text
            .lines()
            .find_map(|line| line.strip_prefix("RESULT "))
            .with_context(|| {
                format!("wrk says: {text}{}", String::from_utf8_lossy(&output.stderr))
            })?
            .split(' ')
            .map(|number| number.parse().context("a result of wrk"))
            .collect::<Result<_>>()?;
        let &[requests, duration_us, p50_us, p99_us, unexpected] = numbers.as_slice() else {
            bail!("wrk reported {} numbers instead of 5", numbers.len());
        };
        ensure!(
            unexpected == 0.0,
            "{profile}: {unexpected} of {requests} answers were not {status}"
        );
        Ok(Measured { per_second: requests / duration_us * 1e6, p50_us, p99_us })
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// A demo server of our own, stopped when dropped.
struct Demo {
    process: Child,
    data: PathBuf,
    base: String,
}

impl Demo {
    fn start(binary: &Path, scratch: &Path) -> Result<Self> {
        let data = scratch.join("bench-data");
        if data.exists() {
            std::fs::remove_dir_all(&data).context("removing the data of the last bench")?;
        }
        let process = Command::new(binary)
            .args(["demo", "--listen", "127.0.0.1:0", "--set", "throttle.enabled=false", "--data"])
            .arg(&data)
            .stdout(Stdio::null())
            .spawn()
            .with_context(|| format!("{} could not be started", binary.display()))?;
        let mut demo = Self { process, data, base: String::new() };
        demo.base = demo.wait_until_ready()?;
        Ok(demo)
    }

    /// Waits for demo.json, which the server writes as its last act before it is ready.
    #[expect(clippy::disallowed_methods, reason = "another process is waited for")]
    fn wait_until_ready(&mut self) -> Result<String> {
        let started = now();
        while started.elapsed() < READY_WITHIN {
            if let Ok(text) = std::fs::read_to_string(self.data.join("demo.json")) {
                let world: serde_json::Value = serde_json::from_str(&text).context("demo.json")?;
                let base = world.get("base_url").and_then(serde_json::Value::as_str);
                return Ok(base.context("demo.json has no base_url")?.to_owned());
            }
            if let Some(status) = self.process.try_wait()? {
                bail!("usher demo ended: {status}");
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        bail!("usher demo was not ready within {READY_WITHIN:?}")
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        // Nothing can be done about a process that does not let itself be stopped.
        drop(self.process.kill());
        drop(self.process.wait());
    }
}
