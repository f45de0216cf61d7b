//! Programs of others, running for a test.

use std::ffi::OsString;
use std::io::{BufRead, BufReader, Read};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;

use tempfile::TempDir;

/// A running program. Ended when dropped.
pub(crate) struct Program {
    child: Child,
    /// Where it listens.
    pub(crate) origin: String,
    /// Its files, gone with it.
    _directory: TempDir,
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// A program to be started.
pub(crate) struct Launch {
    pub(crate) command: Command,
    pub(crate) origin: String,
    pub(crate) port: u16,
    pub(crate) directory: TempDir,
}

impl Launch {
    /// `program`, with a free port and a directory of its own.
    pub(crate) fn of(program: impl Into<OsString>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let mut command = Command::new(program.into());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let directory = tempfile::tempdir().expect("a directory");
        Self { command, origin: format!("http://127.0.0.1:{port}"), port, directory }
    }

    /// Starts it and waits until it says `ready`.
    pub(crate) async fn until(mut self, ready: &'static str) -> Program {
        let mut child = self.command.spawn().expect("the program starts");
        let (lines, said) = mpsc::channel();
        let out = child.stdout.take().map(|it| Box::new(it) as Box<dyn Read + Send>);
        let err = child.stderr.take().map(|it| Box::new(it) as Box<dyn Read + Send>);
        for output in [out, err].into_iter().flatten() {
            let lines = lines.clone();
            // Reads to the end: a program whose output nobody takes stops working.
            std::thread::spawn(move || {
                for line in BufReader::new(output).lines().map_while(Result::ok) {
                    // Shown when the test fails.
                    eprintln!("{line}");
                    drop(lines.send(line));
                }
            });
        }
        drop(lines);
        let waiting = move || {
            let mut told = String::new();
            for line in said {
                if line.contains(ready) {
                    return Ok(());
                }
                told = told + &line + "\n";
            }
            Err(told)
        };
        let is_ready = tokio::task::spawn_blocking(waiting).await.expect("the wait ends");
        is_ready.unwrap_or_else(|told| panic!("the program ended before it was ready:\n{told}"));
        Program { child, origin: self.origin, _directory: self.directory }
    }
}

/// A tool that `cargo xtask test` installed.
pub(crate) fn tool(variable: &str) -> OsString {
    std::env::var_os(variable)
        .filter(|value| !value.is_empty())
        .unwrap_or_else(|| panic!("{variable} is not set: run the tests with `cargo xtask test`"))
}

/// A file of `tests/third_party`.
pub(crate) fn ours(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/third_party").join(name)
}

/// Runs a program to its end.
async fn run(mut command: Command) {
    command.stdin(Stdio::null());
    // It may ask the server, which lives on this very thread.
    let output = tokio::task::spawn_blocking(move || command.output()).await;
    let output = output.expect("the wait ends").expect("the program starts");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{}\n{}", text(&output.stdout), text(&output.stderr));
}

/// Makes a key pair in `directory`; answers its certificate.
pub(crate) async fn key_pair(directory: &Path) -> String {
    let mut openssl = Command::new("openssl");
    openssl.current_dir(directory).args(["req", "-x509", "-new", "-newkey", "rsa:2048", "-nodes"]);
    openssl.args(["-subj", "/CN=provider", "-days", "2"]);
    openssl.args(["-keyout", "key.pem", "-out", "certificate.pem"]);
    run(openssl).await;
    std::fs::read_to_string(directory.join("certificate.pem")).expect("a certificate")
}
