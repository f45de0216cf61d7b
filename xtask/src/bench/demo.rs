//! The server under load: a demo world of our own.

use super::process::{Process, answer_to, free_port};
use crate::repo::Repo;
use crate::tools;
use anyhow::{Context as _, Result, ensure};
use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A demo server of our own, stopped when dropped.
pub(super) struct Demo {
    process: Process,
    port: u16,
    binary: PathBuf,
    /// Its data directory, with `demo.json`.
    pub(super) data: PathBuf,
}

impl Demo {
    /// Starts `binary` on an empty data directory below `scratch`, without throttling but with
    /// `settings`.
    pub(super) fn start(binary: &Path, scratch: &Path, settings: &[&str]) -> Result<Self> {
        let data = scratch.join("bench-data");
        if data.exists() {
            std::fs::remove_dir_all(&data).context("removing the data of the last bench")?;
        }
        std::fs::create_dir_all(&data).context("making room for the data of this bench")?;
        Self::on(binary, data, settings)
    }

    /// Starts `binary` on the data directory `data`, without throttling but with `settings`.
    pub(super) fn on(binary: &Path, data: PathBuf, settings: &[&str]) -> Result<Self> {
        let port = free_port()?;
        let process = launch(binary, &data, port, settings)?;
        Ok(Self { process, port, binary: binary.to_owned(), data })
    }

    /// Ends the server as a crash would, does `work` on its data, and starts it again in its place.
    pub(super) fn interrupted<T>(
        &mut self,
        settings: &[&str],
        work: impl FnOnce(&Path) -> Result<T>,
    ) -> Result<T> {
        self.process.kill();
        let done = work(&self.data)?;
        self.process = launch(&self.binary, &self.data, self.port, settings)?;
        Ok(done)
    }

    /// Its origin.
    pub(super) fn base(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Its answer to a request, as HTTP/1.1 writes it.
    pub(super) fn answer_to(&self, head: &str, body: &str) -> Result<String> {
        answer_to(self.port, head, body).context("asking the server")
    }

    /// Its process.
    pub(super) fn id(&self) -> u32 {
        self.process.id()
    }

    /// Processor time it has used, in microseconds.
    pub(super) fn cpu_us(&self) -> Result<f64> {
        self.process.cpu_us()
    }

    /// What it has logged since it was started last.
    pub(super) fn log(&self) -> Result<String> {
        std::fs::read_to_string(log_file(&self.data)).context("reading the server's log")
    }

    /// Signs a viewer in and starts streams; what the scripts of the load profiles need to know.
    pub(super) fn prepare(&self, repo: &Repo) -> Result<BTreeMap<String, String>> {
        let python = tools::program("python3", "python3")?;
        let prepared = Command::new(python)
            .arg(repo.root.join("bench/prepare.py"))
            .arg(&self.data)
            .stderr(Stdio::inherit())
            .output()
            .context("bench/prepare.py could not be started")?;
        ensure!(prepared.status.success(), "bench/prepare.py failed");
        serde_json::from_slice(&prepared.stdout).context("output of prepare.py")
    }
}

fn launch(binary: &Path, data: &Path, port: u16, settings: &[&str]) -> Result<Process> {
    let log = File::create(log_file(data)).context("creating the server's log")?;
    let settings = settings.iter().flat_map(|setting| ["--set", setting]);
    let mut command = Command::new(binary);
    command
        .args(["demo", "--listen", &format!("127.0.0.1:{port}")])
        .args(["--set", "throttle.enabled=false", "--data"])
        .arg(data)
        .args(settings)
        .stderr(log);
    let mut process = Process::start(&mut command)?;
    process.wait_for_ok(port, "/health/ready")?;
    Ok(process)
}

fn log_file(data: &Path) -> PathBuf {
    data.join("bench.log")
}
