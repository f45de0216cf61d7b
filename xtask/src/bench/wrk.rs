//! Runs wrk with a script of `bench/` and reads its one line of results.

use anyhow::{Context as _, Result, bail, ensure};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;

/// One measurement.
#[derive(Clone, Copy)]
pub(super) struct Measured {
    pub(super) requests: f64,
    pub(super) per_second: f64,
    pub(super) p50_us: f64,
    pub(super) p99_us: f64,
}

/// One measurement, with the processor time of the server per request.
#[derive(Clone, Copy)]
pub(super) struct Cost {
    pub(super) load: Measured,
    pub(super) cpu_us: f64,
}

/// A load generator pointed at one server.
#[derive(Clone)]
pub(super) struct Load {
    /// The directory of the scripts.
    pub(super) home: PathBuf,
    /// The server's origin.
    pub(super) base: String,
    /// Length of a measurement.
    pub(super) seconds: u32,
    /// Connections kept open.
    pub(super) connections: u32,
    /// What the scripts need to know.
    pub(super) environment: BTreeMap<String, String>,
}

impl Load {
    /// [`Self::measure`], and what each request cost the server, whose processor time so far `cpu_us` tells.
    pub(super) fn cost(
        &self,
        profile: &str,
        status: u16,
        cpu_us: impl Fn() -> Result<f64>,
    ) -> Result<Cost> {
        let before = cpu_us()?;
        let load = self.measure(profile, status)?;
        Ok(Cost { load, cpu_us: (cpu_us()? - before) / load.requests })
    }

    /// Runs the load generator once. An answer with another status than `status` is an error.
    pub(super) fn measure(&self, profile: &str, status: u16) -> Result<Measured> {
        let output = Command::new("wrk")
            .args(["--threads", "1", "--connections", &self.connections.to_string()])
            .args(["--duration", &format!("{}s", self.seconds), "--script"])
            .arg(self.home.join(profile).with_extension("lua"))
            .arg(&self.base)
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
        Ok(Measured { requests, per_second: requests / duration_us * 1e6, p50_us, p99_us })
    }
}
