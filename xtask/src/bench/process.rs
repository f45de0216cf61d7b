//! Processes that are measured: started on a port of their own, watched, ended when dropped.

use crate::run::now;
use anyhow::{Context as _, Result, bail};
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// How long a process may take until it accepts connections.
const READY_WITHIN: Duration = Duration::from_mins(2);

/// The kernel's unit of processor time, in microseconds.
const TICK_US: f64 = 10_000.0;

/// A running process.
pub(super) struct Process(Child);

impl Process {
    /// Starts `command`; what it prints is thrown away, complaints are shown.
    pub(super) fn start(command: &mut Command) -> Result<Self> {
        let name = command.get_program().to_string_lossy().into_owned();
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).spawn();
        child.map(Self).with_context(|| format!("{name} could not be started"))
    }

    /// Waits until something listens on `port`, and returns how long that took.
    pub(super) fn wait_for(&mut self, port: u16) -> Result<Duration> {
        self.wait_until(|| TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok())
    }

    /// Waits until `path` is answered 200 on `port`, and returns how long that took.
    pub(super) fn wait_for_ok(&mut self, port: u16, path: &str) -> Result<Duration> {
        self.wait_until(|| is_ok(port, path).unwrap_or(false))
    }

    #[expect(clippy::disallowed_methods, reason = "another process is waited for")]
    fn wait_until(&mut self, is_ready: impl Fn() -> bool) -> Result<Duration> {
        let began = now();
        while began.elapsed() < READY_WITHIN {
            if is_ready() {
                return Ok(began.elapsed());
            }
            if let Some(status) = self.0.try_wait()? {
                bail!("the process ended: {status}");
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        bail!("the process was not ready within {READY_WITHIN:?}")
    }

    /// Its id.
    pub(super) fn id(&self) -> u32 {
        self.0.id()
    }

    /// Processor time it has used, in microseconds.
    pub(super) fn cpu_us(&self) -> Result<f64> {
        let stat = self.proc("stat")?;
        let fields = stat.rsplit(") ").next().context("a line of /proc")?;
        let ticks = fields.split(' ').skip(11).take(2).map(str::parse::<f64>);
        Ok(ticks.sum::<Result<f64, _>>().context("processor time")? * TICK_US)
    }

    /// Memory it uses, in bytes.
    pub(super) fn resident_bytes(&self) -> Result<f64> {
        let status = self.proc("status")?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib = line.map(|line| line.trim().trim_end_matches(" kB").parse::<f64>());
        Ok(kib.context("no resident size")?.context("a resident size")? * 1024.0)
    }

    fn proc(&self, file: &str) -> Result<String> {
        let path = format!("/proc/{}/{file}", self.0.id());
        std::fs::read_to_string(&path).with_context(|| format!("reading {path}: Linux is needed"))
    }

    /// Ends it as a crash would.
    pub(super) fn kill(&mut self) {
        // Nothing can be done about a process that does not let itself be stopped.
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Processor time of all processes that this one waited for, in seconds.
pub(super) fn children_cpu_s() -> Result<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat").context("reading /proc/self/stat")?;
    let fields = stat.rsplit(") ").next().context("a line of /proc")?;
    let ticks = fields.split(' ').skip(13).take(2).map(str::parse::<f64>);
    Ok(ticks.sum::<Result<f64, _>>().context("processor time")? * TICK_US / 1e6)
}

/// The most memory that a process has used, in bytes.
pub(super) fn peak_bytes(process: u32) -> Result<f64> {
    let path = format!("/proc/{process}/status");
    let status = std::fs::read_to_string(&path).with_context(|| format!("reading {path}"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.map(|line| line.trim().trim_end_matches(" kB").parse::<f64>());
    Ok(kib.context("no peak")?.context("a size")? * 1024.0)
}

/// Whether a `GET` of `path` is answered 200.
fn is_ok(port: u16, path: &str) -> std::io::Result<bool> {
    let answer = answer_to(port, &format!("GET {path} HTTP/1.1\r\n"), "")?;
    Ok(answer.starts_with("HTTP/1.1 200 "))
}

/// The answer of the server on `port`, as HTTP/1.1 writes it, to a request of this `head` (lines with their
/// ends) and `body`.
pub(super) fn answer_to(port: u16, head: &str, body: &str) -> std::io::Result<String> {
    let mut connection = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    connection.set_read_timeout(Some(Duration::from_millis(200)))?;
    let length = body.len();
    write!(
        connection,
        "{head}Host: bench\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}"
    )?;
    let mut answer = String::new();
    connection.read_to_string(&mut answer)?;
    Ok(answer)
}

/// A port that is free now.
pub(super) fn free_port() -> Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("looking for a port")?;
    Ok(listener.local_addr()?.port())
}
