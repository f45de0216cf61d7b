//! Where things are: the repository, its files, the build directory and the tools directory.

use anyhow::{Context as _, Result};
use serde::Deserialize;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The checked-out repository.
pub(crate) struct Repo {
    /// Its root directory.
    pub(crate) root: PathBuf,
    /// What cargo knows about the workspace and everything it depends on.
    pub(crate) metadata: Metadata,
}

/// The part of `cargo metadata` that the chores read.
#[derive(Deserialize)]
pub(crate) struct Metadata {
    pub(crate) packages: Vec<Package>,
    pub(crate) workspace_members: BTreeSet<String>,
    pub(crate) target_directory: PathBuf,
}

/// One package, ours or a third party's.
#[derive(Deserialize)]
pub(crate) struct Package {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) license: Option<String>,
    pub(crate) source: Option<String>,
    pub(crate) manifest_path: PathBuf,
    pub(crate) dependencies: Vec<Dependency>,
}

/// One entry of a package's dependency tables.
#[derive(Deserialize)]
pub(crate) struct Dependency {
    pub(crate) name: String,
    /// `None` for a normal dependency, else `dev` or `build`.
    pub(crate) kind: Option<String>,
    #[serde(default)]
    pub(crate) optional: bool,
}

impl Repo {
    /// Finds the repository from the place of this crate's sources, as cargo tells it: a build directory that
    /// several clones share holds the binary of another one.
    pub(crate) fn find() -> Result<Self> {
        let sources = std::env::var_os("CARGO_MANIFEST_DIR").context("run it as `cargo xtask`")?;
        let root =
            Path::new(&sources).parent().context("xtask has no parent directory")?.to_path_buf();
        let output = Command::new("cargo")
            .args(["metadata", "--format-version", "1", "--locked", "--quiet"])
            .current_dir(&root)
            .output()
            .context("cargo metadata could not be started")?;
        anyhow::ensure!(
            output.status.success(),
            "cargo metadata failed; is Cargo.lock up to date?\n{}",
            String::from_utf8_lossy(&output.stderr).trim()
        );
        let metadata = serde_json::from_slice(&output.stdout).context("cargo metadata output")?;
        Ok(Self { root, metadata })
    }

    /// The contracts this product is written against, when they are checked out beside it.
    pub(crate) fn shared_spec(&self) -> Option<PathBuf> {
        let spec = self.root.parent()?.join("shared/spec");
        spec.is_dir().then_some(spec)
    }

    /// Where downloaded test tools live: outside the clone when the build directory is.
    pub(crate) fn tools_dir(&self) -> PathBuf {
        let target = &self.metadata.target_directory;
        match target.parent() {
            Some(parent) if !target.starts_with(&self.root) => parent.join("usher-tools"),
            _ => target.join("tools"),
        }
    }

    /// Our own packages, in the order of their names.
    pub(crate) fn members(&self) -> Vec<&Package> {
        let mut members: Vec<_> = self
            .metadata
            .packages
            .iter()
            .filter(|package| self.metadata.workspace_members.contains(&package.id))
            .collect();
        members.sort_by(|a, b| a.name.cmp(&b.name));
        members
    }

    /// Every file git tracks or would track, relative to the root, in a stable order.
    pub(crate) fn files(&self) -> Result<Vec<PathBuf>> {
        let output = Command::new("git")
            .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
            .current_dir(&self.root)
            .output()
            .context("git ls-files could not be started")?;
        anyhow::ensure!(output.status.success(), "git ls-files failed: is this a git clone?");
        let names = String::from_utf8(output.stdout).context("a file name is not UTF-8")?;
        let mut files: Vec<PathBuf> = names
            .split('\0')
            .filter(|name| !name.is_empty())
            .map(PathBuf::from)
            .filter(|path| self.root.join(path).is_file())
            .collect();
        files.sort();
        files.dedup();
        Ok(files)
    }

    /// The text of a file given relative to the root.
    pub(crate) fn read(&self, path: impl AsRef<Path>) -> Result<String> {
        let path = self.root.join(path);
        std::fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))
    }
}
