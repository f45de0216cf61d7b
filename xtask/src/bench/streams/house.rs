//! The two that are measured: usher as it is run, and the peer.

use super::super::process::{Process, free_port};
use crate::repo::Repo;
use crate::tools;
use anyhow::{Context as _, Result, ensure};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// A server with everything that runs for it.
pub(super) struct Server {
    processes: Vec<Process>,
    pub(super) port: u16,
}

impl Server {
    pub(super) fn base(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Processor time of all of it, in microseconds.
    pub(super) fn cpu_us(&self) -> Result<f64> {
        self.processes.iter().map(Process::cpu_us).sum()
    }

    /// Memory of all of it, in bytes.
    pub(super) fn resident_bytes(&self) -> Result<f64> {
        self.processes.iter().map(Process::resident_bytes).sum()
    }

    /// Ends it as a crash would.
    pub(super) fn kill(mut self) {
        self.processes.iter_mut().for_each(Process::kill);
    }
}

/// `usher serve` with the catalog of `bench/streams.toml` on `data`. Streams live for hours, so that
/// none ends while others are counted. Also returns how long it took until it answered.
pub(super) fn usher(repo: &Repo, binary: &Path, data: &Path) -> Result<(Server, Duration)> {
    let port = free_port()?;
    let settings = [
        format!("server.listen=127.0.0.1:{port}"),
        format!("server.data_dir={}", data.display()),
        format!("server.catalog={}", repo.root.join("bench/streams.toml").display()),
        "streams.heartbeat_interval=6h".to_owned(),
        "throttle.enabled=false".to_owned(),
        "log.filter=error".to_owned(),
    ];
    let mut command = Command::new(binary);
    command.arg("serve").args(settings.iter().flat_map(|setting| ["--set", setting]));
    let mut process = Process::start(&mut command)?;
    let ready_after = process.wait_for_ok(port, "/health/ready")?;
    Ok((Server { processes: vec![process], port }, ready_after))
}

/// How the peer's Redis treats its log.
#[derive(Clone, Copy)]
pub(super) enum Durability {
    /// Synced before a command is answered, as usher's starts are.
    Always,
    /// Synced every second: a crash may forget what was acknowledged.
    EverySecond,
}

impl Durability {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Always => "always",
            Self::EverySecond => "everysec",
        }
    }
}

/// Builds the peer.
pub(super) fn build_peer(repo: &Repo) -> Result<PathBuf> {
    let target = repo.metadata.target_directory.join("peers");
    let status = Command::new("cargo")
        .args(["build", "--release", "--locked", "--quiet", "--manifest-path"])
        .arg(repo.root.join("bench/peers/redis/Cargo.toml"))
        .env("CARGO_TARGET_DIR", &target)
        .status()
        .context("cargo build could not be started")?;
    ensure!(status.success(), "the peer does not build");
    Ok(target.join("release/stream-limiter-on-redis"))
}

/// The peer and its Redis, with their log in `data`.
pub(super) fn peer(binary: &Path, data: &Path, durability: Durability) -> Result<Server> {
    std::fs::create_dir_all(data).with_context(|| format!("creating {}", data.display()))?;
    let redis_server = tools::program("redis-server", "redis-server")?;
    let redis_port = free_port()?;
    let mut command = Command::new(redis_server);
    command
        .args(["--bind", "127.0.0.1", "--port", &redis_port.to_string(), "--save", ""])
        .args(["--appendonly", "yes", "--appendfsync", durability.name(), "--dir"])
        .arg(data);
    let mut redis = Process::start(&mut command)?;
    redis.wait_for(redis_port)?;
    let port = free_port()?;
    let mut command = Command::new(binary);
    command.arg(format!("127.0.0.1:{port}")).arg(format!("redis://127.0.0.1:{redis_port}"));
    let mut service = Process::start(&mut command)?;
    service.wait_for_ok(port, "/health/live")?;
    Ok(Server { processes: vec![service, redis], port })
}
