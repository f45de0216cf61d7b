//! The server under load: a demo world of our own.

use crate::run::now;
use anyhow::{Context as _, Result, bail};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// How long the server may take to become ready.
const READY_WITHIN: Duration = Duration::from_secs(30);

/// A demo server of our own, stopped when dropped.
pub(super) struct Demo {
    process: Child,
    /// Its data directory, with `demo.json`.
    pub(super) data: PathBuf,
    /// Its origin.
    pub(super) base: String,
}

impl Demo {
    /// Starts `binary` on an empty data directory below `scratch`, without throttling.
    pub(super) fn start(binary: &Path, scratch: &Path) -> Result<Self> {
        let data = scratch.join("bench-data");
        if data.exists() {
            std::fs::remove_dir_all(&data).context("removing the data of the last bench")?;
        }
        Self::on(binary, data)
    }

    /// Starts `binary` on the data directory `data`, without throttling.
    pub(super) fn on(binary: &Path, data: PathBuf) -> Result<Self> {
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

    /// Its process.
    pub(super) fn id(&self) -> u32 {
        self.process.id()
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
