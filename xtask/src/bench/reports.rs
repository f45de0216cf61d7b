//! Reports over a large past: how fast it is written and closed, what it takes on disk, how fast it is asked,
//! beside `DuckDB` over the same files.
//!
//! Processor time counts, not the clock on the wall: the machine does other things, too.

use super::process::{children_cpu_s, peak_bytes};
use super::{Options, demo};
use crate::repo::Repo;
use crate::run::now;
use crate::tools::Tools;
use anyhow::{Context as _, Result, ensure};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Days of the past.
const DAYS: u64 = 90;

/// What a household of the made-up past does in a day, in events.
const EVENTS_A_DAY: u64 = 27;

/// Events that are taken in by themselves.
const INGESTED: &str = "2000000";

/// How often each question is asked again.
const ROUNDS: &str = "100";

pub(super) fn run(repo: &Repo, binary: &Path, options: &Options) -> Result<()> {
    let python = python(repo)?;
    let data = repo.metadata.target_directory.join("bench-reports");
    if data.exists() {
        std::fs::remove_dir_all(&data).context("removing the data of the last bench")?;
    }
    let measured = measure(repo, binary, &data, options.events, &python);
    std::fs::remove_dir_all(&data).context("removing the data of this bench")?;
    measured
}

fn measure(repo: &Repo, binary: &Path, data: &Path, events: u64, python: &OsString) -> Result<()> {
    ingest(repo, &data.join("ingest"))?;
    let data = data.join("past");
    let events = generate(binary, &data, events)?;
    let bytes = size_of(&data.join("events"))?;
    println!("on disk: {:.1} bytes per event", float(bytes) / float(events));
    ask(repo, binary, &data, python)
}

/// Takes events in that were made up beforehand, and looks how soon reports show them.
fn ingest(repo: &Repo, data: &Path) -> Result<()> {
    std::fs::create_dir_all(data).context("making room for events")?;
    let status = Command::new("cargo")
        .args(["run", "--release", "--locked", "--quiet", "--package", "usher-server"])
        .args(["--example", "ingest", "--"])
        .arg(data)
        .arg(INGESTED)
        .current_dir(&repo.root)
        .status()
        .context("cargo run could not be started")?;
    ensure!(status.success(), "the example `ingest` failed");
    Ok(())
}

/// The Python that has `DuckDB`.
fn python(repo: &Repo) -> Result<OsString> {
    let environment = Tools::install(repo)?.environment();
    let python = environment.into_iter().find(|(name, _)| *name == "USHER_TEST_PYTHON");
    Ok(python.context("no Python among the tools")?.1)
}

/// Fills the directory; returns how many events there are.
fn generate(binary: &Path, data: &Path, events: u64) -> Result<u64> {
    let households = (events / (DAYS * EVENTS_A_DAY)).max(1).to_string();
    let began = now();
    let before = children_cpu_s()?;
    let output = Command::new(binary)
        .args(["events", "generate", "--days", &DAYS.to_string(), "--households", &households])
        .arg("--data")
        .arg(data)
        .stderr(Stdio::inherit())
        .output()
        .context("`usher events generate` could not be started")?;
    ensure!(output.status.success(), "`usher events generate` failed");
    let cpu_s = children_cpu_s()? - before;
    let text = String::from_utf8_lossy(&output.stdout);
    let events: u64 = text.split(' ').next().and_then(|it| it.parse().ok()).context("a number")?;
    println!(
        "{events} events made up, written and closed in {:.0} s: {:.0} per second of one core",
        began.elapsed().as_secs_f64(),
        float(events) / cpu_s
    );
    Ok(events)
}

fn ask(repo: &Repo, binary: &Path, data: &Path, python: &OsString) -> Result<()> {
    let server = demo::Demo::on(binary, data.to_owned(), &[])?;
    let status = Command::new(python)
        .arg(repo.root.join("bench/reports.py"))
        .args([data.as_os_str(), ROUNDS.as_ref()])
        .status()
        .context("bench/reports.py could not be started")?;
    ensure!(status.success(), "bench/reports.py failed");
    let peak = peak_bytes(server.id())? / (1024.0 * 1024.0);
    println!("the server never used more than {peak:.0} MiB");
    Ok(())
}

/// Bytes of all files below `directory`.
fn size_of(directory: &Path) -> Result<u64> {
    let mut ahead: Vec<PathBuf> = vec![directory.to_owned()];
    let mut bytes = 0;
    while let Some(directory) = ahead.pop() {
        for entry in std::fs::read_dir(&directory).context("reading the data directory")? {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                ahead.push(entry.path());
            } else {
                bytes += entry.metadata()?.len();
            }
        }
    }
    Ok(bytes)
}

#[expect(clippy::cast_precision_loss, reason = "three digits are shown")]
fn float(count: u64) -> f64 {
    count as f64
}
