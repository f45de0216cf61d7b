//! The activity store alone, through its example `activity_at_scale`.

use crate::repo::Repo;
use anyhow::{Context as _, Result, ensure};
use std::path::Path;
use std::process::{Command, Stdio};

/// Fills a store, ends hard, opens it again; prints what the example measured.
pub(super) fn run(repo: &Repo, directory: &Path, streams: usize) -> Result<()> {
    println!("\nthe activity store alone");
    for action in [vec!["fill", "", &streams.to_string()], vec!["open", ""]] {
        let mut command = Command::new("cargo");
        command
            .args(["run", "--release", "--locked", "--quiet", "--package", "usher-store-local"])
            .args(["--example", "activity_at_scale", "--"])
            .args(action.iter().take(1))
            .arg(directory)
            .args(action.iter().skip(2))
            .current_dir(&repo.root)
            .stderr(Stdio::null());
        let output = command.output().context("cargo run could not be started")?;
        let text = String::from_utf8_lossy(&output.stdout);
        // `fill` ends as a crash would, so its status says nothing.
        ensure!(text.contains("text_bytes_per_stream"), "the example said: {text}");
        print!("{text}");
    }
    Ok(())
}
