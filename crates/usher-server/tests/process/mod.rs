//! The built binary as a process of its own, for what only a process can show.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "helpers of tests fail the test like the tests themselves"
)]
#![allow(dead_code, reason = "every test binary uses a part of it")]
#![allow(clippy::allow_attributes, reason = "`expect` would fail in binaries that use all of it")]

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, ExitStatus, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// A running `usher demo`. Ended hard when dropped.
pub(crate) struct Usher {
    child: Child,
    arguments: Vec<String>,
    directory: TempDir,
    demo: Value,
}

impl Usher {
    /// Starts `usher demo` with `arguments` on a free port and a data directory of its own.
    pub(crate) fn demo(arguments: &[&str]) -> Self {
        let directory = TempDir::new().expect("a temporary directory");
        let arguments: Vec<String> = arguments.iter().map(|it| (*it).to_owned()).collect();
        let (child, demo) = launch(&arguments, &directory);
        Self { child, arguments, directory, demo }
    }

    /// Starts it again on the same data, after it ended.
    pub(crate) fn start_again(&mut self) {
        let (child, demo) = launch(&self.arguments, &self.directory);
        self.child = child;
        self.demo = demo;
    }

    /// Its origin.
    pub(crate) fn origin(&self) -> &str {
        self.demo["base_url"].as_str().expect("text")
    }

    /// The software statement of a registered application.
    pub(crate) fn statement(&self, application: &str) -> String {
        self.demo["software_statements"][application].as_str().unwrap_or_default().to_owned()
    }

    /// Its data directory.
    pub(crate) fn data_dir(&self) -> std::path::PathBuf {
        self.directory.path().to_owned()
    }

    /// `kill -9`, then waits until it is gone.
    pub(crate) fn kill(&mut self) {
        self.child.kill().expect("the process is there");
        self.child.wait().expect("the process ends");
    }

    /// Asks it to stop (SIGTERM).
    pub(crate) fn terminate(&self) {
        let status = Command::new("kill")
            .args(["-TERM", &self.child.id().to_string()])
            .status()
            .expect("kill runs");
        assert!(status.success());
    }

    /// Waits until it ended.
    pub(crate) fn wait(&mut self) -> ExitStatus {
        self.child.wait().expect("the process ends")
    }
}

impl Drop for Usher {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Starts the process and waits for its welcome, which it prints when it is ready.
fn launch(arguments: &[String], directory: &TempDir) -> (Child, Value) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_usher"))
        .args(["demo", "--listen", "127.0.0.1:0", "--data"])
        .arg(directory.path())
        .args(arguments)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("usher starts");
    let mut welcome = String::new();
    let mut lines = BufReader::new(child.stdout.take().expect("piped"));
    lines.read_line(&mut welcome).expect("usher prints");
    if welcome.is_empty() {
        let mut complaint = String::new();
        let errors = child.stderr.as_mut().expect("piped");
        errors.read_to_string(&mut complaint).expect("usher complains");
        panic!("usher did not become ready: {complaint}");
    }
    // Keeps the pipe open, so that printing never fails.
    child.stdout = Some(lines.into_inner());
    let demo = std::fs::read(directory.path().join("demo.json")).expect("demo.json is there");
    (child, serde_json::from_slice(&demo).expect("demo.json is JSON"))
}
